"""What is drawn with a note: pen, arrow, box and region, as vectors. PURE.

Points are whole pixels (x, y) of the scan's luma plane, so that a drawing lies where it was made at
every size at which the picture is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

PEN, ARROW, BOX, REGION = "pen", "arrow", "box", "region"
POINTS = {PEN: (1, 500), ARROW: (2, 2), BOX: (2, 2), REGION: (3, 200)}
"""The fewest and the most points of each kind. An arrow points to its second; a box has opposite
corners; a region is closed from its last point to its first."""
MOST_SHAPES = 40
MOST_PATCHES = 150
"""Patches of colour that one shape becomes."""
_COLOUR = re.compile(r"#[0-9a-f]{6}")

Point = tuple[int, int]


class DrawingRefused(ValueError):
    """A drawing is not one; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Shape:
    kind: str
    points: tuple[Point, ...]
    colour: str = ""
    """`#rrggbb`, sRGB, where the shape proposes one; else empty."""

    @property
    def polygon(self) -> tuple[Point, ...]:
        """The corners of a box or a region; empty for what encloses nothing."""
        if self.kind == REGION:
            return self.points
        if self.kind != BOX:
            return ()
        (left, top), (right, bottom) = self.points
        return ((left, top), (right, top), (right, bottom), (left, bottom))

    @property
    def rgb(self) -> tuple[int, int, int] | None:
        if not self.colour:
            return None
        value = bytes.fromhex(self.colour[1:])
        return value[0], value[1], value[2]

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"kind": self.kind, "points": [list(each) for each in self.points]}
        return told | ({"colour": self.colour} if self.colour else {})


def parse(value: Any, *, width: int, height: int) -> list[Shape]:
    """Read a drawing from JSON values; what reaches beyond the picture is moved to its edge.

    Raises: DrawingRefused.
    """
    if not isinstance(value, list):
        raise DrawingRefused(f"a drawing is a list of shapes, not {str(value)[:60]!r}")
    if len(value) > MOST_SHAPES:
        raise DrawingRefused(f"a drawing has at most {MOST_SHAPES} shapes, not {len(value)}")
    return [_shape(each, width, height) for each in value]


def _shape(value: Any, width: int, height: int) -> Shape:
    if not isinstance(value, dict) or not {"kind", "points"} <= set(value):
        raise DrawingRefused('a shape is {"kind": ..., "points": [[x, y], ...]}')
    kind, points, colour = value["kind"], value["points"], value.get("colour", "")
    if not isinstance(kind, str) or kind not in POINTS:
        raise DrawingRefused(f"a shape is one of {', '.join(POINTS)}, not {str(kind)[:20]!r}")
    if set(value) - {"kind", "points", "colour"}:
        raise DrawingRefused("a shape has a kind, points and perhaps a colour, and nothing else")
    if colour and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise DrawingRefused("the colour of a shape is written like #b0523a")
    fewest, most = POINTS[kind]
    if not isinstance(points, list) or not fewest <= len(points) <= most:
        many = len(points) if isinstance(points, list) else 0
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise DrawingRefused(f"a shape of the kind {kind} has {wanted} points, not {many}")
    return Shape(kind, tuple(_point(each, width, height) for each in points), colour)


def _point(value: Any, width: int, height: int) -> Point:
    whole = isinstance(value, list) and len(value) == 2
    if not whole or any(isinstance(each, bool) or not isinstance(each, int) for each in value):
        raise DrawingRefused(f"a point is [x, y] in whole pixels, not {str(value)[:40]}")
    x, y = value
    return min(max(x, 0), width - 1), min(max(y, 0), height - 1)


def patches(shape: Shape, brush: int = 8) -> tuple[int, list[Point]]:
    """Side and centres of square patches of colour that fill a shape and reach nowhere beyond it.

    Args:
        brush: the side along a pen's stroke.
    """
    if shape.kind == PEN:
        return brush, _along(shape.points, brush)
    polygon = np.array(shape.polygon or shape.points, np.int32)
    left, top, width, height = cv2.boundingRect(polygon)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [polygon - (left, top)], 1)
    side = max(1, int(np.ceil(np.sqrt(mask.sum() / MOST_PATCHES))))
    while side > 1 and not _inside(mask, side):
        side -= 1
    places = [(left + x + side // 2, top + y + side // 2) for x, y in _inside(mask, side)]
    return side, places[:: max(1, -(-len(places) // MOST_PATCHES))]


def _inside(mask: np.ndarray[Any, Any], side: int) -> list[Point]:
    height, width = mask.shape
    return [
        (x, y)
        for y in range(0, height - side + 1, side)
        for x in range(0, width - side + 1, side)
        if mask[y : y + side, x : x + side].all()
    ]


def _along(points: Sequence[Point], brush: int) -> list[Point]:
    """Points of a stroke that lie at least three quarters of a brush apart."""
    kept = [points[0]]
    for x, y in points[1:]:
        if (x - kept[-1][0]) ** 2 + (y - kept[-1][1]) ** 2 >= (0.75 * brush) ** 2:
            kept.append((x, y))
    return kept[:MOST_PATCHES]


def in_words(shapes: Sequence[Shape]) -> str:
    """Such as `2 arrows, 1 region`; empty for nothing."""
    counts = {kind: sum(each.kind == kind for each in shapes) for kind in POINTS}
    plurals = {PEN: "pen strokes", ARROW: "arrows", BOX: "boxes", REGION: "regions"}
    singles = {PEN: "pen stroke"}
    return ", ".join(
        f"{count} {plurals[kind] if count > 1 else singles.get(kind, kind)}"
        for kind, count in counts.items()
        if count
    )
