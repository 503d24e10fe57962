"""What is this file? Known bytes, the record beside it, and whether its map holds.

Works on files that came back from outside: nothing is believed but digests and decoded pictures.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import Q

from archive import derived
from archive.fixity import scan_digest
from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.models import Reel, Scan
from restoration.mapfile import MapReader
from restoration.models import Take
from restoration.provenance import ProvenanceError, Totals
from restoration.recording import MAP, PICTURE
from restoration.verification import verify_take
from review.credentials import NONE, Reading
from review.formats import record as delivery_record
from review.formats.signed import read_beside
from review.models import Deliverable
from review.signing import trusted


@dataclass(slots=True)
class Finding:
    """What was found out about a file or folder."""

    path: Path
    sha256: str = ""
    known_as: list[str] = field(default_factory=list)
    """What the catalogue knows these bytes as."""
    recorded: str = ""
    """What the delivery record beside it says of it."""
    credentials: Reading = field(default_factory=lambda: Reading(NONE))
    """What its content credentials say, or those of the sidecar beside it that names it."""
    map_says: str = ""
    totals: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)
    """Everything that contradicts something; empty for a sound or simply unknown file."""

    def as_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "known_as": self.known_as,
            "record": self.recorded,
            "credentials": self.credentials.as_json(),
            "map": self.map_says,
            "totals": self.totals,
            "problems": self.problems,
        }


@dataclass(frozen=True, slots=True)
class Asker:
    """What somebody who asks may be told beside what the file itself says."""

    sees: Callable[[Reel], bool]
    """Reels that may be named; a file of another reel is as unknown as any."""
    is_staff: Callable[[Reel], bool]
    """Whether reasons and names of the house's own people may be told."""


def verify(path: Path, *, decode: bool = True, asker: Asker | None = None) -> Finding:
    """Find out what a file (or a folder of numbered frames) is.

    Args:
        decode: count a map and hold it against the scan; else nothing is decoded, which is for
            files of strangers.
        asker: who asks; None: somebody at the machine itself, who is told everything.
    Raises: OSError, MediaError if it cannot be read at all.
    """
    finding = Finding(path, sha256=scan_digest(path))
    scan = _recognise(finding, asker or Asker(sees=lambda reel: True, is_staff=lambda reel: True))
    record = _record_beside(path)
    if record is not None:
        _check_record(finding, record)
        scan = scan or Scan.objects.filter(sha256=record["scan"]["sha256"]).first()
    finding.credentials = read_beside(path, finding.sha256, trusted=trusted())
    finding.problems += finding.credentials.problems
    if decode:
        _check_map(finding, scan)
    return finding


def _recognise(finding: Finding, asker: Asker) -> Scan | None:
    """Look the digest up among scans, takes and deliverables; give back the scan behind it."""
    scan = Scan.objects.filter(sha256=finding.sha256).select_related("reel").first()
    if scan is not None and not asker.sees(scan.reel):
        scan = None
    if scan is not None:
        finding.known_as.append(f"scan {scan.pk} of {scan.reel}")
    behind = scan
    for name in (PICTURE, MAP):
        for take in Take.objects.filter(
            manifest__files__contains={name: {"sha256": finding.sha256}}
        ).select_related("scan__reel"):
            if not asker.sees(take.scan.reel):
                continue
            what = "picture" if name == PICTURE else "map"
            finding.known_as.append(f"{what} of {take} of {take.scan.reel}")
            behind = behind or take.scan
    these = [{"sha256": finding.sha256}]
    found = Deliverable.objects.filter(
        Q(files__contains=these) | Q(record__contents__contains=these)
    )
    for deliverable in found.select_related("reel__element__title", "scan", "withdrawal__by"):
        if not asker.sees(deliverable.reel):
            continue
        name = _name_in(deliverable, finding.sha256)
        finding.known_as.append(
            f"{name} of deliverable {deliverable.pk} ({deliverable.format} for {deliverable.use}) "
            f"of {deliverable.reel}, {deliverable.at:%Y-%m-%d}"
        )
        if gone := deliverable.unavailable:
            words = (
                gone
                if asker.is_staff(deliverable.reel)
                else "it may no longer be used; ask the archive why"
            )
            finding.problems.append(f"deliverable {deliverable.pk}: {words}")
        behind = behind or deliverable.scan
    return behind


