"""Put in each defect what one neighbour shows there, code value for code value.

Each defect (large ones in blocks) is copied from one neighbour at one whole-pixel displacement, so
that grain stays grain and every value can be read again at its recorded source. The displacement
follows the flow around the defect and is refined to where the ring around it fits best. Where no
neighbour fits, the hole is closed from its own surroundings and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat, Plane
from restoration.imaging.luma import Luma, analysis_luma
from restoration.provenance import Label, Sources
from restoration.stages.repair.detect import Mask
from restoration.stages.repair.line_mend import MendedLines
from restoration.stages.repair.views import Motion, View

_BLOCK = 32
_RING = 4
_SEARCH = 2


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """A frame that values may be copied from. damaged: (H, W) bool, its own defects."""

    view: View
    motion: Motion
    damaged: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """A repaired picture with the labels of the repair."""

    picture: Picture
    structure: npt.NDArray[np.uint8]
    colour: npt.NDArray[np.uint8]
    sources: Sources | None
    defects: int
    adjusted: int
    recovered: int
    synthesised: int


@dataclass(frozen=True, slots=True)
class _Choice:
    offset: int
    dy: int
    dx: int
    error: float


def align_to_chroma(mask: Mask, pixel: PixelFormat) -> Mask:
    """Grow the mask to whole chroma samples, so that luma and chroma are repaired together."""
    step_y, step_x = 1 << pixel.chroma_shift_y, 1 << pixel.chroma_shift_x
    if step_y == step_x == 1:
        return mask
    height, width = mask.shape
    rows, columns = -(-height // step_y), -(-width // step_x)
    padded = np.zeros((rows * step_y, columns * step_x), bool)
    padded[:height, :width] = mask
    samples = padded.reshape(rows, step_y, columns, step_x).any(axis=(1, 3))
    grown = samples.repeat(step_y, axis=0).repeat(step_x, axis=1)
    return np.ascontiguousarray(grown[:height, :width])


def fill_defects(
    here: View, mask: Mask, neighbours: Sequence[Neighbour], lines: MendedLines | None = None
) -> Filled:
    """Repair the masked pixels and the lines; every other code value is handed on untouched.

    Args:
        mask: (H, W) bool, already aligned to whole chroma samples.
        lines: what was done about lines; what they hide is copied like any defect if it can be.
    """
    before = here.picture
    if lines is not None:
        mask = mask | align_to_chroma(lines.opaque, before.pixel)
        mended = Picture(before.pixel, tuple(lines.planes))
        here = replace(here, picture=mended, full=analysis_luma(mended))
    height, width = mask.shape
    offset = np.zeros((height, width), np.int8)
    dy = np.zeros((height, width), np.int16)
    dx = np.zeros((height, width), np.int16)
    unknown = mask.copy()
    planes = [plane.copy() for plane in here.picture.planes]
    by_offset = {neighbour.motion.offset: neighbour for neighbour in neighbours}
    for box, part in _pieces(mask):
        choice = _choose(here.full, mask, box, part, neighbours)
        if choice is None:
            continue
        offset[box][part], dy[box][part], dx[box][part] = choice.offset, choice.dy, choice.dx
        unknown[box][part] = False
        source = by_offset[choice.offset].view.picture
        _copy(planes, source, box, part, choice, here.picture.pixel)
    if unknown.any():
        _close(planes, unknown, None if lines is None else lines.opaque, before.pixel)
    sources = Sources(offset, dy, dx)
    return _label(before, planes, mask, unknown, sources)


Box = tuple[slice, slice]


def _pieces(mask: Mask) -> Iterator[tuple[Box, Mask]]:
    """Connected defects, large ones cut into blocks of a fixed grid; box and mask within it."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for part in range(1, count):
        left, top, width, height, _ = (int(value) for value in stats[part])
        for y in range(top - top % _BLOCK if height > _BLOCK else top, top + height, _BLOCK):
            for x in range(left - left % _BLOCK if width > _BLOCK else left, left + width, _BLOCK):
                box = (
                    slice(max(y, top), min(y + _BLOCK, top + height)),
                    slice(max(x, left), min(x + _BLOCK, left + width)),
                )
                inside = parts[box] == part
                if inside.any():
                    yield box, inside


def _choose(
    luma: Luma, mask: Mask, box: Box, part: Mask, neighbours: Sequence[Neighbour]
) -> _Choice | None:
    """The neighbour and displacement whose surroundings fit best, if any fits."""
    height, width = mask.shape
    rows, columns = box
    outer = (
        slice(max(rows.start - _RING, 0), min(rows.stop + _RING, height)),
        slice(max(columns.start - _RING, 0), min(columns.stop + _RING, width)),
    )
    ring = ~mask[outer]
    if ring.sum() < 8:
        return None
    best: _Choice | None = None
    for neighbour in neighbours:
        choice = _best_place(luma, box, part, outer, ring, neighbour)
        if choice is not None and (best is None or choice.error < best.error):
            best = choice
    if best is None or best.error > 6.0 + 0.5 * float(luma[outer][ring].std()):
        return None
    return best


