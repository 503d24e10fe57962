"""Reading a take back from its files, and holding every frame against the scan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.media.pixels import Picture
from restoration.clip import PictureFrames
from restoration.in_turn import pool
from restoration.interruption import held
from restoration.mapfile import MapReader
from restoration.provenance import FrameMap, ProvenanceError, Totals, check_frame
from restoration.recording import FrameDigest, Recorded, picture_md5

MOST_MESSAGES = 20
"""Violations that are spelled out; the rest are counted."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a take's files really hold."""

    frames: int
    totals: Totals
    framemd5: str
    violations: list[str]


def verify_take(
    scan: PictureFrames,
    picture_path: Path,
    map_path: Path,
    start_frame: int,
    *,
    rate: Fraction | None = None,
) -> list[str]:
    """Every way in which a take's map contradicts the scan; an empty list means sound.

    Args:
        scan: the whole scan.
        start_frame: the scan's frame that is the take's first.
        rate: of the pictures, where they are numbered frames that cannot say it.
    """
    return read_back(scan, picture_path, map_path, start_frame=start_frame, rate=rate).violations


def read_back(
    scan: PictureFrames,
    picture_path: Path,
    map_path: Path,
    *,
    start_frame: int,
    on_frame: Callable[[int, str], None] = lambda done, md5: None,
    rate: Fraction | None = None,
) -> ReadBack:
    """Decode a take's files from disk and check each frame; see `verify_take`.

    Args:
        on_frame: called with the number of frames done and the MD5 of the last one's picture; may
            raise to stop.
        rate: of the pictures, where they are numbered frames that cannot say it.
    """
    try:
        maps = MapReader(map_path)
        with open_source(picture_path, rate=rate) as pictures:
            return _read_back(scan, pictures, maps, start_frame, on_frame)
    except (ProvenanceError, MediaError) as error:
        return ReadBack(0, Totals(), FrameDigest().hexdigest(), [str(error)])


class FrameGate:
    """Holds frames read back against the scan, one after another, and adds up what they hold."""

    def __init__(self, start_frame: int) -> None:
        """start_frame: the scan's frame that is the first."""
        self.frames = 0
        self._start_frame = start_frame
        self._totals = Totals()
        self._digest = FrameDigest()
        self._violations: list[str] = []
        self._unspoken = 0

    @property
    def next_frame(self) -> int:
        """The scan's number of the frame to be checked next."""
        return self._start_frame + self.frames

    @property
    def broken(self) -> bool:
        """Whether a frame checked so far breaks the gate."""
        return bool(self._violations)

    def check(self, original: Picture, picture: Picture, frame_map: FrameMap) -> str:
        """Check the next frame; the MD5 of its picture."""
        found = check_frame(original, picture, frame_map, frame=self.next_frame)
        spoken = found[: MOST_MESSAGES - len(self._violations)]
        self._violations += spoken
        self._unspoken += len(found) - len(spoken)
        self._totals += Totals.count(frame_map)
        md5 = picture_md5(picture)
        self._digest.add(md5)
        self.frames += 1
        return md5

    def found(self) -> ReadBack:
        more = [f"and {self._unspoken} more"] if self._unspoken else []
        violations = [*self._violations, *more]
        return ReadBack(self.frames, self._totals, self._digest.hexdigest(), violations)


def compare_with_written(found: ReadBack, written: Recorded) -> list[str]:
    """Every difference between the files and what was meant to be in them."""
    problems = []
    if found.frames != written.frames:
        problems.append(f"{written.frames} frames were written, {found.frames} read back")
    if found.framemd5 != written.framemd5:
        problems.append("the pictures read back have other MD5s than those written")
    if found.totals != written.totals:
        problems.append("the map read back has other totals than the one written")
    return problems


def _read_back(
    scan: PictureFrames,
    pictures: PictureFrames,
    maps: MapReader,
    start_frame: int,
    on_frame: Callable[[int, str], None],
) -> ReadBack:
    frames = len(pictures)
    violations = []
    if len(maps) != frames:
        violations.append(
            f"the map has {len(maps)} frames, the picture {frames}; one of them is another take's"
        )
    if start_frame + frames > len(scan):
        violations.append(f"the take ends at frame {start_frame + frames}, the scan at {len(scan)}")
    if violations:
        return ReadBack(frames, Totals(), FrameDigest().hexdigest(), violations)
    gate = FrameGate(start_frame)
    together = _side_by_side(
        scan.frames(start_frame, start_frame + frames),
        pictures.frames(0, frames),
        maps.frames(sources=False),
    )
    for original, picture, frame_map in together:
        md5 = gate.check(original, picture, frame_map)
        on_frame(gate.frames, md5)
    found = gate.found()
    if gate.frames < frames:
        found.violations.append(f"only {gate.frames} of {frames} frames could be decoded")
    return found


_Ahead = tuple[Future[Picture | None], Future[Picture | None], Future[FrameMap | None]]


def _side_by_side(
    scan: Iterator[Picture], pictures: Iterator[Picture], maps: Iterator[FrameMap]
) -> Iterator[tuple[Picture, Picture, FrameMap]]:
    """The three decoded at the same time, one frame ahead, to the end of the shortest."""
    with pool(3, "read-back") as beside:

        def begin() -> _Ahead:
            return (
                beside.submit(next, scan, None),
                beside.submit(next, pictures, None),
                beside.submit(next, maps, None),
            )

        with held():
            ahead = begin()
        while True:
            with held():
                original, picture, frame_map = (
                    ahead[0].result(),
                    ahead[1].result(),
                    ahead[2].result(),
                )
                if original is None or picture is None or frame_map is None:
                    return
                ahead = begin()
            yield original, picture, frame_map
