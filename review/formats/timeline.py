"""What every editing format is written from: shots and gaps in order, and where their media lie.

All positions are whole frames. `record` counts from the first frame of the reel, `at` from the
first frame of a media file; timecode is added by the formats, from the scan's start timecode.
"""

from __future__ import annotations

from collections.abc import Iterator
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


@dataclass(frozen=True, slots=True)
class Shot:
    """A scene in the timeline."""

    scene: EditionScene
    media: Media
    record: int
    at: int

    @property
    def frames(self) -> int:
        return self.scene.frames

    @property
    def name(self) -> str:
        return f"Scene {self.scene.number}"


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames of the reel that no scene holds."""

    record: int
    frames: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker on frames [start, start + frames) of the reel."""

    start: int
    frames: int
    name: str
    text: str
    tone: str
    """`open` or `resolved` of a note, `made` of frames that a machine or a person made."""


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
    )


def _master(master: Master, edition: Edition) -> Media:
    name, sha256 = master[0].name, master[1]
    # Relative: the timeline and its master travel in one folder.
    return Media(name, name, name, sha256, edition.scan.frames, has_sound=bool(edition.scan.audio))


def sound_media(edition: Edition, master: Master | None) -> Media:
    """The file that the sound is cut from: the master if there is one, else the scan."""
    if master is not None:
        return _master(master, edition)
    scan = edition.scan
    address = scan.path.as_uri()
    return Media(scan.path.name, address, str(scan.path), scan.sha256, scan.frames, has_sound=True)


def shots(edition: Edition, master: Master | None = None) -> Iterator[Shot | Gap]:
    """Scenes and gaps from the reel's first frame to its last.

    Raises: DeliveryError if scenes overlap, or a take has another rate than the reel.
    """
    reached = 0
    for scene in edition.scenes:
        _require_place(scene, reached, edition)
        if scene.start_frame > reached:
            yield Gap(reached, scene.start_frame - reached)
        at = scene.start_frame if master is not None else 0
        yield Shot(scene, media_of(scene, edition, master), scene.start_frame, at)
        reached = scene.end_frame
    if reached < edition.scan.frames:
        yield Gap(reached, edition.scan.frames - reached)


def _require_place(scene: EditionScene, reached: int, edition: Edition) -> None:
    if scene.start_frame < reached:
        raise DeliveryError(
            f"Scene {scene.number} begins at frame {scene.start_frame}, before the scene ahead of "
            f"it ends at {reached}; mend the cuts, then deliver again"
        )
    found, wanted = scene.take.form.rate, edition.scan.rate
    if found != wanted:
        raise DeliveryError(
            f"The take of scene {scene.number} runs at {rate_text(found)} frames a second and the "
            f"reel at {rate_text(wanted)}; a timeline of both would be off by frames: make that "
            "take again"
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


def rate_base(rate: Fraction) -> int:
    """Frames that a second of timecode counts: 24 for 24000/1001, 18 for 18."""
    return max(1, round(rate))


def is_drop_frame(edition: Edition) -> bool:
    """Whether the scan's timecode leaves numbers out, which its writing with ";" says."""
    return ";" in edition.scan.start_timecode and edition.scan.rate in DROP_FRAME_RATES


def reel_timecode(edition: Edition, frame: int) -> str:
    """The timecode of a frame of the reel; after midnight it begins at 00:00:00:00 again."""
    scan = edition.scan
    return timecode(frame, scan.rate, scan.start_timecode)
