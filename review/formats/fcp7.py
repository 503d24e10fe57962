"""Final Cut Pro 7 XML (xmeml 5), which Premiere, Resolve and Media Composer's tools read.

The adapter of OpenTimelineIO calls drop-frame timecode NDF and writes another time for it, and
refuses 16 and 18 frames a second; so it is written here. Positions are whole frames: `start` and
`end` in the sequence at its rate, `in` and `out` in the file at the file's, which is the clip's.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from review.formats.characters import legal_tree
from review.formats.timeline import (
    UNTOLD,
    WHOLE_FRAMES,
    Media,
    Part,
    Shot,
    Timeline,
    is_drop,
    marks,
    rate_base,
    sound_media,
)

Element = ElementTree.Element
CANNOT = (
    "rates that are neither whole nor a whole number times 1000/1001, such as 50/3: the nearest "
    "whole number is written",
    WHOLE_FRAMES,
    "alternative media: a clip has one file, the master or the take",
    "approvals, pixels per label and digests as such: a clip's comments name take and approver",
    "pixels that are not square: their shape is left out",
    "the colour of a marker by its kind in every reader",
    UNTOLD,
    "the lines of the transcript",
)


def write_xml(path: Path, timeline: Timeline) -> None:
    """Write the timeline. Raises: OSError."""
    root = ElementTree.Element("xmeml", version="5")
    root.append(_sequence(timeline))
    ElementTree.indent(legal_tree(root))
    body = ElementTree.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{body}\n')


def _add(parent: Element, tag: str, text: object = None) -> Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = None if text is None else str(text)
    return child


def _rate(parent: Element, rate: Fraction) -> None:
    element = _add(parent, "rate")
    _add(element, "timebase", rate_base(rate))
    _add(element, "ntsc", "TRUE" if rate.denominator == 1001 else "FALSE")


def _timecode(parent: Element, rate: Fraction, text: str, frame: int, *, drop: bool) -> None:
    element = _add(parent, "timecode")
    _rate(element, rate)
    _add(element, "string", text)
    _add(element, "frame", frame)
    _add(element, "displayformat", "DF" if drop else "NDF")


def _sequence(timeline: Timeline) -> Element:
    sequence = ElementTree.Element("sequence", id="sequence-1")
    _add(sequence, "name", timeline.name)
    _add(sequence, "duration", timeline.frames)
    _rate(sequence, timeline.rate)
    drop = timeline.is_drop_frame
    first = timeline.timecode(0)
    _timecode(sequence, timeline.rate, first, timeline.start_count, drop=drop)
    media = _add(sequence, "media")
    video = _add(media, "video")
    _characteristics(_add(video, "format"), timeline.parts[0], timeline.rate)
    track, known = _add(video, "track"), dict[str, str]()
    for part, item in timeline.whole:
        if isinstance(item, Shot):  # a gap is where no clip stands
            track.append(_clip(timeline, part, item, known))
    audio = _add(media, "audio")
    for number in range(1, timeline.tracks + 1):
        track = _add(audio, "track")
        for part in timeline.parts:
            if number <= len(part.edition.scan.audio):
                track.append(_sound(timeline, part, number, known))
    return sequence


def _characteristics(parent: Element, part: Part, rate: Fraction) -> None:
    element = _add(parent, "samplecharacteristics")
    _rate(element, rate)
    form = part.edition.form
    _add(element, "width", form.width)
    _add(element, "height", form.height)
    if form.sample_aspect == 1:
        _add(element, "pixelaspectratio", "square")


def _clip(timeline: Timeline, part: Part, shot: Shot, known: dict[str, str]) -> Element:
    key = timeline.key(part, f"scene-{shot.scene.number}")
    clip = _item(key, timeline.called(part, shot), shot.media)
    _span(clip, timeline.span(shot), (shot.at, shot.at + shot.frames))
    clip.append(_file(part, shot.media, known))
    for mark in marks(shot.scene):
        marker, first = _add(clip, "marker"), mark.start - shot.record + shot.at
        _add(marker, "name", mark.name)
        _add(marker, "comment", mark.text)
        _add(marker, "in", first)
        _add(marker, "out", first + mark.frames if mark.frames > 1 else -1)
    comments, take = _add(clip, "comments"), shot.scene.take
    people = shot.scene.approved_by
    _add(comments, "mastercomment1", f"{take.stage} take {take.number}, {take.version}")
    approved = f"approved by {people}" if people else "not approved"
    _add(comments, "mastercomment2", approved)
    _add(comments, "mastercomment3", f"take {take.digest}")
    return clip


def _item(key: str, name: str, media: Media) -> Element:
    clip = ElementTree.Element("clipitem", id=key)
    _add(clip, "name", name)
    _add(clip, "enabled", "TRUE")
    _add(clip, "duration", media.frames)
    _rate(clip, media.rate)
    return clip


def _span(clip: Element, record: tuple[int, int], source: tuple[int, int]) -> None:
    for tag, value in zip(("start", "end", "in", "out"), (*record, *source), strict=True):
        _add(clip, tag, value)


def _file(part: Part, media: Media, known: dict[str, str]) -> Element:
    """The file in full the first time, by its id after that."""
    if media.address in known:
        return ElementTree.Element("file", id=known[media.address])
    known[media.address] = key = f"file-{len(known) + 1}"
    element = ElementTree.Element("file", id=key)
    _add(element, "name", media.name)
    _add(element, "pathurl", media.address)
    _rate(element, media.rate)
    _add(element, "duration", media.frames)
    drop = is_drop(part.edition.scan.start_timecode, media.rate)
    _timecode(element, media.rate, "00:00:00;00" if drop else "00:00:00:00", 0, drop=drop)
    held = _add(element, "media")
    _characteristics(_add(held, "video"), part, media.rate)
    if media.has_sound:
        for _ in part.edition.scan.audio:
            _add(_add(held, "audio"), "channelcount", 1)
    return element


def _sound(timeline: Timeline, part: Part, number: int, known: dict[str, str]) -> Element:
    """One sound track of a scan, whole; it is not cut into scenes."""
    media = sound_media(part)
    clip = _item(timeline.key(part, f"sound-{number}"), f"Sound {number}", media)
    _span(clip, timeline.span(part), (0, media.frames))
    clip.append(_file(part, media, known))
    source = _add(clip, "sourcetrack")
    _add(source, "mediatype", "audio")
    _add(source, "trackindex", number)
    return clip
