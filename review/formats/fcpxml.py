"""Final Cut Pro's FCPXML 1.10, every time an exact fraction of a second.

Media at another rate than the sequence have a format of their own, keep their duration
(`conform-rate` without scaling; else Final Cut Pro speeds 24 up to 25) and begin and end where they
do, to the fraction. Final Cut Pro itself edits on whole frames of the sequence.

The adapter of OpenTimelineIO cuts 24000/1001 off to 23 frames a second, so it is written here.
Apple publishes the structure as a DTD (Final Cut Pro's support page); tests hold it against that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from review.formats.characters import legal_tree
from review.formats.timeline import (
    UNTOLD,
    Gap,
    Mark,
    Media,
    Part,
    Shot,
    Timeline,
    marks,
    sound_media,
)

Element = ElementTree.Element
_CONFORMED = {
    Fraction(24000, 1001): "23.98",
    Fraction(24): "24",
    Fraction(25): "25",
    Fraction(30000, 1001): "29.97",
    Fraction(30): "30",
    Fraction(48): "48",
    Fraction(50): "50",
    Fraction(60000, 1001): "59.94",
    Fraction(60): "60",
}
"""Rates that the structure has a word for; of others the asset's format says the rate."""
CANNOT = (
    "rates that Final Cut Pro does not edit in, such as 16 and 18: the times are exact, but the "
    "program offers 23.98, 24, 25, 29.97, 30, 50, 59.94 and 60",
    "edges of media at another rate within a frame of the sequence, in Final Cut Pro: they are "
    "written exactly, and the program moves them to its nearest frame",
    "markers outside a clip",
    "alternative media: a clip has one file, the master or the take",
    "approvals, pixels per label and digests as such: a clip's note names take and approver",
    "sound tracks one by one: they are components of one file",
    UNTOLD,
    "the lines of the transcript",
)


def write_fcpxml(path: Path, timeline: Timeline) -> None:
    """Write the timeline. Raises: DeliveryError, OSError."""
    root = ElementTree.Element("fcpxml", version="1.10")
    resources = _Resources(ElementTree.SubElement(root, "resources"))
    event = ElementTree.SubElement(
        ElementTree.SubElement(root, "library"), "event", name=timeline.first.title
    )
    project = ElementTree.SubElement(event, "project", name=timeline.name)
    told = _sequence(timeline, resources)
    sequence = ElementTree.SubElement(project, "sequence", told)
    spine = ElementTree.SubElement(sequence, "spine")
    for part in timeline.parts:
        for place, item in enumerate(part.items):
            spine.append(_item(timeline, part, item, resources, first=place == 0))
    ElementTree.indent(legal_tree(root))
    body = ElementTree.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{body}\n')


def seconds(time: Fraction) -> str:
    """A time as FCPXML writes it: "1001/24000s", whole seconds as "5s"."""
    if time.denominator == 1:
        return f"{time.numerator}s"
    return f"{time.numerator}/{time.denominator}s"


@dataclass
class _Resources:
    """Formats and files, each written once and before what names it."""

    element: Element
    known: dict[object, str] = field(default_factory=dict)

    def format(self, part: Part, rate: Fraction) -> str:
        """The id of the format of a reel's pictures at a rate."""
        form = part.edition.form
        key = (rate, form.width, form.height, form.sample_aspect)
        if key not in self.known:
            self.known[key] = name = f"r{len(self.known) + 1}"
            told = {"id": name, "frameDuration": seconds(1 / rate)}
            told |= {"width": str(form.width), "height": str(form.height)}
            if form.sample_aspect != 1:
                told["paspH"] = str(form.sample_aspect.numerator)
                told["paspV"] = str(form.sample_aspect.denominator)
            ElementTree.SubElement(self.element, "format", told)
        return self.known[key]

    def asset(self, part: Part, media: Media) -> str:
        """The id of a file."""
        if media.address not in self.known:
            form = self.format(part, media.rate)
            self.known[media.address] = key = f"r{len(self.known) + 1}"
            asset = ElementTree.SubElement(self.element, "asset", _asset(part, media, key, form))
            ElementTree.SubElement(asset, "media-rep", kind="original-media", src=media.address)
        return self.known[media.address]


