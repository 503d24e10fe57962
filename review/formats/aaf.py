"""AAF, which Media Composer and sound suites read: scenes, sound, markers, source timecode.

By the library pyaaf2 alone, an optional package: OpenTimelineIO's adapter takes the rate of its
timecode from a list of four, without drop-frame, and gives clips no tape to count on. The form is
that of the AAF Edit Protocol (AMWA, 2005): a composition cuts from master mobs, whose file mobs
(where the file lies) are cut from one tape mob a reel, with its timecode. Start and length of a
source clip count in the edit units of the slot that it stands in: a file keeps its own rate.
"""

from __future__ import annotations

import importlib.util
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.media.pixels import PictureFormat
from review.formats.characters import legal_text
from review.formats.edition import DeliveryError, rate_text
from review.formats.timeline import (
    UNTOLD,
    WHOLE_FRAMES,
    Gap,
    Mark,
    Media,
    Part,
    Shot,
    Timeline,
    is_drop,
    marked_span,
    marks,
    rate_base,
    sound_media,
)

PACKAGE = "aaf2"
MISSING = (
    "AAF needs the optional package pyaaf2 (0.1 MB): .venv/bin/python -m pip install "
    "-c constraints.txt pyaaf2"
)
CANNOT = (
    "the files themselves: it names where they lie, and few suites open FFV1 in Matroska; link its "
    "clips to prores-422-hq.mov or dnxhr-hqx.mov by timecode",
    "rates that a suite does not edit in, such as 16 and 18: rate and times are exact, but Media "
    "Composer offers no such project",
    WHOLE_FRAMES,
    "alternative media: a clip has one file, the master or the take",
    "approvals, pixels per label and digests as such: a clip's comments name take and approver",
    UNTOLD,
    "the lines of the transcript",
)
_MADE_OF = uuid.UUID("8f3d6a52-6f0b-5c55-9b0e-5a0c3cf1c9d4")
"""The namespace of our mob ids: the same file has the same id in every delivery."""
_UMID = bytes((0x06, 0x0A, 0x2B, 0x34, 1, 1, 1, 5, 1, 1, 0x0F, 0x20, 0x13, 0, 0, 0))
"""Of SMPTE ST 330: a basic UMID of a material that is not further identified, made from a UUID."""
_COLOURS = {"open": "Red", "resolved": "Green", "made": "Magenta"}
_FULL = 65535
_RGB = {"Red": (_FULL, 0, 0), "Green": (0, _FULL, 0), "Magenta": (_FULL, 0, _FULL)}
_PICTURES, _MARKERS = 2, 1000
"""Slots of the composition; its timecode is slot 1, its sound follows the pictures."""


def is_installed() -> bool:
    """Whether the optional package is there."""
    return importlib.util.find_spec(PACKAGE) is not None


def write_aaf(path: Path, timeline: Timeline) -> None:
    """Write the timeline. Raises: DeliveryError, also without the package; OSError."""
    if not is_installed():
        raise DeliveryError(MISSING)
    import aaf2

    with aaf2.open(str(path), "w") as file:
        _Composition(file, timeline).write()


@dataclass(frozen=True, slots=True)
class _Source:
    """A file as the composition cuts from it."""

    mob: Any
    slot: int


