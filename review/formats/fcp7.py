"""Final Cut Pro 7 XML (xmeml 5), which Premiere, Resolve and Media Composer's tools read.

The adapter of OpenTimelineIO calls drop-frame timecode NDF and writes another time for it, and
refuses 16 and 18 frames a second; so it is written here. Positions are whole frames: `start` and
`end` in the sequence, `in` and `out` in the file.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from review.formats.characters import legal_tree
from review.formats.edition import Edition
from review.formats.timeline import (
    Master,
    Media,
    Shot,
    is_drop_frame,
    marks,
    rate_base,
    reel_timecode,
    shots,
    sound_media,
)

Element = ElementTree.Element
CANNOT = (
    "rates that are neither whole nor a whole number times 1000/1001, such as 50/3: the nearest "
    "whole number is written",
    "alternative media: a clip has one file, the master or the take",
    "approvals, pixels per label and digests as such: a clip's comments name take and approver",
    "pixels that are not square: their shape is left out",
    "the colour of a marker by its kind in every reader",
    "the lines of the transcript",
)


def write_xml(path: Path, edition: Edition, *, master: Master | None = None) -> None:
    """Write the timeline. Raises: DeliveryError, OSError."""
    root = ElementTree.Element("xmeml", version="5")
    root.append(_sequence(edition, master))
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


def _timecode(parent: Element, edition: Edition, text: str, frame: int) -> None:
    element = _add(parent, "timecode")
    _rate(element, edition.scan.rate)
    _add(element, "string", text)
    _add(element, "frame", frame)
    _add(element, "displayformat", "DF" if is_drop_frame(edition) else "NDF")


def _sequence(edition: Edition, master: Master | None) -> Element:
    scan = edition.scan
    sequence = ElementTree.Element("sequence", id="sequence-1")
    _add(sequence, "name", f"{edition.title}, {edition.reel}")
    _add(sequence, "duration", scan.frames)
    _rate(sequence, scan.rate)
    _timecode(sequence, edition, reel_timecode(edition, 0), scan.start_count)
    media = _add(sequence, "media")
    video = _add(media, "video")
    _characteristics(_add(video, "format"), edition)
    track, known = _add(video, "track"), dict[str, str]()
    for item in shots(edition, master):
        if isinstance(item, Shot):  # a gap is where no clip stands
            track.append(_clip(edition, item, known))
    audio = _add(media, "audio")
    for number in range(1, len(scan.audio) + 1):
        _add(audio, "track").append(_sound(edition, number, master, known))
    return sequence


def _characteristics(parent: Element, edition: Edition) -> None:
    element = _add(parent, "samplecharacteristics")
    _rate(element, edition.scan.rate)
    form = edition.form
    _add(element, "width", form.width)
    _add(element, "height", form.height)
    if form.sample_aspect == 1:
        _add(element, "pixelaspectratio", "square")


def _clip(edition: Edition, shot: Shot, known: dict[str, str]) -> Element:
    clip = _item(edition, f"scene-{shot.scene.number}", shot.name, shot.media.frames)
    _span(clip, shot.record, shot.record + shot.frames, shot.at, shot.at + shot.frames)
    clip.append(_file(edition, shot.media, known))
    for mark in marks(shot.scene):
        marker, first = _add(clip, "marker"), mark.start - shot.record + shot.at
        _add(marker, "name", mark.name)
        _add(marker, "comment", mark.text)
        _add(marker, "in", first)
        _add(marker, "out", first + mark.frames if mark.frames > 1 else -1)
    comments, take = _add(clip, "comments"), shot.scene.take
    decision = shot.scene.decision
    _add(comments, "mastercomment1", f"{take.stage} take {take.number}, {take.version}")
    approved = f"approved by {decision.by}" if decision else "not approved"
    _add(comments, "mastercomment2", approved)
    _add(comments, "mastercomment3", f"take {take.digest}")
    return clip


def _item(edition: Edition, key: str, name: str, frames: int) -> Element:
    clip = ElementTree.Element("clipitem", id=key)
    _add(clip, "name", name)
    _add(clip, "enabled", "TRUE")
    _add(clip, "duration", frames)
    _rate(clip, edition.scan.rate)
    return clip


def _span(clip: Element, start: int, end: int, first: int, out: int) -> None:
    for tag, value in (("start", start), ("end", end), ("in", first), ("out", out)):
        _add(clip, tag, value)


def _file(edition: Edition, media: Media, known: dict[str, str]) -> Element:
    """The file in full the first time, by its id after that."""
    if media.address in known:
        return ElementTree.Element("file", id=known[media.address])
    known[media.address] = key = f"file-{len(known) + 1}"
    element = ElementTree.Element("file", id=key)
    _add(element, "name", media.name)
    _add(element, "pathurl", media.address)
    _rate(element, edition.scan.rate)
    _add(element, "duration", media.frames)
    _timecode(element, edition, "00:00:00;00" if is_drop_frame(edition) else "00:00:00:00", 0)
    held = _add(element, "media")
    _characteristics(_add(held, "video"), edition)
    if media.has_sound:
        for _ in edition.scan.audio:
            _add(_add(held, "audio"), "channelcount", 1)
    return element


def _sound(edition: Edition, number: int, master: Master | None, known: dict[str, str]) -> Element:
    """One sound track of the scan, whole; it is not cut into scenes."""
    frames = edition.scan.frames
    clip = _item(edition, f"sound-{number}", f"Sound {number}", frames)
    _span(clip, 0, frames, 0, frames)
    clip.append(_file(edition, sound_media(edition, master), known))
    source = _add(clip, "sourcetrack")
    _add(source, "mediatype", "audio")
    _add(source, "trackindex", number)
    return clip
