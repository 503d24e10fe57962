"""Places that a person drew: never touched, or put back as the scan has them.

A region is a polygon in the scan's luma pixels with a half-open range of the scan's frames, as
JSON: {"frames": [first, after last], "polygon": [[x, y], [x, y], [x, y]]}. Its edge belongs to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat
from restoration.stages.repair.samples import align_to_chroma

Mask = npt.NDArray[np.bool_]

MOST_POINTS, MOST_REGIONS = 2000, 2000
_FARTHEST = 100_000  # pixels; no scan is that large


@dataclass(frozen=True, slots=True)
class Region:
    """polygon: (x, y) of three corners or more; of one or two for a speck of as many pixels."""

    start: int
    stop: int
    polygon: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, value: Any) -> Region:
        """Raises: ValueError that says what a region is."""
        try:
            start, stop = (_whole(frame) for frame in value["frames"])
            polygon = tuple((_whole(x), _whole(y)) for x, y in value["polygon"])
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(
                'a region is {"frames": [first, after last], "polygon": [[x, y], ...]} in whole '
                f"numbers, not {str(value)[:120]}"
            ) from error
        if not 0 <= start < stop:
            raise ValueError(f"the frames of a region run from first to after last, not {value}")
        if not 1 <= len(polygon) <= MOST_POINTS:
            raise ValueError(f"a region has 1 to {MOST_POINTS} corners, not {len(polygon)}")
        if any(abs(place) > _FARTHEST for point in polygon for place in point):
            raise ValueError(f"a corner of a region lies beyond {_FARTHEST} pixels: {value}")
        return cls(start, stop, polygon)

    def as_json(self) -> dict[str, Any]:
        return {
            "frames": [self.start, self.stop],
            "polygon": [list(point) for point in self.polygon],
        }


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(value)
    return value


def parse_regions(name: str, values: Any) -> list[Region]:
    """Raises: ValueError naming the parameter."""
    if not isinstance(values, list | tuple):
        raise ValueError(f"{name} is a list of regions, not {str(values)[:120]!r}")
    if len(values) > MOST_REGIONS:
        raise ValueError(f"{name} has {len(values)} regions; {MOST_REGIONS} are the most")
    try:
        return [Region.parse(value) for value in values]
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def draw(regions: Sequence[Region], frame: int, shape: tuple[int, int]) -> Mask | None:
    """Where the regions of this frame lie, (H, W) bool; None if it has none."""
    here = [region for region in regions if region.start <= frame < region.stop]
    if not here:
        return None
    drawn = np.zeros(shape, np.uint8)
    for region in here:
        cv2.fillPoly(drawn, [np.array(region.polygon, np.int32)], 1)
    return drawn.astype(bool)


def spare(
    mask: Mask,
    frame: int,
    *,
    protect: Sequence[Region],
    undone: Sequence[Region],
    pixel: PixelFormat,
) -> Mask:
    """What is left of a repair mask when a person's regions are taken out of it.

    Nothing inside any region stays, nor anything that shares a chroma sample with one. A connected
    piece of the mask that lies mostly in an undone region goes as a whole, for the next run may
    draw its edge a little wider.
    """
    kept = mask
    undo = draw(undone, frame, mask.shape)
    if undo is not None:
        count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        area = np.bincount(parts.ravel(), minlength=count)
        inside = np.bincount(parts[undo], minlength=count)
        gone = inside * 2 >= area
        gone[0] = False
        kept = kept & ~gone[parts]
    for drawn in (undo, draw(protect, frame, mask.shape)):
        if drawn is not None:
            kept = kept & ~align_to_chroma(drawn, pixel)
    return kept


def drop_larger(mask: Mask, across: float) -> Mask:
    """Without the connected pieces whose area is more than that of a disc `across` pixels wide."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] <= np.pi / 4.0 * across**2
    kept[0] = False
    return np.asarray(kept[parts])
