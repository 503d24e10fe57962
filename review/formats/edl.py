"""CMX3600 edit decision lists, with source and record times on the scan's own timecode.

The adapter of OpenTimelineIO begins every record time at 00:00:00:00, takes 30000/1001 without
drop-frame for drop-frame, and refuses 16 and 18 frames a second; so the list is written here.
The form is that of the CMX3600 manual: an event number of three digits, a reel of at most eight
characters, four timecodes of which the outs are exclusive.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

from restoration.speech.transcript import unwritable
from review.formats.edition import rate_text
from review.formats.timeline import (
    UNTOLD,
    WHOLE_FRAMES,
    Gap,
    Part,
    Shot,
    Timeline,
    marked_span,
    marks,
    rate_base,
    reel_timecode,
)

CANNOT = (
    "more than 999 events: longer lists are split into several files",
    "the exact rate: its timecode counts whole frames, and a comment names the rate",
    "16, 18 and other rates of silent film as such: timecode then counts that many frames a "
    "second, which a system set to 24 or 25 reads as other times",
    WHOLE_FRAMES,
    "speeds to more than three decimals (M2): a comment names the exact rate",
    "where files lie, digests, pixels per label: comments name the file and the take",
    "letters beyond ASCII: they are written without accents, or as ?",
    "more than four sound tracks",
    "markers with a length: a locator stands at the first frame, its length in its text",
    UNTOLD,
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


def write_lists(folder: Path, timeline: Timeline) -> list[Path]:
    """Write `timeline.edl`, or `timeline-1.edl` and so on if there are more events than it holds.

    Raises: OSError.
    """
    events = list(_events(timeline))
    parts = [events[first : first + EVENTS] for first in range(0, len(events), EVENTS)]
    paths = []
    for number, part in enumerate(parts or [[]], start=1):
        several = len(parts) > 1
        path = folder / (f"timeline-{number}.edl" if several else "timeline.edl")
        title = f", part {number} of {len(parts)}" if several else ""
        path.write_text("\r\n".join(_lines(timeline, part, title)) + "\r\n", encoding="ascii")
        paths.append(path)
    return paths


Event = tuple[str, list[str]]
"""What follows the event's number, and its comments."""


def _events(timeline: Timeline) -> Iterator[Event]:
    for part in timeline.parts:
        if part.edition.scan.audio:
            yield _sound(timeline, part)
        for item in timeline.placed(part):
            yield _black(timeline, item) if isinstance(item, Gap) else _shot(timeline, part, item)


def _lines(timeline: Timeline, events: Iterable[Event], title: str) -> Iterator[str]:
    yield f"TITLE: {ascii_text(f'{timeline.name}{title}', 70)}"
    yield f"FCM: {'DROP FRAME' if timeline.is_drop_frame else 'NON-DROP FRAME'}"
    rate = timeline.rate
    yield f"* RATE: {rate_text(rate)} FRAMES A SECOND, TIMECODE COUNTS {rate_base(rate)}"
    yield f"* USE: {ascii_text(timeline.first.use, 60)}"
    for number, (event, comments) in enumerate(events, start=1):
        yield f"{number:03d}  {event}"
        yield from comments


def _event(
    timeline: Timeline, part: Part, channel: str, source: tuple[int, int], item: Shot | Gap | Part
) -> str:
    """Source times count as the reel does, record times as the list does."""
    of_reel = [reel_timecode(part.edition, frame) for frame in source]
    times = " ".join((*of_reel, *map(timeline.timecode, timeline.span(item))))
    return f"{part.edition.tape:<8} {channel:<4}  C        {times}"


def speed(rate: Fraction, timeline: Timeline) -> tuple[str, bool]:
    """Source frames a second as the list counts seconds, and whether its decimals say all of it.

    A list of 30000/1001 counts 30 a second, so that the tape's own speed is 30 there.
    """
    exact = rate / timeline.rate * rate_base(timeline.rate)
    text = f"{float(exact):05.1f}"
    if Fraction(text) != exact:
        text = f"{float(exact):07.3f}"
    return text, Fraction(text) == exact


def _motion(timeline: Timeline, part: Part, rate: Fraction, first: int) -> list[str]:
    """What follows an event whose source runs at another rate than the list."""
    if rate == timeline.rate:
        return []
    fast, is_exact = speed(rate, timeline)
    edition = part.edition
    counts = f"TIMECODE COUNTS {rate_base(part.rate)}"
    return [
        f"M2   {edition.tape:<8}       {fast}                {reel_timecode(edition, first)}",
        f"* SOURCE RATE: {rate_text(rate)} FRAMES A SECOND, {counts}"
        + ("" if is_exact else ", SPEED ROUNDED"),
    ]


def _shot(timeline: Timeline, part: Part, shot: Shot) -> Event:
    scene, take = shot.scene, shot.scene.take
    approved = f"BY {scene.approved_by}" if scene.decided else "NOT APPROVED"
    comments = [
        *_motion(timeline, part, shot.media.rate, shot.record),
        f"* FROM CLIP NAME: {timeline.called(part, shot)}",
        f"* SOURCE FILE: {ascii_text(shot.media.name, 60)}",
        f"* TAKE: {take.stage} {take.number}, {take.version}, MANIFEST {take.digest[:16]}",
        f"* APPROVAL: {ascii_text(approved, 60)}",
    ]
    for mark in marks(scene):
        begin, frames = marked_span(timeline, shot, mark)
        length = f" ({frames} frames)" if frames > 1 else ""
        at, colour = timeline.timecode(begin), COLOURS[mark.tone]
        comments.append(f"* LOC: {at} {colour:<7} {ascii_text(mark.name, 40)}{length}")
    # Source times are the scan's: the reel stands for the carrier, not for one of its files.
    source = (shot.record, shot.record + shot.frames)
    return _event(timeline, part, "V", source, shot), comments


def _black(timeline: Timeline, gap: Gap) -> Event:
    start, end = timeline.span(gap)
    zero = timeline.start_count
    spans = (-zero, end - start - zero, start, end)
    times = " ".join(timeline.timecode(frame) for frame in spans)
    return f"{'BL':<8} {'V':<4}  C        {times}", ["* GAP"]


def _sound(timeline: Timeline, part: Part) -> Event:
    """A scan's sound, whole: it is not cut into scenes."""
    scan = part.edition.scan
    tracks = len(scan.audio)
    comments = _motion(timeline, part, part.rate, 0)
    comments.append(f"* FROM CLIP NAME: Sound, {tracks} tracks")
    more = [str(number) for number in range(3, min(tracks, _ALL_SOUND) + 1)]
    comments += [f"AUD   {'    '.join(more)}"] if more else []
    channel = "A" if tracks == 1 else "AA"
    return _event(timeline, part, channel, (0, scan.frames), part), comments


def ascii_text(text: str, length: int) -> str:
    """Without accents and line breaks; what ASCII cannot write becomes "?"."""
    plain = unicodedata.normalize("NFKD", " ".join(text.split()).translate(_SPELT))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    written = "".join("?" if unwritable(letter) else letter for letter in bare)
    return written.encode("ascii", "replace").decode()[:length]
