"""What is known of a reel as an object: its carrier, and the state in which it was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from archive.models import Reel, Scan
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
        ("Stock", element.stock),
        ("Generation", element.generation),
        ("Sound of the element", element.sound),
        ("Reel", reel.number),
    )
    for name, value in told:
        if value:
            yield name, str(value)


def condition(scan: Scan, scenes: Sequence[Scene]) -> Iterator[str]:
    """Warnings of the accession, then marks inside scenes by kind with their places."""
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
