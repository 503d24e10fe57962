"""MLT XML, which melt renders: a timeline that can be looked at without an editing suite.

In MLT `in` and `out` are whole frames, the out included, and they are frames of the profile: of a
file at another rate melt shows the frame that begins nearest to that time.
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from review.formats.characters import legal_tree
from review.formats.timeline import (
    UNTOLD,
    WHOLE_FRAMES,
    Gap,
    Media,
    Shot,
    Timeline,
    sound_media,
)

Element = ElementTree.Element
CANNOT = (
    "start timecode: it counts from 0",
    "markers, approvals, digests and alternative media",
    "drop-frame: it has no timecode at all",
    WHOLE_FRAMES,
    UNTOLD,
    "the lines of the transcript",
)


def write_mlt(path: Path, timeline: Timeline) -> None:
    """Write the timeline. Raises: DeliveryError, OSError."""
    root = ElementTree.Element("mlt", LC_NUMERIC="C", producer="main", title=timeline.name)
    root.append(_profile(timeline))
    root.append(_black(timeline.frames))
    known: dict[str, str] = {}
    for _, item in timeline.whole:
        if isinstance(item, Shot) and item.media.path not in known:
            known[item.media.path] = f"media{len(known) + 1}"
            root.append(_producer(known[item.media.path], item.media, timeline, sound=-1))
    heard = [_track(timeline, number, root) for number in range(1, timeline.tracks + 1)]
    root.append(_playlist("background", [_entry("black", 0, timeline.frames)]))
    root.append(
        _playlist("pictures", [_placed(item, known, timeline) for _, item in timeline.whole])
    )
    root.extend(heard)
    root.append(_tractor(timeline.tracks, timeline.frames))
    ElementTree.indent(legal_tree(root))
    body = ElementTree.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n')


def _track(timeline: Timeline, number: int, root: Element) -> Element:
    """A track of sound: of each reel its own, or nothing where it has none."""
    entries = []
    for part in timeline.parts:
        first, end = timeline.span(part)
        if number <= len(part.edition.scan.audio):
            key = timeline.key(part, f"sound{number}")
            root.append(_producer(key, sound_media(part), timeline, sound=number - 1))
            entries.append(_entry(key, 0, end - first))
        else:
            entries.append(ElementTree.Element("blank", length=str(end - first)))
    return _playlist(f"track{number}", entries)


def _profile(timeline: Timeline) -> Element:
    form, rate = timeline.first.form, timeline.rate
    sample = form.sample_aspect
    shape = sample * form.width / form.height
    values = {
        "description": timeline.name,
        "width": form.width,
        "height": form.height,
        "progressive": 1,
        "sample_aspect_num": sample.numerator,
        "sample_aspect_den": sample.denominator,
        "display_aspect_num": shape.numerator,
        "display_aspect_den": shape.denominator,
        "frame_rate_num": rate.numerator,
        "frame_rate_den": rate.denominator,
        "colorspace": 709 if form.height >= 720 else 601,
    }
    return ElementTree.Element("profile", {name: str(value) for name, value in values.items()})


def _property(parent: Element, name: str, value: object) -> None:
    ElementTree.SubElement(parent, "property", name=name).text = str(value)


def _black(frames: int) -> Element:
    """Under the pictures: where a playlist is blank melt would show white."""
    producer = ElementTree.Element("producer", {"id": "black", "in": "0", "out": str(frames - 1)})
    _property(producer, "mlt_service", "color")
    _property(producer, "resource", "black")
    _property(producer, "length", frames)
    return producer


def _producer(key: str, media: Media, timeline: Timeline, *, sound: int) -> Element:
    # As many frames as any clip of it may ask for: its edges are rounded.
    frames = math.ceil(media.frames / media.rate * timeline.rate)
    producer = ElementTree.Element("producer", {"id": key, "in": "0", "out": str(frames - 1)})
    _property(producer, "mlt_service", "avformat")
    _property(producer, "resource", media.path)
    _property(producer, "length", frames)
    if sound < 0:
        _property(producer, "audio_index", -1)
    else:
        _property(producer, "video_index", -1)
        _property(producer, "astream", sound)
    return producer


def _entry(key: str, first: int, frames: int) -> Element:
    told = {"producer": key, "in": str(first), "out": str(first + frames - 1)}
    return ElementTree.Element("entry", told)


def _placed(item: Shot | Gap, known: dict[str, str], timeline: Timeline) -> Element:
    first, end = timeline.span(item)
    if isinstance(item, Gap):
        return ElementTree.Element("blank", length=str(end - first))
    return _entry(known[item.media.path], _within(item, timeline), end - first)


def _within(shot: Shot, timeline: Timeline) -> int:
    """The frame of the profile at which a shot begins in its file."""
    return math.floor(shot.at / shot.media.rate * timeline.rate + Fraction(1, 2))


def _playlist(key: str, entries: list[Element]) -> Element:
    playlist = ElementTree.Element("playlist", id=key)
    playlist.extend(entries)
    return playlist


def _tractor(tracks: int, frames: int) -> Element:
    tractor = ElementTree.Element("tractor", {"id": "main", "in": "0", "out": str(frames - 1)})
    ElementTree.SubElement(tractor, "track", producer="background")
    ElementTree.SubElement(tractor, "track", producer="pictures")
    for number in range(1, tracks + 1):
        ElementTree.SubElement(tractor, "track", producer=f"track{number}", hide="video")
    return tractor
