"""What every editing format is written from: shots and gaps in order, and where their media lie.

A timeline holds one reel, or the reels of a title one after the other, each at the rate of its own
scan. So there are three counts: `record` is a frame of the reel, `at` one of a media file at that
file's rate, and `starts` the exact time in the timeline, in seconds. Only formats that edit on
whole frames round it, each boundary by itself and to the nearest frame of the timeline, so that
nothing adds up. Timecode is added by the formats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from archive.timecode import DROP_FRAME_RATES, timecode
from review.formats.edition import (
    COPIED,
    DeliveryError,
    Edition,
    EditionScene,
    rate_text,
)

Master = tuple[Path, str]
"""The joined FFV1 file that is delivered beside a timeline, and its SHA-256."""

WHOLE_FRAMES = (
    "of media at another rate parts of a frame: each edge stands at the nearest frame, and a scene "
    "too short for one is left out"
)
"""What formats that edit on whole frames cannot carry."""
UNTOLD = (
    "the policy and what was overridden, how each stage was set, frames that were recovered, what "
    "added colours rest on, answers to notes and their drawings"
)
"""What no editing suite has a place for."""


@dataclass(frozen=True, slots=True)
class Media:
    """A file that shots are cut from. It has no timecode track: its own count begins at 0."""

    name: str
    address: str
    """A file URL; of a file in the same folder its name."""
    path: str
    """The same for programs that want no URL."""
    sha256: str
    frames: int
    has_sound: bool
    rate: Fraction
    """Its own; frame n of it begins at n / rate."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A scene in the timeline; it has as many frames of its media as of its reel."""

    scene: EditionScene
    media: Media
    record: int
    at: int
    starts: Fraction

    @property
    def frames(self) -> int:
        return self.scene.frames

    @property
    def ends(self) -> Fraction:
        return self.starts + self.frames / self.media.rate


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames of the reel that no scene holds."""

    record: int
    frames: int
    starts: Fraction
    ends: Fraction


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker on frames [start, start + frames) of the reel."""

    start: int
    frames: int
    name: str
    text: str
    tone: str
    """`open` or `resolved` of a note, `made` of frames that a machine or a person made."""