def _name_in(deliverable: Deliverable, sha256: str) -> str:
    """What the bytes are called there; a package's row lists the package, its record the rest."""
    for file in deliverable.files:
        if file["sha256"] == sha256:
            return str(file["name"])
    packed = next(file for file in deliverable.record["contents"] if file["sha256"] == sha256)
    return f"{packed['name']} in the package"


def _record_beside(path: Path) -> dict[str, Any] | None:
    place = path.parent / delivery_record.NAME
    if not place.is_file():
        return None
    try:
        record = json.loads(place.read_text())
    except (ValueError, OSError):
        return None
    is_ours = isinstance(record, dict) and record.get("schema") == delivery_record.SCHEMA
    return record if is_ours else None


def _check_record(finding: Finding, record: dict[str, Any]) -> None:
    if finding.path.name == delivery_record.NAME:
        finding.recorded = f"the record of {record['title']}, {record['reel']}, for {record['use']}"
        return
    entry = next((f for f in record["files"] if f["name"] == finding.path.name), None)
    if entry is None:
        finding.recorded = "the record beside it does not name it"
        finding.problems.append(
            f"{finding.path.name} is not among the files of the record beside it"
        )
    elif entry["sha256"] == finding.sha256:
        finding.recorded = (
            f"{record['title']}, {record['reel']}, delivered for {record['use']} on "
            f"{record['made'][:10]} by {record['by']}"
        )
    else:
        finding.recorded = "the record beside it has another digest"
        finding.problems.append(
            f"{finding.path.name} was changed after it was delivered: the record has "
            f"{entry['sha256'][:12]}, these bytes are {finding.sha256[:12]}"
        )


def _check_map(finding: Finding, scan: Scan | None) -> None:
    """Count the map, and hold it against the scan where that is at hand."""
    own = _counted_map(finding.path) if finding.path.is_file() else None
    if own is not None:
        finding.map_says = f"a provenance map of {own[0]} frames"
        finding.totals = own[1].as_json()
        return
    beside = finding.path.parent / MAP
    holds_pictures = finding.path.suffix == ".mkv" or finding.path.is_dir()
    if not beside.is_file() or not holds_pictures:
        return
    counted = _counted_map(beside)
    if counted is None:
        finding.problems.append(f"{beside.name} beside it is no provenance map, or is damaged")
        return
    finding.totals = counted[1].as_json()
    finding.map_says = f"{beside.name} beside it speaks of {counted[0]} frames"
    if scan is None:
        finding.map_says += "; its scan is not in this catalogue, so it was not held against it"
        return
    _hold_gate(finding, scan, beside)


def _counted_map(path: Path) -> tuple[int, Totals] | None:
    """Frames and totals; None for a file that is no map: a grey picture has the same streams."""
    try:
        maps = MapReader(path)
        return len(maps), maps.totals()
    except (ProvenanceError, OSError, MediaError):
        return None


def _hold_gate(finding: Finding, scan: Scan, beside: Path) -> None:
    start = _start_frame(finding.sha256)
    table = derived.tables(scan) / derived.FRAMES
    try:
        with open_source(
            Path(scan.path),
            rate=scan.rate,
            table=FrameTable.load(table) if table.is_file() else None,
        ) as source:
            violations = verify_take(source, finding.path, beside, start, rate=scan.rate)
    except MediaError as error:
        finding.problems.append(f"the scan could not be read for comparison: {error}")
        return
    finding.problems += violations
    if not violations:
        finding.map_says += ", and every ORIGINAL pixel has the scan's code value"


def _start_frame(sha256: str) -> int:
    """The scan's frame at which a take's picture begins; 0 for a whole reel."""
    take = Take.objects.filter(manifest__files__contains={PICTURE: {"sha256": sha256}}).first()
    return take.start_frame if take is not None else 0