def _best_place(
    luma: Luma, box: Box, part: Mask, outer: Box, ring: Mask, neighbour: Neighbour
) -> _Choice | None:
    height, width = luma.shape
    flow = _usual_flow(neighbour.motion, outer, ring, luma.shape)
    other, damaged = neighbour.view.full, neighbour.damaged
    wanted = luma[outer]
    best: _Choice | None = None
    for dy in range(flow[1] - _SEARCH, flow[1] + _SEARCH + 1):
        top, bottom = outer[0].start + dy, outer[0].stop + dy
        if top < 0 or bottom > height:
            continue
        for dx in range(flow[0] - _SEARCH, flow[0] + _SEARCH + 1):
            left, right = outer[1].start + dx, outer[1].stop + dx
            if left < 0 or right > width:
                continue
            hole = damaged[
                box[0].start + dy : box[0].stop + dy, box[1].start + dx : box[1].stop + dx
            ]
            if (hole & part).any():
                continue
            error = float(np.abs(other[top:bottom, left:right] - wanted)[ring].mean())
            if best is None or error < best.error:
                best = _Choice(neighbour.motion.offset, int(dy), int(dx), error)
    return best


def _usual_flow(
    motion: Motion, outer: Box, ring: Mask, shape: tuple[int, ...]
) -> npt.NDArray[np.int_]:
    """Median (dx, dy) around a defect, in whole pixels of the full size."""
    rows, columns = np.nonzero(ring)
    scale_y, scale_x = shape[0] / motion.flow.shape[0], shape[1] / motion.flow.shape[1]
    y = ((rows + outer[0].start) / scale_y).astype(int)
    x = ((columns + outer[1].start) / scale_x).astype(int)
    flow = np.median(motion.flow[y, x], axis=0)
    return np.asarray(np.rint(flow * (scale_x, scale_y)), np.int_)


def _copy(
    planes: list[Plane], source: Picture, box: Box, part: Mask, choice: _Choice, pixel: PixelFormat
) -> None:
    rows, columns = np.nonzero(part)
    rows, columns = rows + box[0].start, columns + box[1].start
    light = 3 if pixel.model == "rgb" else 1
    for index in range(light):
        planes[index][rows, columns] = source.planes[index][rows + choice.dy, columns + choice.dx]
    shift_y, shift_x = pixel.chroma_shift_y, pixel.chroma_shift_x
    for index in range(light, len(planes)):
        y, x = rows >> shift_y, columns >> shift_x
        planes[index][y, x] = source.planes[index][
            y + (choice.dy >> shift_y), x + (choice.dx >> shift_x)
        ]


def _close(planes: list[Plane], unknown: Mask, joined: Mask | None, pixel: PixelFormat) -> None:
    """Close holes from their surroundings (Telea 2004), plane by plane.

    joined: where the planes of light hold what lies under a line already.
    """
    for index, plane in enumerate(planes):
        if pixel.model == "yuv" and index > 0:
            hole = unknown[:: 1 << pixel.chroma_shift_y, :: 1 << pixel.chroma_shift_x]
        else:
            hole = unknown if joined is None else unknown & ~joined
        if not hole.any():
            continue
        closed = cv2.inpaint(plane, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        plane[hole] = closed[hole]


def _label(
    before: Picture, planes: list[Plane], mask: Mask, unknown: Mask, sources: Sources
) -> Filled:
    """Label what changed; a value that came out the same is still the scan's own."""
    pixel = before.pixel
    wrote = np.where(mask, np.uint8(Label.RECOVERED), np.uint8(Label.ADJUSTED))
    wrote[unknown] = Label.SYNTHESISED
    changed = [old != new for old, new in zip(before.planes, planes, strict=True)]
    if pixel.model == "rgb":
        structure = np.where(changed[0] | changed[1] | changed[2], wrote, np.uint8(0))
        colour = structure
    else:
        structure = np.where(changed[0], wrote, np.uint8(0))
        colour = np.zeros_like(structure)
    if pixel.model == "yuv":
        moved = (changed[1] | changed[2]).repeat(1 << pixel.chroma_shift_y, axis=0)
        moved = moved.repeat(1 << pixel.chroma_shift_x, axis=1)[: mask.shape[0], : mask.shape[1]]
        colour = np.where(moved, wrote, np.uint8(0))
    unchanged = (structure == 0) & (colour == 0)
    for values in (sources.offset, sources.dy, sources.dx):
        values[unchanged] = 0
    return Filled(
        Picture(pixel, tuple(planes)),
        structure,
        colour,
        sources if sources.offset.any() else None,
        int(cv2.connectedComponents(mask.astype(np.uint8))[0]) - 1,
        int(np.count_nonzero(structure == Label.ADJUSTED)),
        int(np.count_nonzero(structure == Label.RECOVERED)),
        int(np.count_nonzero(structure == Label.SYNTHESISED)),
    )