@dataclass(frozen=True, slots=True)
class Part:
    """One reel in the timeline."""

    edition: Edition
    master: Master | None
    starts: Fraction
    items: tuple[Shot | Gap, ...]

    @property
    def rate(self) -> Fraction:
        """Of the reel."""
        return self.edition.scan.rate

    @property
    def ends(self) -> Fraction:
        return self.items[-1].ends

    @property
    def shots(self) -> list[Shot]:
        return [item for item in self.items if isinstance(item, Shot)]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The reels in order."""

    parts: tuple[Part, ...]
    """At least one."""
    rate: Fraction
    start_timecode: str
    """Empty: none is known, and it begins at zero."""
    start_count: int
    """The same as a count of frames."""

    @property
    def first(self) -> Edition:
        return self.parts[0].edition

    @property
    def is_of_title(self) -> bool:
        return len(self.parts) > 1

    @property
    def name(self) -> str:
        whole = f"{len(self.parts)} reels" if self.is_of_title else self.first.reel
        return f"{self.first.title}, {whole}"

    @property
    def frames(self) -> int:
        return self.frame_at(self.parts[-1].ends)

    @property
    def items(self) -> Iterator[tuple[Part, Shot | Gap]]:
        return ((part, item) for part in self.parts for item in part.items)

    @property
    def whole(self) -> Iterator[tuple[Part, Shot | Gap]]:
        """The items as formats of whole frames have them."""
        return ((part, item) for part in self.parts for item in self.placed(part))

    def placed(self, part: Part) -> list[Shot | Gap]:
        """Those that have a frame of the timeline: one frame at 50 may have none at 25."""
        return [item for item in part.items if len(range(*self.span(item)))]

    @property
    def tracks(self) -> int:
        """Of sound: as many as the reel that has most."""
        return max(len(part.edition.scan.audio) for part in self.parts)

    def frame_at(self, seconds: Fraction) -> int:
        """The frame that begins nearest to a time; of two as near the later."""
        return math.floor(seconds * self.rate + Fraction(1, 2))

    def span(self, item: Shot | Gap | Part) -> tuple[int, int]:
        """First frame of an item, and the first after it."""
        return self.frame_at(item.starts), self.frame_at(item.ends)

    def called(self, part: Part, shot: Shot) -> str:
        """What a clip is called: unlike any other of the timeline."""
        name = f"Scene {shot.scene.number}"
        return f"{part.edition.reel}, {name.lower()}".capitalize() if self.is_of_title else name

    def key(self, part: Part, name: str) -> str:
        """An identifier for XML, such as `scene-3` or `reel-2-scene-3`."""
        return f"reel-{self.parts.index(part) + 1}-{name}" if self.is_of_title else name

    def timecode(self, frame: int) -> str:
        """After midnight it begins at 00:00:00:00 again."""
        return timecode(frame, self.rate, self.start_timecode)

    @property
    def is_drop_frame(self) -> bool:
        return is_drop(self.start_timecode, self.rate)


def of_reel(edition: Edition, master: Master | None = None) -> Timeline:
    """A reel by itself, at its own rate and from its own start timecode.

    Args:
        master: if there is one, all shots are cut from it.
    Raises: DeliveryError if scenes overlap, or a take of another rate would leave the sound behind.
    """
    scan = edition.scan
    part = _part(edition, master, Fraction(0))
    return Timeline((part,), scan.rate, scan.start_timecode, scan.start_count)


def of_title(editions: Sequence[Edition], rate: Fraction | None = None) -> Timeline:
    """Reels one after the other, cut from their takes, from the start timecode of the first.

    Args:
        editions: at least one, in order.
        rate: of the timeline; None: the fastest of the reels', at which every frame has a place. If
            it is not the first reel's, the timeline starts at the same hour, minute and second,
            without drop-frame.
    Raises: DeliveryError as for one reel.
    """
    parts: list[Part] = []
    for edition in editions:
        parts.append(_part(edition, None, parts[-1].ends if parts else Fraction(0)))
    scan = editions[0].scan
    rate = rate or max(edition.scan.rate for edition in editions)
    if rate == scan.rate:
        return Timeline(tuple(parts), scan.rate, scan.start_timecode, scan.start_count)
    hour = scan.start_timecode[:8].replace(";", ":")
    start = f"{hour}:00" if hour else ""
    count = _whole_seconds(hour) * rate_base(rate) if hour else 0
    return Timeline(tuple(parts), rate, start, count)


def _whole_seconds(text: str) -> int:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return (hours * 60 + minutes) * 60 + seconds


def media_of(scene: EditionScene, edition: Edition, master: Master | None) -> Media:
    """The file that a scene is cut from: the master if there is one, else the scene's own take."""
    if master is not None:
        return _master(master, edition)
    path = scene.take.picture
    return Media(
        name=f"{edition.tape}-scene-{scene.number}{path.suffix}",
        address=path.as_uri(),
        path=str(path),
        sha256=scene.take.picture_sha256,
        frames=scene.frames,
        has_sound=False,
        rate=scene.take.form.rate,
    )


def _master(master: Master, edition: Edition) -> Media:
    name, sha256 = master[0].name, master[1]
    scan = edition.scan
    # Relative: the timeline and its master travel in one folder.
    return Media(name, name, name, sha256, scan.frames, has_sound=bool(scan.audio), rate=scan.rate)


def sound_media(part: Part) -> Media:
    """The file that a reel's sound is cut from: the master if there is one, else the scan."""
    edition = part.edition
    if part.master is not None:
        return _master(part.master, edition)
    scan = edition.scan
    return Media(
        name=scan.path.name,
        address=scan.path.as_uri(),
        path=str(scan.path),
        sha256=scan.sha256,
        frames=scan.frames,
        has_sound=True,
        rate=scan.rate,
    )


