"""MLT XML, which melt renders: a timeline that can be looked at without an editing suite.

In MLT `in` and `out` are whole frames of the file, the out included.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from review.formats.characters import legal_tree
from review.formats.edition import Edition
from review.formats.timeline import Gap, Master, Media, Shot, shots, sound_media

Element = ElementTree.Element
CANNOT = (
    "start timecode: it counts from 0",
    "markers, approvals, digests and alternative media",
    "drop-frame: it has no timecode at all",
    "the lines of the transcript",
)


def write_mlt(path: Path, edition: Edition, *, master: Master | None = None) -> None:
    """Write the timeline. Raises: DeliveryError, OSError."""
    items = list(shots(edition, master))
    root = ElementTree.Element(
        "mlt", LC_NUMERIC="C", producer="main", title=f"{edition.title}, {edition.reel}"
    )
    root.append(_profile(edition))
    root.append(_black(edition.scan.frames))
    known: dict[str, str] = {}
    for item in items:
        if isinstance(item, Shot) and item.media.path not in known:
            known[item.media.path] = f"media{len(known) + 1}"
            root.append(_producer(known[item.media.path], item.media, sound=-1))
    tracks = len(edition.scan.audio)
    for number in range(tracks):
        source = sound_media(edition, master)
        root.append(_producer(f"sound{number + 1}", source, sound=number))
    root.append(_playlist("background", [_entry("black", 0, edition.scan.frames)]))
    root.append(_playlist("pictures", [_placed(item, known) for item in items]))
    for number in range(1, tracks + 1):
        entry = _entry(f"sound{number}", 0, edition.scan.frames)
        root.append(_playlist(f"track{number}", [entry]))
    root.append(_tractor(tracks, edition.scan.frames))
    ElementTree.indent(legal_tree(root))
    body = ElementTree.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n')


def _profile(edition: Edition) -> Element:
    form, rate = edition.form, edition.scan.rate
    sample = form.sample_aspect
    shape = sample * form.width / form.height
    values = {
        "description": f"{edition.title}, {edition.reel}",
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


def _producer(key: str, media: Media, *, sound: int) -> Element:
    last = str(media.frames - 1)
    producer = ElementTree.Element("producer", {"id": key, "in": "0", "out": last})
    _property(producer, "mlt_service", "avformat")
    _property(producer, "resource", media.path)
    _property(producer, "length", media.frames)
    if sound < 0:
        _property(producer, "audio_index", -1)
    else:
        _property(producer, "video_index", -1)
        _property(producer, "astream", sound)
    return producer


def _entry(key: str, first: int, frames: int) -> Element:
    told = {"producer": key, "in": str(first), "out": str(first + frames - 1)}
    return ElementTree.Element("entry", told)


def _placed(item: Shot | Gap, known: dict[str, str]) -> Element:
    if isinstance(item, Gap):
        return ElementTree.Element("blank", length=str(item.frames))
    return _entry(known[item.media.path], item.at, item.frames)


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
