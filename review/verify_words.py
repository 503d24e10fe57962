"""What was found out about a file, in lines: the command and the page say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from review.credentials import Reading
from review.shares import shares
from review.verifying import Finding


def lines_of(finding: Finding) -> list[str]:
    """A line for each thing that was found out, its name in the first column."""
    lines = [f"  {name:<8} {words}" for name, words in rows_of(finding)]
    return [printable(str(finding.path)), *lines]


def rows_of(finding: Finding) -> list[tuple[str, str]]:
    """Name and words of each thing that was found out."""
    rows = [("sha256", finding.sha256)]
    known = finding.known_as or ["nothing that this catalogue holds or delivered"]
    rows += [("is", text) for text in known]
    if finding.recorded:
        rows.append(("record", finding.recorded))
    rows += _credentials(finding.credentials)
    if finding.map_says:
        rows.append(("map", finding.map_says))
    if finding.totals is not None:
        rows.append(("pixels", _shares(finding.totals)))
    return [*rows, *(("PROBLEM", problem) for problem in finding.problems)]


_STATES = {
    "trusted": "whole, and signed by an authority that this installation trusts",
    "valid": "whole, signed by somebody whom this installation does not know",
    "invalid": "INVALID: the file is not as it was signed",
}


def _credentials(found: Reading) -> list[tuple[str, str]]:
    """What the file says of itself under a signature; nothing where it has none."""
    if found.state == "none":
        return []
    rows = [("signed", f"{_STATES[found.state]}; {found.signer or 'nobody can be named'}")]
    rows += [("from", f"{name} {sha256}") for name, sha256 in found.ingredients]
    rows += _left_for(found.provenance)
    for action in found.actions:
        kind = str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1]
        words = action.get("description") or action["action"]
        rows.append(("done", f"{words}{f' ({kind})' if kind else ''}"))
    for scene in found.approvals:
        who = ", ".join(f"{each['by']} on {each['at'][:10]}" for each in scene["approved"])
        place = f"scene {scene['scene']}, frames {scene['first_frame']} to {scene['last_frame']}"
        rows.append(("approved", f"{place}: {who}"))
    return [(name, printable(words)) for name, words in rows]


def _left_for(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The use, what was overridden for it, and the takes' pixels by label."""
    if not told:
        return []
    rows = [("for", f"{told['use']}, {told['version']}")]
    if override := told["override"]:
        rules = "; ".join(override["rules"])
        rows.append(("against", f"{rules}, by {override['by']}: {override['reason']}"))
    return [*rows, ("takes", _shares(told["totals"]))]


def printable(line: str) -> str:
    """Without signs that move a terminal's cursor: a file's words are its signer's, not ours."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in line)


def _shares(totals: dict[str, Any]) -> str:
    """Both planes, each with the labels that occur."""
    planes = (("picture", "structure"), ("colour", "colour"))
    return "; ".join(f"{word}: {_plane(totals, plane)}" for word, plane in planes)


def _plane(totals: dict[str, Any], plane: str) -> str:
    found = (f"{each.label} {each.percent}" for each in shares(totals, plane))
    return ", ".join(found).replace("\N{NO-BREAK SPACE}", " ") or "nothing"