def _part(edition: Edition, master: Master | None, starts: Fraction) -> Part:
    return Part(edition, master, starts, tuple(_items(edition, master, starts)))


def _items(edition: Edition, master: Master | None, starts: Fraction) -> Iterator[Shot | Gap]:
    """Scenes and gaps from the reel's first frame to its last."""
    reached, now = 0, starts
    for scene in edition.scenes:
        _require_place(scene, reached, edition)
        if scene.start_frame > reached:
            gap = _gap(reached, scene.start_frame, now, edition)
            now = gap.ends
            yield gap
        media = media_of(scene, edition, master)
        _require_sound(scene, media, edition)
        shot = Shot(scene, media, scene.start_frame, scene.start_frame if master else 0, now)
        now = shot.ends
        yield shot
        reached = scene.end_frame
    if reached < edition.scan.frames:
        yield _gap(reached, edition.scan.frames, now, edition)


def _gap(first: int, end: int, starts: Fraction, edition: Edition) -> Gap:
    return Gap(first, end - first, starts, starts + (end - first) / edition.scan.rate)


def _require_place(scene: EditionScene, reached: int, edition: Edition) -> None:
    if scene.start_frame < reached:
        raise DeliveryError(
            f"Scene {scene.number} begins at frame {scene.start_frame}, before the scene ahead of "
            f"it ends at {reached}; mend the cuts, then deliver again"
        )


def _require_sound(scene: EditionScene, media: Media, edition: Edition) -> None:
    """A take at another rate lasts longer or shorter than the sound of its frames."""
    found, wanted = media.rate, edition.scan.rate
    if found != wanted and edition.scan.audio:
        raise DeliveryError(
            f"The take of scene {scene.number} runs at {rate_text(found)} frames a second and the "
            f"reel at {rate_text(wanted)}, so that it would run apart from the reel's sound: make "
            "that take again, or deliver ffv1, which has every frame at the reel's rate"
        )


def marks(scene: EditionScene) -> list[Mark]:
    """Notes, then frames that a machine or a person made; by their first frame.

    RECOVERED frames are many and short in a repaired film: they stand in the metadata of the
    master timeline and in the sidecar alone.
    """
    found = [
        Mark(
            note.start_frame,
            note.end_frame - note.start_frame,
            note.text.splitlines()[0][:60] if note.text.strip() else "Note",
            f"{note.text} ({note.by})",
            "resolved" if note.resolved else "open",
        )
        for note in scene.remarks
    ]
    for each in scene.marked:
        if each.kind != COPIED:
            words = f"{each.kind}, {each.plane}"
            frames = each.end_frame - each.start_frame
            found.append(Mark(each.start_frame, frames, words, words, "made"))
    return sorted(found, key=lambda mark: (mark.start, mark.frames, mark.name))


def marked_span(timeline: Timeline, shot: Shot, mark: Mark) -> tuple[int, int]:
    """First frame of a marker in the timeline, and how many it has there; at least one."""
    first = shot.starts + (mark.start - shot.record) / shot.media.rate
    begin = timeline.frame_at(first)
    end = timeline.frame_at(first + mark.frames / shot.media.rate)
    return begin, max(1, end - begin)


def rate_base(rate: Fraction) -> int:
    """Frames that a second of timecode counts: 24 for 24000/1001, 18 for 18."""
    return max(1, round(rate))


def is_drop(start_timecode: str, rate: Fraction) -> bool:
    """Whether timecode leaves numbers out, which its writing with ";" says."""
    return ";" in start_timecode and rate in DROP_FRAME_RATES


def reel_timecode(edition: Edition, frame: int) -> str:
    """The timecode of a frame of the reel; after midnight it begins at 00:00:00:00 again."""
    scan = edition.scan
    return timecode(frame, scan.rate, scan.start_timecode)