class _Composition:
    """One file being written."""

    def __init__(self, file: Any, timeline: Timeline) -> None:
        self.file, self.timeline = file, timeline
        self.rate = rate_text(timeline.rate)
        self.tapes = [self._tape(part) for part in timeline.parts]
        self.sources: dict[str, _Source] = {}

    def write(self) -> None:
        timeline = self.timeline
        top = self._mob(self.file.create.CompositionMob(), "composition", _key(timeline))
        top.name = legal_text(timeline.name)
        top.usage = "Usage_TopLevel"
        _tell(top.comments, self._about())
        self._timecode(top, timeline.rate, timeline.start_timecode, timeline.start_count,
                       slot=1, frames=timeline.frames)  # fmt: skip
        slot = self._sequence(top, _PICTURES, "picture", "V1", 1)
        for part, item in timeline.whole:
            slot.segment.components.append(self._placed(part, item))
        slot.segment.length = timeline.frames
        for number in range(1, timeline.tracks + 1):
            self._sound(top, number)
        self._markers(top)

    def _about(self) -> dict[str, str]:
        timeline = self.timeline
        tapes = " ".join(part.edition.tape for part in timeline.parts)
        told = {"Reel": tapes, "Use": timeline.first.use, "Version": timeline.first.version}
        scans = " ".join(part.edition.scan.sha256 for part in timeline.parts)
        return told | {"Rate": self.rate, "Scan SHA-256": scans}

    def _mob(self, mob: Any, kind: str, key: str) -> Any:
        from aaf2.mobid import MobID

        made = uuid.uuid5(_MADE_OF, f"{kind} {key}")
        mob.mob_id = MobID(bytes_le=_UMID + made.bytes_le)
        self.file.content.mobs.append(mob)
        return mob

    def _timecode(
        self, mob: Any, rate: Fraction, start: str, count: int, *, slot: int, frames: int
    ) -> None:
        made = mob.create_timeline_slot(edit_rate=rate_text(rate), slot_id=slot)
        made.name = "TC1"
        made["PhysicalTrackNumber"].value = 1
        drop = is_drop(start, rate)
        made.segment = self.file.create.Timecode(rate_base(rate), drop=drop, length=frames)
        made.segment.start = count

    def _tape(self, part: Part) -> Any:
        """The reel: what every file of it counts on."""
        scan = part.edition.scan
        mob = self._mob(self.file.create.SourceMob(), "reel", scan.sha256)
        mob.name = part.edition.tape
        mob.descriptor = self.file.create.TapeDescriptor()
        for place in range(1 + len(scan.audio)):
            kind = "sound" if place else "picture"
            slot = mob.create_empty_slot(rate_text(scan.rate), kind, slot_id=place + 1)
            slot.segment.length = scan.frames
            slot["PhysicalTrackNumber"].value = max(1, place)
        self._timecode(mob, scan.rate, scan.start_timecode, scan.start_count,
                       slot=len(scan.audio) + 2, frames=scan.frames)  # fmt: skip
        return mob

    def _sequence(self, mob: Any, slot: int, kind: str, name: str, track: int) -> Any:
        made = mob.create_empty_sequence_slot(self.rate, slot_id=slot, media_kind=kind)
        made.name = name
        made["PhysicalTrackNumber"].value = track
        return made

    def _placed(self, part: Part, item: Shot | Gap) -> Any:
        first, end = self.timeline.span(item)
        if isinstance(item, Gap):
            return self.file.create.Filler("picture", end - first)
        source = self._source(part, item.media, begins=item.record - item.at)
        at = _units(item.at, item.media.rate, self.timeline.rate)
        clip = source.mob.create_source_clip(source.slot, at, end - first)
        take, people = item.scene.take, item.scene.approved_by
        told = f"{take.stage} take {take.number}, {take.version}; manifest {take.digest}; "
        told += f"approved by {people}" if people else "not approved"
        _tell(_pairs(clip["ComponentAttributeList"]), {"_COMMENT": told})
        return clip

    def _source(self, part: Part, media: Media, *, begins: int) -> _Source:
        """The file as a clip, made once.

        Args:
            begins: the frame of the reel that is the file's first.
        """
        if media.address not in self.sources:
            descriptor = self._picture_descriptor(part.edition.form, media.rate)
            descriptor.length = media.frames
            held = self._file_mob(part, media, descriptor, begins=begins, kind="picture", track=1)
            clip = self._master_mob(media, {1: held}, kind="picture")
            self.sources[media.address] = _Source(clip, 1)
        return self.sources[media.address]

    def _picture_descriptor(self, form: PictureFormat, rate: Fraction) -> Any:
        create = self.file.create
        rgb = form.pixel.model == "rgb"
        made = create.RGBADescriptor() if rgb else create.CDCIDescriptor()
        if rgb:
            codes = ("CompRed", "CompGreen", "CompBlue")
            made["PixelLayout"].value = [{"Code": c, "Size": form.pixel.bits} for c in codes]
        else:
            made["ComponentWidth"].value = form.pixel.bits
            made["HorizontalSubsampling"].value = 1 << form.pixel.chroma_shift_x
        made["StoredWidth"].value, made["StoredHeight"].value = form.width, form.height
        made["ImageAspectRatio"].value = _shape(form)
        made["FrameLayout"].value = "FullFrame"
        made["VideoLineMap"].value = [0, 0]
        made["SampleRate"].value = rate_text(rate)
        return made

    def _file_mob(
        self, part: Part, media: Media, descriptor: Any, *, begins: int, kind: str, track: int
    ) -> Any:
        """Where a file lies, and where on the reel it begins.

        Args:
            track: of the tape's slots.
        """
        locator = self.file.create.NetworkLocator()
        locator["URLString"].value = media.address
        descriptor["Locator"].append(locator)
        mob = self._mob(self.file.create.SourceMob(), f"file {kind} {track}", _file_key(media))
        mob.name = legal_text(media.name)
        mob.descriptor = descriptor
        slot = mob.create_empty_slot(rate_text(media.rate), kind, slot_id=1)
        tape = self.tapes[self.timeline.parts.index(part)]
        on_tape = _units(begins, part.rate, media.rate)
        slot.segment = tape.create_source_clip(track, on_tape, media.frames, kind)
        return mob

    def _master_mob(self, media: Media, held: Mapping[int, Any], *, kind: str) -> Any:
        mob = self._mob(self.file.create.MasterMob(), f"clip {kind}", _file_key(media))
        mob.name = legal_text(media.name)
        _tell(mob.comments, {"SHA-256": media.sha256})
        for number, each in held.items():
            slot = mob.create_timeline_slot(edit_rate=rate_text(media.rate), slot_id=number)
            slot.name = f"{'A' if kind == 'sound' else 'V'}{number}"
            slot["PhysicalTrackNumber"].value = number
            slot.segment = each.create_source_clip(1, 0, media.frames, kind)
        return mob

    def _sound(self, top: Any, number: int) -> None:
        """One track of sound: of each reel its own, whole, or a filler where it has none."""
        slot = self._sequence(top, _PICTURES + number, "sound", f"A{number}", number)
        for part in self.timeline.parts:
            first, end = self.timeline.span(part)
            if number <= len(part.edition.scan.audio):
                clip = self._heard(part).mob.create_source_clip(number, 0, end - first)
            else:
                clip = self.file.create.Filler("sound", end - first)
            slot.segment.components.append(clip)
        slot.segment.length = self.timeline.frames

    def _heard(self, part: Part) -> _Source:
        """The file with a reel's sound, made once."""
        media = sound_media(part)
        key = f"sound {media.address}"
        if key not in self.sources:
            held = {
                place: self._file_mob(
                    part, media, self._sound_descriptor(part, track),
                    begins=0, kind="sound", track=place + 1,
                )
                for place, track in enumerate(part.edition.scan.audio, start=1)
            }  # fmt: skip
            self.sources[key] = _Source(self._master_mob(media, held, kind="sound"), 1)
        return self.sources[key]

    def _sound_descriptor(self, part: Part, track: Mapping[str, Any]) -> Any:
        """AAF wants numbers: what is not known of a track gets the usual ones."""
        made = self.file.create.PCMDescriptor()
        sampled, channels = int(track.get("sample_rate") or 48000), int(track.get("channels") or 1)
        bits = next((n for n in (24, 32) if str(n) in str(track.get("codec"))), 16)
        made["Channels"].value, made["QuantizationBits"].value = channels, bits
        made["AudioSamplingRate"].value = made["SampleRate"].value = sampled
        made["BlockAlign"].value = channels * bits // 8
        made["AverageBPS"].value = sampled * channels * bits // 8
        made.length = int(part.edition.scan.frames * sampled / part.rate)
        return made

    def _markers(self, top: Any) -> None:
        timeline = self.timeline
        found = [
            (*marked_span(timeline, item, mark), mark)
            for _, item in timeline.whole
            if isinstance(item, Shot)
            for mark in marks(item.scene)
        ]
        if not found:
            return
        slot = self.file.create.EventMobSlot(_MARKERS)
        slot.edit_rate = self.rate
        slot["PhysicalTrackNumber"].value = 1
        slot.segment = self.file.create.Sequence(media_kind="DescriptiveMetadata")
        for begin, frames, mark in sorted(found, key=lambda each: each[0]):
            slot.segment.components.append(self._marker(mark, begin, frames))
        top.slots.append(slot)

    def _marker(self, mark: Mark, begin: int, frames: int) -> Any:
        colour, text = _COLOURS[mark.tone], legal_text(mark.text)
        made = self.file.create.DescriptiveMarker()
        made["Position"].value, made.length = begin, frames
        made["Comment"].value = text
        made["DescribedSlots"].value = {_PICTURES}
        made["CommentMarkerColor"].value = dict(
            zip(("red", "green", "blue"), _RGB[colour], strict=True)
        )
        told: dict[str, str | int] = {"_ATN_CRM_COLOR": colour, "_ATN_CRM_COM": text}
        told["_ATN_CRM_LENGTH"] = frames
        _tell(_pairs(made["CommentMarkerAttributeList"]), told)
        return made


def _units(frames: int, rate: Fraction, slot: Fraction) -> int:
    """A place in a file of one rate, in the edit units of a slot of another: the nearest."""
    return math.floor(frames / rate * slot + Fraction(1, 2))


def _shape(form: PictureFormat) -> str:
    shape = Fraction(form.width, form.height) * form.sample_aspect
    return f"{shape.numerator}/{shape.denominator}"


def _pairs(values: Any) -> Any:
    from aaf2.misc import TaggedValueHelper

    return TaggedValueHelper(values)


def _tell(pairs: Any, told: Mapping[str, str | int]) -> None:
    for name, value in told.items():
        pairs[name] = legal_text(value) if isinstance(value, str) else value


def _file_key(media: Media) -> str:
    """By bytes and place: two scenes of the same frames are two files all the same."""
    return f"{media.sha256} {media.address}"


def _key(timeline: Timeline) -> str:
    """The same for the same takes in the same places, for the same use."""
    told = []
    for part in timeline.parts:
        edition = part.edition
        takes = [f"{shot.record} {shot.media.sha256}" for shot in part.shots]
        told += [edition.scan.sha256, edition.use, edition.version, *takes]
    return "\n".join(told)
