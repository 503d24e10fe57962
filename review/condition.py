"""What is known of a reel as an object: its carrier, and the state in which it was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from archive.models import ConditionReport, Reel, Scan
from archive.timecode import timecode
from restoration.models import Scene

MOST_PLACES = 8
"""Named of one kind of mark; the rest is counted."""


def carrier(reel: Reel) -> Iterator[tuple[str, str]]:
    """Facts of the catalogue that are filled in."""
    title, element = reel.title, reel.element
    told = (
        ("Title", title.name),
        ("Year", title.year),
        ("Country", title.country),
        ("Collection", title.collection),
        ("Element", element.name),
        ("Gauge", element.gauge),
        ("Base", element.base),
        ("Stock", element.stock),
        ("Edge code", element.edge_code),
        ("Generation", element.generation),
        ("Colour of the element", element.colour),
        ("Tint and tone", element.tint),
        ("Sound of the element", element.sound),
        ("Aspect ratio", element.aspect),
        ("Running speed", element.running_speed),
        ("Reel", reel.number),
        ("Footage", reel.footage),
    )
    for name, value in told:
        if value:
            yield name, str(value)


def condition(scan: Scan, scenes: Sequence[Scene]) -> Iterator[str]:
    """Examinations of the carrier, warnings of the accession, marks inside scenes by kind."""
    yield from (_examined(each) for each in scan.reel.conditions.prefetch_related("faults"))
    yield from scan.warnings
    found: dict[str, list[int]] = defaultdict(list)
    for scene in scenes:
        for mark in scene.marks:
            found[str(mark.get("kind", "mark"))].append(int(mark["frame"]))
    for kind, frames in sorted(found.items()):
        places = [
            f"{timecode(frame, scan.rate, scan.start_timecode)} (frame {frame})"
            for frame in sorted(frames)[:MOST_PLACES]
        ]
        more = f" and {len(frames) - MOST_PLACES} more" if len(frames) > MOST_PLACES else ""
        yield f"{kind}: {len(frames)}, at {', '.join(places)}{more}, as the detection found them"


def _examined(report: ConditionReport) -> str:
    """One examination in a sentence, the gravest fault first."""
    measured = []
    if report.shrinkage is not None:
        measured.append(f"shrinkage {report.shrinkage}\u00a0%")
    if report.acidity is not None:
        measured.append(f"A-D strips {report.acidity}")
    faults = [
        f"{fault.kind}, {fault.get_grade_display()}{f' ({fault.where})' if fault.where else ''}"
        for fault in report.faults.all()
    ]
    told = "; ".join([*measured, *faults]) or "no fault was found"
    note = f". {report.note}" if report.note else ""
    return f"Examined on {report.on} by {report.examined_by}: {told}{note}"
