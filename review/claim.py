"""What content credentials say of a reel that leaves, as a C2PA manifest. PURE.

Nobody types any of it: digital source types follow from the labels of the maps, by what each stage
added. C2PA 2.1, sections 18 (assertions) and 18.14 (actions); IPTC NewsCodes, digitalsourcetype.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from restoration.provenance.labels import Label
from review.areas import Box
from review.formats.additions import Addition
from review.formats.edition import (
    COPIED,
    HAND,
    MACHINE,
    Cue,
    Edition,
    EditionScene,
    Treatment,
    rate_text,
)
from review.frame_ranges import listed

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MOST_REGIONS = 100
"""Of one action; what goes beyond stands in record.json."""
APPROVALS, PROVENANCE = "org.reelproof.approvals", "org.reelproof.provenance"
_WORDS = {MACHINE: "made by a machine", HAND: "entered by a person", COPIED: "from other frames"}
_PLANES = {"structure": "picture", "colour": "colour"}
_ENCODED = "coded anew, with loss: its pictures approximate those of the takes"
_SET = "set for reading: on the left the take, on the right the same under its map, below a legend"
_ACTIONS = {"colourise": "c2pa.color_adjustments", "grade": "c2pa.color_adjustments",
            "upscale": "c2pa.resized"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """Where in the picture something was made."""

    boxes: Mapping[tuple[int, int, str, str], tuple[Box, ...]] = field(default_factory=dict)
    """By first frame, the first after the last, plane and kind of a cue."""
    frame: int | None = None
    """The frame of the scan that a still shows; None: the file is the film."""


NOWHERE = Places()


class NotApproved(Exception):
    """Something in it is not approved; it leaves, if at all, without credentials."""


def require_approved(edition: Edition) -> None:
    """Every scene leaves with the very take that a person approved.

    Raises: NotApproved naming the scenes.
    """
    left = [
        scene.number
        for scene in edition.scenes
        if scene.decision is None or scene.unapproved or scene.decision.digest != scene.take.digest
    ]
    if left or not edition.scenes:
        raise NotApproved(f"scene {listed(left)} is not approved")


def make_claim(
    edition: Edition,
    *,
    name: str,
    format: str,
    digests: Mapping[str, str],
    when: str,
    version: str,
    transcoded: bool,
    additions: Sequence[Addition] = (),
    places: Places = NOWHERE,
) -> dict[str, Any]:
    """The manifest of a file of that name.

    Args:
        format: its media type.
        digests: SHA-256 of files that leave beside it and that it speaks for, by their names.
        when: ISO 8601.
        version: of this software.
        transcoded: its pictures are an encoder's approximation of the takes.
        additions: what it shows beside the takes' pictures.
        places: where in the picture something was made; of a still what its frame shows alone.
    Raises: NotApproved.
    """
    require_approved(edition)
    actions: list[dict[str, Any]] = [
        {
            "action": "c2pa.opened",
            "description": "the scan, as it was taken into custody",
            "parameters": {"ingredientIds": ["scan"]},
        },
        *_stage_actions(edition, places),
        *(_addition(each) for each in additions),
    ]
    if transcoded:
        # An encoder invents nothing: what is in it stays of the kind that the stages made it.
        said = _ENCODED if places.frame is None else _SET
        actions.append({"action": "c2pa.transcoded", "when": when, "description": said})
    return {
        "claim_generator_info": [{"name": "Reelproof", "version": version}],
        "title": name,
        "format": format,
        "ingredients": list(_ingredients(edition, digests)),
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": APPROVALS, "data": {"scenes": [_approval(each) for each in edition.scenes]}},
            {"label": PROVENANCE, "data": _provenance(edition)},
        ],
    }


def source_type(kinds: Iterable[tuple[str, bool]]) -> str:
    """The IPTC term for what a stage did, from the strongest of what it added.

    Args:
        kinds: MACHINE, HAND or COPIED, each with whether a network took part.
    """
    found = set(kinds)
    if (MACHINE, True) in found:
        return f"{IPTC}compositeWithTrainedAlgorithmicMedia"
    if (MACHINE, False) in found:
        return f"{IPTC}compositeSynthetic"
    if any(kind == HAND for kind, _ in found):
        return f"{IPTC}humanEdits"
    if found:  # picture of the film's own other frames
        return f"{IPTC}compositeCapture"
    return f"{IPTC}algorithmicallyEnhanced"


def _stage_actions(edition: Edition, places: Places) -> Iterator[dict[str, Any]]:
    """One action for each stage, in the order in which scenes first went through it."""
    cues: dict[str, list[Cue]] = {}
    ran: dict[str, list[Treatment]] = {}
    for scene in edition.scenes:
        if places.frame is not None and not scene.start_frame <= places.frame < scene.end_frame:
            continue
        for each in scene.take.treatments:
            cues.setdefault(each.stage, [])
            ran.setdefault(each.stage, []).append(each)
        for cue in scene.cues:
            if places.frame is None or _boxes(cue, places):
                cues.setdefault(cue.stage, []).append(cue)
    for stage, made in cues.items():
        yield _stage_action(stage, ran.get(stage, []), made, places)


def _boxes(cue: Cue, places: Places) -> tuple[Box, ...]:
    return places.boxes.get((cue.start_frame, cue.end_frame, cue.plane, cue.kind), ())


def _stage_action(
    stage: str, ran: list[Treatment], made: list[Cue], places: Places
) -> dict[str, Any]:
    """A stage that added nothing ran all the same, with a version and perhaps a network."""
    used: list[Treatment | Cue] = [*ran, *made]
    models = sorted({model for each in used for model in each.models})
    versions = sorted({each.version for each in used if each.version})
    agent = {"name": f"Reelproof {stage}"}
    agent |= {"version": ", ".join(versions)} if versions else {}
    words = sorted({f"{_PLANES[cue.plane]} {_WORDS[cue.kind]}" for cue in made})
    action: dict[str, Any] = {
        "action": _ACTIONS.get(stage, "c2pa.edited"),
        "softwareAgent": agent,
        "digitalSourceType": source_type((cue.kind, bool(cue.models)) for cue in made),
        "description": f"{stage}: {', '.join(words) or 'adjusted, nothing added'}",
    }
    if models:
        action["parameters"] = {"org.reelproof.weights": models}
    if made:
        still = places.frame is not None
        action["changes"] = list(_in_still(made, places) if still else _regions(made, places))
    return action


def _addition(added: Addition) -> dict[str, Any]:
    term = "humanEdits" if added.label is Label.HUMAN else "compositeWithTrainedAlgorithmicMedia"
    return {
        "action": "c2pa.edited",
        "softwareAgent": {"name": "Reelproof delivery"},
        "digitalSourceType": f"{IPTC}{term}",
        "description": added.words,
    }


def _regions(made: list[Cue], places: Places) -> Iterator[dict[str, Any]]:
    """Stretches of frames of the whole film, the last frame included, each with its areas.

    A region is of one area: ranges of several kinds in one region mean where they meet.
    """
    for cue in made[:MOST_REGIONS]:
        frames = {"start": cue.start_frame, "end": cue.end_frame - 1}
        span = {"type": "frame", "frame": frames}
        words = f"{_PLANES[cue.plane]} {_WORDS[cue.kind]}, at most {cue.most:.6f} of a frame"
        areas: list[list[dict[str, Any]]] = [[_area(box)] for box in _boxes(cue, places)]
        yield from ({"description": words, "region": [span, *area]} for area in areas or [[]])
    if len(made) > MOST_REGIONS:
        rest = made[MOST_REGIONS:]
        frames = {"start": rest[0].start_frame, "end": max(cue.end_frame for cue in rest) - 1}
        yield {
            "description": f"{len(rest)} more stretches within these frames; see record.json",
            "region": [{"type": "frame", "frame": frames}],
        }


def _in_still(made: list[Cue], places: Places) -> Iterator[dict[str, Any]]:
    """Areas of the one frame that the file shows."""
    for cue in made:
        words = f"{_PLANES[cue.plane]} {_WORDS[cue.kind]}, in frame {places.frame} of the scan"
        yield from ({"description": words, "region": [_area(box)]} for box in _boxes(cue, places))


def _area(box: Box) -> dict[str, Any]:
    """Pixels from the picture's upper left corner (C2PA 2.1, regions of interest)."""
    return {
        "type": "spatial",
        "shape": {
            "type": "rectangle",
            "unit": "pixel",
            "origin": {"x": box.left, "y": box.top},
            "width": box.right - box.left,
            "height": box.bottom - box.top,
            "inside": True,
        },
    }


