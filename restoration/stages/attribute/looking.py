"""Faces found now and then, and followed from frame to frame between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch

from restoration.stages.attribute.measured import Floats, Track
from restoration.stages.attribute.mesh import (
    Box,
    Mesh,
    Pixels,
    Placed,
    darkness,
    eye_distance,
    mouth,
)
from restoration.stages.attribute.mtcnn import Mtcnn

_SMALLEST = 24.0
"""Side of the smallest face that is looked for, in pixels of the picture that is looked at."""
_SAME = 0.3
"""Share of two boxes' union that they have in common if they are one face."""
_MISSES = 3
"""Detections in a row that may miss a face that is still followed."""
_FEWEST = 8
"""Frames of a track; shorter ones say nothing."""
_CHIPS, _APART = 3, 12
"""Best frames that are kept of a track, and frames between them."""
_CUT = 28.0
"""Mean change of 8-bit codes between thumbnails at which the picture is another one."""

Cut = Callable[[Pixels, Placed], Pixels]
"""Cuts the chip out that a face is told by."""


@dataclass(slots=True, eq=False)
class _Followed:
    placed: Placed
    first: int
    boxes: list[Box] = field(default_factory=list)
    mouths: list[tuple[float, float, float]] = field(default_factory=list)
    misses: int = 0
    chips: list[tuple[float, int, Pixels | None]] = field(default_factory=list)
    """How good, in which frame, what it shows."""


class Looker:
    """Fed frame by frame; gives tracks when their faces are gone."""

    def __init__(
        self,
        detector: Mtcnn,
        mesh: Mesh,
        *,
        every: int,
        cut_out: Cut | None,
        cuts: Iterable[int] = (),
    ) -> None:
        """every: frames from one detection to the next. cut_out: None: no chips are kept."""
        self._detector, self._mesh = detector, mesh
        self._every, self._cut_out = every, cut_out
        self._known_cuts = frozenset(cuts)
        self._live: list[_Followed] = []
        self._thumbnail: npt.NDArray[np.float32] | None = None
        self._since = 0
        self.cuts: list[int] = []
        self.done: list[tuple[Track, list[Pixels]]] = []

    def feed(self, number: int, picture: Pixels) -> None:
        """One frame: (H, W, 3) uint8 RGB; frames come in order."""
        if self._is_cut(number, picture):
            self.finish()
            self.cuts.append(number)
        self._follow(number, picture)
        if self._since == 0:
            self._detect(number, picture)
        self._since = (self._since + 1) % self._every

    def finish(self) -> None:
        """Close what is still followed; the next frame begins with a detection."""
        for face in self._live:
            self._close(face)
        self._live = []
        self._since = 0

    def _is_cut(self, number: int, picture: Pixels) -> bool:
        small = cv2.resize(picture, (32, 18), interpolation=cv2.INTER_AREA)
        now = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        before, self._thumbnail = self._thumbnail, now
        if number in self._known_cuts:
            return True
        # Flicker changes the level of the whole picture, a cut what is where.
        return (
            before is not None
            and float(np.abs((now - now.mean()) - (before - before.mean())).mean()) > _CUT
        )

    def _follow(self, number: int, picture: Pixels) -> None:
        kept = []
        for face in self._live:
            placed = self._mesh.place(picture, near=face.placed, box=None)
            if placed is None or _shared(placed.box, face.placed.box) < _SAME:
                self._close(face)
                continue
            self._note(face, number, picture, placed)
            kept.append(face)
        self._live = _without_doubles(kept)

    def _note(self, face: _Followed, number: int, picture: Pixels, placed: Placed) -> None:
        face.placed = placed
        face.boxes.append(placed.box)
        _, height, _, chin = mouth(placed.points)
        face.mouths.append((height, darkness(picture, placed.points), chin))
        good = eye_distance(placed.points) * placed.certainty * _frontal(placed)
        if face.chips and number - face.chips[-1][1] < _APART:
            return
        chip = None if self._cut_out is None else self._cut_out(picture, placed)
        face.chips.append((good, number, chip))
        if len(face.chips) > 4 * _CHIPS:
            face.chips = sorted(face.chips, key=lambda each: -each[0])[:_CHIPS]
            face.chips.sort(key=lambda each: each[1])

    def _detect(self, number: int, picture: Pixels) -> None:
        boxes = detect(self._detector, picture)
        for face in self._live:
            near = [box for box in boxes if _shared(box, face.placed.box) >= _SAME]
            face.misses = 0 if near else face.misses + 1
        for face in [each for each in self._live if each.misses >= _MISSES]:
            self._close(face)
            self._live.remove(face)
        for box in boxes:
            if any(_shared(box, face.placed.box) >= _SAME for face in self._live):
                continue
            placed = self._mesh.place(picture, near=None, box=box)
            if placed is None:
                continue
            face = _Followed(placed, number)
            self._note(face, number, picture, placed)
            self._live.append(face)

    def _close(self, face: _Followed) -> None:
        if len(face.boxes) < _FEWEST:
            return
        best = sorted(face.chips, key=lambda each: -each[0])[:_CHIPS]
        track = Track(
            number=len(self.done) + 1,
            first_frame=face.first,
            boxes=np.asarray(face.boxes, np.float32),
            mouth=np.asarray(face.mouths, np.float32),
            best_frame=best[0][1],
        )
        self.done.append((track, [chip for _, _, chip in best if chip is not None]))


def detect(detector: Mtcnn, picture: Pixels) -> list[Box]:
    """Boxes of the faces in a picture, the surest first."""
    codes = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()
    found = detector.find(codes, smallest=_SMALLEST)
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d, _ in found.tolist()]


def _without_doubles(faces: list[_Followed]) -> list[_Followed]:
    """Of two that ended up on one face, the older."""
    kept: list[_Followed] = []
    for face in sorted(faces, key=lambda each: each.first):
        if all(_shared(face.placed.box, other.placed.box) < 0.5 for other in kept):
            kept.append(face)
    return kept


def _shared(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _frontal(placed: Placed) -> float:
    """1 if the nose is midway between the eyes, less as the face turns."""
    nose, one, other = (placed.points[place] for place in (1, 33, 263))
    left, right = np.hypot(*(nose - one)), np.hypot(*(nose - other))
    return float(min(left, right) / max(left, right, 1e-6))


def scaled(track: Track, factor: tuple[float, float]) -> Track:
    """The track with its boxes in pixels of the scan."""
    wide, high = factor
    boxes: Floats = track.boxes * np.array([wide, high, wide, high], np.float32)
    track.boxes = boxes
    return track
