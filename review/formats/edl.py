"""CMX3600 edit decision lists, with source and record times on the scan's own timecode.

The adapter of OpenTimelineIO begins every record time at 00:00:00:00, takes 30000/1001 without
drop-frame for drop-frame, and refuses 16 and 18 frames a second; so the list is written here.
The form is that of the CMX3600 manual: an event number of three digits, a reel of at most eight
characters, four timecodes of which the outs are exclusive.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from restoration.speech.transcript import unwritable
from review.formats.edition import Edition, rate_text
from review.formats.timeline import (
    Gap,
    Master,
    Shot,
    is_drop_frame,
    marks,
    rate_base,
    reel_timecode,
    shots,
)

CANNOT = (
    "more than 999 events: longer lists are split into several files",
    "the exact rate: its timecode counts whole frames, and a comment names the rate",
    "16, 18 and other rates of silent film as such: timecode then counts that many frames a "
    "second, which a system set to 24 or 25 reads as other times",
    "where files lie, digests, pixels per label: comments name the file and the take",
    "letters beyond ASCII: they are written without accents, or as ?",
    "more than four sound tracks",
    "markers with a length: a locator stands at the first frame, its length in its text",
    "the lines of the transcript",
)
EVENTS = 999
"""In one list; the number has three digits."""
COLOURS = {"open": "RED", "resolved": "GREEN", "made": "MAGENTA"}
_ALL_SOUND = 4
_SPELT = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "œ": "oe"}
    | dict.fromkeys("\u2013\u2014", "-")
    | dict.fromkeys("\u2018\u2019", "'")
    | dict.fromkeys("\u201c\u201d\u201e", '"')
)
"""Letters and marks that have no accent to lose."""


def write_lists(folder: Path, edition: Edition, *, master: Master | None = None) -> list[Path]:
    """Write `timeline.edl`, or `timeline-1.edl` and so on if there are more events than it holds.

    Raises: DeliveryError if the scenes have no place on one timeline; OSError.
    """
    events = list(_events(edition, master))
    parts = [events[first : first + EVENTS] for first in range(0, len(events), EVENTS)]
    paths = []
    for number, part in enumerate(parts or [[]], start=1):
        several = len(parts) > 1
        path = folder / (f"timeline-{number}.edl" if several else "timeline.edl")
        title = f", part {number} of {len(parts)}" if several else ""
        path.write_text("\r\n".join(_lines(edition, part, title)) + "\r\n", encoding="ascii")
        paths.append(path)
    return paths


Event = tuple[str, list[str]]
"""What follows the event's number, and its comments."""


def _events(edition: Edition, master: Master | None) -> Iterator[Event]:
    if edition.scan.audio:
        yield _sound(edition)
    for item in shots(edition, master):
        yield _black(edition, item) if isinstance(item, Gap) else _shot(edition, item)


def _lines(edition: Edition, events: Iterable[Event], title: str) -> Iterator[str]:
    yield f"TITLE: {ascii_text(f'{edition.title}, {edition.reel}{title}', 70)}"
    yield f"FCM: {'DROP FRAME' if is_drop_frame(edition) else 'NON-DROP FRAME'}"
    rate = edition.scan.rate
    yield f"* RATE: {rate_text(rate)} FRAMES A SECOND, TIMECODE COUNTS {rate_base(rate)}"
    yield f"* USE: {ascii_text(edition.use, 60)}"
    for number, (event, comments) in enumerate(events, start=1):
        yield f"{number:03d}  {event}"
        yield from comments


def _event(edition: Edition, reel: str, channel: str, source: int, item: Shot | Gap) -> str:
    start, end = item.record, item.record + item.frames
    spans = (source, source + item.frames, start, end)
    times = " ".join(reel_timecode(edition, frame) for frame in spans)
    return f"{reel:<8} {channel:<4}  C        {times}"


def _shot(edition: Edition, shot: Shot) -> Event:
    scene, take = shot.scene, shot.scene.take
    approved = f"BY {scene.decision.by}" if scene.decision else "NOT APPROVED"
    comments = [
        f"* FROM CLIP NAME: {shot.name}",
        f"* SOURCE FILE: {ascii_text(shot.media.name, 60)}",
        f"* TAKE: {take.stage} {take.number}, {take.version}, MANIFEST {take.digest[:16]}",
        f"* APPROVAL: {ascii_text(approved, 60)}",
    ]
    for mark in marks(scene):
        length = f" ({mark.frames} frames)" if mark.frames > 1 else ""
        at, colour = reel_timecode(edition, mark.start), COLOURS[mark.tone]
        comments.append(f"* LOC: {at} {colour:<7} {ascii_text(mark.name, 40)}{length}")
    # Source times are the scan's: the reel stands for the carrier, not for one of its files.
    return _event(edition, edition.tape, "V", shot.record, shot), comments


def _black(edition: Edition, gap: Gap) -> Event:
    start, end = gap.record, gap.record + gap.frames
    zero = edition.scan.start_count
    times = " ".join(
        reel_timecode(edition, frame) for frame in (-zero, gap.frames - zero, start, end)
    )
    return f"{'BL':<8} {'V':<4}  C        {times}", ["* GAP"]


def _sound(edition: Edition) -> Event:
    """The scan's sound, whole: it is not cut into scenes."""
    tracks = len(edition.scan.audio)
    whole = Gap(0, edition.scan.frames)
    comments = [f"* FROM CLIP NAME: Sound, {tracks} tracks"]
    more = [str(number) for number in range(3, min(tracks, _ALL_SOUND) + 1)]
    comments += [f"AUD   {'    '.join(more)}"] if more else []
    return _event(edition, edition.tape, "A" if tracks == 1 else "AA", 0, whole), comments


def ascii_text(text: str, length: int) -> str:
    """Without accents and line breaks; what ASCII cannot write becomes "?"."""
    plain = unicodedata.normalize("NFKD", " ".join(text.split()).translate(_SPELT))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    written = "".join("?" if unwritable(letter) else letter for letter in bare)
    return written.encode("ascii", "replace").decode()[:length]
