"""What stabilise did to a frame, in integers, and how to do it again, or take it back.

A record holds `x`, `y` in 1/65536 pixel and `turn` in 1/2**30 radian: where each place (column,
row) of the result is read in the input, both counted from the middle of `area`:

    read = (cos turn, -sin turn; sin turn, cos turn) place + (x, y)

and `area`, [left, top, width, height] in luma pixels, outside which nothing is touched. Places that
would be read outside it keep the input's value. Values in between are read by Lanczos's kernel over
8 x 8 samples (OpenCV's `remap`, places in 1/32 of a sample). Taken back, the transform is the
opposite one, read in the result; what was read twice in between is a little softer than before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat, Plane

UNIT, TURN = 1 << 16, 1 << 30
TAPS = 4
"""Samples to each side that a value is read from."""

Area = tuple[int, int, int, int]
Places = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Move:
    """One frame's transform; see the module."""

    x: int
    y: int
    turn: int
    area: Area

    @classmethod
    def of(cls, x: float, y: float, turn: float, area: Area) -> Move:
        """From pixels and radians."""
        return cls(round(x * UNIT), round(y * UNIT), round(turn * TURN), area)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Move:
        left, top, width, height = (int(value) for value in values["area"])
        return cls(
            int(values["x"]), int(values["y"]), int(values["turn"]), (left, top, width, height)
        )

    @property
    def is_none(self) -> bool:
        return not (self.x or self.y or self.turn)

    def as_json(self) -> dict[str, Any]:
        return {"x": self.x, "y": self.y, "turn": self.turn, "area": list(self.area)}

    def reversed(self) -> Move:
        """The transform that takes this one back."""
        angle = -self.turn / TURN
        cos, sin = np.cos(angle), np.sin(angle)
        x = -(cos * self.x - sin * self.y)
        y = -(sin * self.x + cos * self.y)
        return Move(round(float(x)), round(float(y)), -self.turn, self.area)

    def farthest(self) -> float:
        """Pixels by which it moves the corner that it moves most."""
        _, _, width, height = self.area
        corner = float(np.hypot(width, height)) / 2 * abs(self.turn) / TURN
        return float(np.hypot(self.x, self.y)) / UNIT + corner

    def places(self) -> tuple[Places, Places]:
        """Column and row of the picture in which each place of the area is read, (h, w) both."""
        left, top, width, height = self.area
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        columns = np.arange(width) - middle_x
        rows = (np.arange(height) - middle_y)[:, None]
        cos, sin = np.cos(self.turn / TURN), np.sin(self.turn / TURN)
        x = cos * columns - sin * rows + self.x / UNIT + middle_x + left
        y = sin * columns + cos * rows + self.y / UNIT + middle_y + top
        return x.astype(np.float32), y.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A moved picture. covered: (height, width) bool of the whole picture, where it was moved."""

    picture: Picture
    covered: npt.NDArray[np.bool_]


def apply_recorded(picture: Picture, record: Mapping[str, Any]) -> Picture:
    """Do to the input frame what the record (an entry of `facts["frames"]`) says was done."""
    return move(picture, Move.from_json(record)).picture


def take_back(picture: Picture, record: Mapping[str, Any]) -> Picture:
    """The input frame again, from the take's, as nearly as it can be had."""
    return move(picture, Move.from_json(record).reversed()).picture


def move(picture: Picture, by: Move) -> Moved:
    """Move the area of every plane; the planes of an unmoved picture are handed on as they are."""
    covered = np.zeros((picture.height, picture.width), np.bool_)
    if by.is_none:
        return Moved(picture, covered)
    left, top, width, height = by.area
    x, y = by.places()
    inside = (x >= left) & (x <= left + width - 1) & (y >= top) & (y <= top + height - 1)
    inside = _whole_samples(inside, picture.pixel)
    covered[top : top + height, left : left + width] = inside
    planes = tuple(
        _move_plane(plane, picture.pixel, by, covered, is_chroma=_is_chroma(picture.pixel, number))
        for number, plane in enumerate(picture.planes)
    )
    return Moved(Picture(picture.pixel, planes), covered)


def _whole_samples(inside: npt.NDArray[np.bool_], pixel: PixelFormat) -> npt.NDArray[np.bool_]:
    """Only whole chroma samples, so that luma and chroma move together."""
    if pixel.model != "yuv":
        return inside
    down, right = 1 << pixel.chroma_shift_y, 1 << pixel.chroma_shift_x
    height, width = inside.shape
    padded = np.pad(inside, ((0, -height % down), (0, -width % right)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // down, down, padded.shape[1] // right, right)
    whole = blocks.all(axis=(1, 3)).repeat(down, axis=0).repeat(right, axis=1)
    return np.ascontiguousarray(whole[:height, :width])


def _is_chroma(pixel: PixelFormat, plane: int) -> bool:
    return pixel.model == "yuv" and plane > 0


def _move_plane(
    plane: Plane,
    pixel: PixelFormat,
    by: Move,
    covered: npt.NDArray[np.bool_],
    *,
    is_chroma: bool,
) -> Plane:
    down, right = (pixel.chroma_shift_y, pixel.chroma_shift_x) if is_chroma else (0, 0)
    left, top, width, height = by.area
    rows = slice(top >> down, -(-(top + height) >> down) or None)
    columns = slice(left >> right, -(-(left + width) >> right) or None)
    held = plane[rows, columns].astype(np.float32)
    x, y = by.places()
    step_y, step_x = 1 << down, 1 << right
    # A sample lies at the middle of the luma pixels that it covers; it moves as its top left one.
    x, y = x[::step_y, ::step_x] - left, y[::step_y, ::step_x] - top
    x = x[: held.shape[0], : held.shape[1]] / np.float32(step_x)
    y = y[: held.shape[0], : held.shape[1]] / np.float32(step_y)
    read = cv2.remap(held, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    codes = np.clip(np.rint(read), 0, pixel.peak).astype(plane.dtype)
    moved: Plane = plane.copy()
    where = covered[::step_y, ::step_x][rows, columns]
    moved[rows, columns] = np.where(where, codes, plane[rows, columns])
    return moved