def _asset(part: Part, media: Media, key: str, form: str) -> dict[str, str]:
    told = {
        "id": key,
        "name": media.name,
        "start": "0s",
        "duration": seconds(media.frames / media.rate),
        "hasVideo": "1",
        "format": form,
        "videoSources": "1",
    }
    if media.has_sound:
        audio = part.edition.scan.audio
        channels = sum(int(track.get("channels") or 1) for track in audio)
        told |= {"hasAudio": "1", "audioSources": str(len(audio))}
        told |= {"audioChannels": str(channels)}
    return told


def _sequence(timeline: Timeline, resources: _Resources) -> dict[str, str]:
    return {
        "format": resources.format(timeline.parts[0], timeline.rate),
        "duration": seconds(timeline.parts[-1].ends),
        "tcStart": seconds(timeline.start_count / timeline.rate),
        "tcFormat": "DF" if timeline.is_drop_frame else "NDF",
    }


def _item(
    timeline: Timeline, part: Part, item: Shot | Gap, resources: _Resources, *, first: bool
) -> Element:
    # Offsets in the spine count from the sequence's own start timecode.
    span = {
        "offset": seconds(timeline.start_count / timeline.rate + item.starts),
        "duration": seconds(item.ends - item.starts),
    }
    if isinstance(item, Gap):
        element = ElementTree.Element("gap", {"name": "Gap", "start": "0s"} | span)
        local = Fraction(0)
    else:
        local = item.at / item.media.rate
        element = _clip(timeline, part, item, resources, span | {"start": seconds(local)})
    if first and part.master is None and part.edition.scan.audio:
        element.append(_sound(timeline, part, resources, local))
    if isinstance(item, Shot):
        for mark in marks(item.scene):
            element.append(_marker(item, mark))
    return element


def _clip(
    timeline: Timeline, part: Part, shot: Shot, resources: _Resources, span: dict[str, str]
) -> Element:
    rate = shot.media.rate
    told = {"ref": resources.asset(part, shot.media), "name": timeline.called(part, shot)}
    told |= {"format": resources.format(part, rate), "tcFormat": "NDF"}
    element = ElementTree.Element("asset-clip", told | span)
    ElementTree.SubElement(element, "note").text = _note(shot)
    _conform(element, rate, timeline)
    return element


def _conform(element: Element, rate: Fraction, timeline: Timeline) -> None:
    """Of media at another rate: play it in its own time."""
    if rate != timeline.rate:
        told = {"scaleEnabled": "0"}
        told |= {"srcFrameRate": _CONFORMED[rate]} if rate in _CONFORMED else {}
        ElementTree.SubElement(element, "conform-rate", told)


def _note(shot: Shot) -> str:
    scene, take = shot.scene, shot.scene.take
    approved = f"approved by {scene.approved_by}" if scene.decided else "not approved"
    frames = f"scan frames {scene.start_frame} to {scene.end_frame - 1}"
    return f"{take.stage} take {take.number}, {take.version}; {approved}; {frames}; {take.digest}"


def _marker(shot: Shot, mark: Mark) -> Element:
    rate = shot.media.rate
    told = {
        "start": seconds((mark.start - shot.record + shot.at) / rate),
        "duration": seconds(mark.frames / rate),
        "value": mark.name,
        "note": mark.text,
    }
    if mark.tone != "made":
        told["completed"] = "1" if mark.tone == "resolved" else "0"
    return ElementTree.Element("marker", told)


def _sound(timeline: Timeline, part: Part, resources: _Resources, local: Fraction) -> Element:
    """A scan's sound, hung under its first item for the whole reel; a master has its own."""
    media = sound_media(part)
    element = ElementTree.Element(
        "asset-clip",
        {
            "ref": resources.asset(part, media),
            "lane": "-1",
            "offset": seconds(local),
            "name": "Sound",
            "start": "0s",
            "duration": seconds(media.frames / media.rate),
            "srcEnable": "audio",
        },
    )
    _conform(element, media.rate, timeline)
    return element
