"""Final Cut Pro's FCPXML 1.10, every time an exact fraction of a second.

The adapter of OpenTimelineIO cuts 24000/1001 off to 23 frames a second, so it is written here.
Apple publishes the structure as a DTD (Final Cut Pro's support page); tests hold it against that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from review.formats.characters import legal_tree
from review.formats.edition import Edition
from review.formats.timeline import (
    Gap,
    Mark,
    Master,
    Media,
    Shot,
    is_drop_frame,
    marks,
    shots,
    sound_media,
)

Element = ElementTree.Element
CANNOT = (
    "rates that Final Cut Pro does not edit in, such as 16 and 18: the times are exact, but the "
    "program offers 23.98, 24, 25, 29.97, 30, 50, 59.94 and 60",
    "markers outside a clip",
    "alternative media: a clip has one file, the master or the take",
    "approvals, pixels per label and digests as such: a clip's note names take and approver",
    "sound tracks one by one: they are components of one file",
    "the lines of the transcript",
)


def write_fcpxml(path: Path, edition: Edition, *, master: Master | None = None) -> None:
    """Write the timeline. Raises: DeliveryError, OSError."""
    root = ElementTree.Element("fcpxml", version="1.10")
    resources = _Resources(ElementTree.SubElement(root, "resources"), edition)
    items = list(shots(edition, master))
    event = ElementTree.SubElement(
        ElementTree.SubElement(root, "library"), "event", name=edition.title
    )
    project = ElementTree.SubElement(event, "project", name=f"{edition.title}, {edition.reel}")
    sequence = ElementTree.SubElement(project, "sequence", _sequence(edition))
    spine = ElementTree.SubElement(sequence, "spine")
    for place, item in enumerate(items):
        spine.append(_item(edition, item, resources, first=place == 0, master=master))
    ElementTree.indent(legal_tree(root))
    body = ElementTree.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{body}\n')


def seconds(frames: int, rate: Fraction) -> str:
    """Frames as FCPXML writes a time: "1001/24000s", whole seconds as "5s"."""
    time = Fraction(frames) / rate
    if time.denominator == 1:
        return f"{time.numerator}s"
    return f"{time.numerator}/{time.denominator}s"


@dataclass
class _Resources:
    """Formats and files, each written once."""

    element: Element
    edition: Edition
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        form, rate = self.edition.form, self.edition.scan.rate
        told = {"id": "r1", "frameDuration": seconds(1, rate)}
        told |= {"width": str(form.width), "height": str(form.height)}
        if form.sample_aspect != 1:
            told["paspH"] = str(form.sample_aspect.numerator)
            told["paspV"] = str(form.sample_aspect.denominator)
        ElementTree.SubElement(self.element, "format", told)

    def asset(self, media: Media) -> str:
        """The id of a file."""
        if media.address not in self.known:
            self.known[media.address] = key = f"r{len(self.known) + 2}"
            asset = ElementTree.SubElement(self.element, "asset", self._about(media, key))
            ElementTree.SubElement(asset, "media-rep", kind="original-media", src=media.address)
        return self.known[media.address]

    def _about(self, media: Media, key: str) -> dict[str, str]:
        told = {
            "id": key,
            "name": media.name,
            "start": "0s",
            "duration": seconds(media.frames, self.edition.scan.rate),
            "hasVideo": "1",
            "format": "r1",
            "videoSources": "1",
        }
        if media.has_sound:
            audio = self.edition.scan.audio
            channels = sum(int(track.get("channels") or 1) for track in audio)
            told |= {"hasAudio": "1", "audioSources": str(len(audio))}
            told |= {"audioChannels": str(channels)}
        return told


def _sequence(edition: Edition) -> dict[str, str]:
    scan = edition.scan
    return {
        "format": "r1",
        "duration": seconds(scan.frames, scan.rate),
        "tcStart": seconds(scan.start_count, scan.rate),
        "tcFormat": "DF" if is_drop_frame(edition) else "NDF",
    }


def _item(
    edition: Edition,
    item: Shot | Gap,
    resources: _Resources,
    *,
    first: bool,
    master: Master | None,
) -> Element:
    rate, start = edition.scan.rate, edition.scan.start_count
    # Offsets in the spine count from the sequence's own start timecode.
    span = {
        "offset": seconds(start + item.record, rate),
        "duration": seconds(item.frames, rate),
    }
    if isinstance(item, Gap):
        element = ElementTree.Element("gap", {"name": "Gap", "start": "0s"} | span)
        local = 0
    else:
        local = item.at
        told = {"ref": resources.asset(item.media), "name": item.name, "format": "r1"}
        told |= {"start": seconds(local, rate), "tcFormat": "NDF"}
        element = ElementTree.Element("asset-clip", told | span)
        ElementTree.SubElement(element, "note").text = _note(item)
    if first and master is None and edition.scan.audio:
        element.append(_sound(edition, resources, local))
    if isinstance(item, Shot):
        for mark in marks(item.scene):
            element.append(_marker(edition, item, mark))
    return element


def _note(shot: Shot) -> str:
    scene, take = shot.scene, shot.scene.take
    approved = f"approved by {scene.decision.by}" if scene.decision else "not approved"
    frames = f"scan frames {scene.start_frame} to {scene.end_frame - 1}"
    return f"{take.stage} take {take.number}, {take.version}; {approved}; {frames}; {take.digest}"


def _marker(edition: Edition, shot: Shot, mark: Mark) -> Element:
    rate = edition.scan.rate
    told = {
        "start": seconds(mark.start - shot.record + shot.at, rate),
        "duration": seconds(mark.frames, rate),
        "value": mark.name,
        "note": mark.text,
    }
    if mark.tone != "made":
        told["completed"] = "1" if mark.tone == "resolved" else "0"
    return ElementTree.Element("marker", told)


def _sound(edition: Edition, resources: _Resources, local: int) -> Element:
    """The scan's sound, hung under the first item for the whole reel; the master has its own."""
    rate = edition.scan.rate
    return ElementTree.Element(
        "asset-clip",
        {
            "ref": resources.asset(sound_media(edition, None)),
            "lane": "-1",
            "offset": seconds(local, rate),
            "name": "Sound",
            "start": "0s",
            "duration": seconds(edition.scan.frames, rate),
            "srcEnable": "audio",
        },
    )