def _ingredients(edition: Edition, digests: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    scan = edition.scan
    yield _ingredient("scan", scan.path.name, scan.sha256, "parentOf")
    for name, sha256 in digests.items():
        yield _ingredient(name, name, sha256, "inputTo")


def _ingredient(label: str, title: str, sha256: str, relationship: str) -> dict[str, Any]:
    return {
        "label": label,
        "title": title,
        "format": "application/octet-stream",
        "instance_id": f"urn:sha256:{sha256}",
        "relationship": relationship,
        "description": f"SHA-256 {sha256}",
    }


def _approval(scene: EditionScene) -> dict[str, Any]:
    return {
        "scene": scene.number,
        # Two numbers by name: a list of small ones would be read back as bytes.
        "first_frame": scene.start_frame,
        "last_frame": scene.end_frame - 1,
        "take_manifest_sha256": scene.take.digest,
        "map_sha256": scene.take.provenance_sha256,
        "approved": [{"by": each.by, "at": each.at} for each in scene.decided],
    }


def _provenance(edition: Edition) -> dict[str, Any]:
    """Pixels by label, and the rules that it left under."""
    return {
        "use": edition.use,
        "version": edition.version,
        "rate": rate_text(edition.scan.rate),
        "scan_sha256": edition.scan.sha256,
        "totals": edition.totals.as_json(),
        "policy_sha256": edition.policy.get("policy_sha256", ""),
        "override": edition.policy.get("override") or {},
    }
