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
from restoration.imaging.luma import analysis_luma
from restoration.provenance import Label, Sources
from restoration.stages.repair.choosing import Box, Choice, Expected, Neighbour, choose_sources
from restoration.stages.repair.detect import Mask
from restoration.stages.repair.line_mend import MendedLines
from restoration.stages.repair.parts import Parts
from restoration.stages.repair.samples import align_to_chroma, gather, spread
from restoration.stages.repair.views import View

_BLOCK = 24


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


def fill_defects(
    here: View,
    mask: Mask,
    neighbours: Sequence[Neighbour],
    lines: MendedLines | None = None,
    expected: Expected | None = None,
    core: Mask | None = None,
) -> Filled:
    """Repair the masked pixels and the lines; every other code value is handed on untouched.

    Args:
        mask: (H, W) bool, already aligned to whole chroma samples.
        core: (H, W) bool, the defects before the mask was widened; None: the mask itself.
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
    chosen = (
        made
        for box, part in _pieces(mask)
        for made in choose_sources(here.full, mask, box, part, neighbours, expected)
    )
    for box, part, choice in chosen:
        if choice is None:
            continue
        offset[box][part], dy[box][part], dx[box][part] = choice.offset, choice.dy, choice.dx
        unknown[box][part] = False
        source = by_offset[choice.offset].view.picture
        _copy(planes, source, box, part, choice, here.picture.pixel)
    if unknown.any():
        _close(planes, unknown, None if lines is None else lines.opaque, before.pixel)
    if core is not None:
        gone = _put_back_loose(planes, here.picture, core if lines is None else core | lines.opaque)
        mask, unknown = mask & ~gone, unknown & ~gone
        offset[gone], dy[gone], dx[gone] = 0, 0, 0
    sources = Sources(offset, dy, dx)
    return _label(before, planes, mask, unknown, sources)


def _pieces(mask: Mask) -> Iterator[tuple[Box, Mask]]:
    """Connected defects, large ones cut into blocks of a fixed grid; box and mask within it."""
    parts = Parts.of(mask.view(np.uint8))
    for part, (left, top, width, height, _) in enumerate(parts.boxes.tolist()):
        if not part:
            continue
        for y in range(top - top % _BLOCK if height > _BLOCK else top, top + height, _BLOCK):
            for x in range(left - left % _BLOCK if width > _BLOCK else left, left + width, _BLOCK):
                box = (
                    slice(max(y, top), min(y + _BLOCK, top + height)),
                    slice(max(x, left), min(x + _BLOCK, left + width)),
                )
                inside = parts.labels[box] == part
                if inside.any():
                    yield box, inside


def _copy(
    planes: list[Plane], source: Picture, box: Box, part: Mask, choice: Choice, pixel: PixelFormat
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


def _put_back_loose(planes: list[Plane], before: Picture, core: Mask) -> Mask:
    """Leave as it was what changed around a defect without touching the defect. (H, W) bool: where.

    A mask is widened for soft edges. Where there is none, single grains of the copy differ from
    those of the scan, and there is no reason to take them.
    """
    pixel = before.pixel
    changed = np.zeros(core.shape, bool)
    for old, new in zip(before.planes, planes, strict=True):
        changed |= spread(old != new, core.shape, pixel)
    parts = Parts.of(changed.view(np.uint8))
    loose = np.ones(parts.count, bool)
    loose[parts.which[core.reshape(-1)[parts.places]]] = False
    gone = parts.only(loose).view(bool)
    if gone.any():
        for old, new in zip(before.planes, planes, strict=True):
            back = gather(gone, old.shape, pixel)
            new[back] = old[back]
    return gone


def _label(
    before: Picture, planes: list[Plane], mask: Mask, unknown: Mask, sources: Sources
) -> Filled:
    """Label what changed; a value that came out the same is still the scan's own."""
    pixel = before.pixel
    wrote = mask * np.uint8(Label.RECOVERED - Label.ADJUSTED)
    wrote += unknown * np.uint8(Label.SYNTHESISED - Label.RECOVERED) + np.uint8(Label.ADJUSTED)
    changed = [old != new for old, new in zip(before.planes, planes, strict=True)]
    if pixel.model == "rgb":
        structure = wrote * (changed[0] | changed[1] | changed[2])
        colour = structure
    else:
        structure = wrote * changed[0]
        colour = np.zeros_like(structure)
    if pixel.model == "yuv":
        moved = (changed[1] | changed[2]).repeat(1 << pixel.chroma_shift_y, axis=0)
        moved = moved.repeat(1 << pixel.chroma_shift_x, axis=1)[: mask.shape[0], : mask.shape[1]]
        colour = wrote * moved
    copied = (structure | colour) != 0
    for values in (sources.offset, sources.dy, sources.dx):
        values *= copied
    return Filled(
        Picture(pixel, tuple(planes)),
        structure,
        colour,
        sources if sources.offset.any() else None,
        int(cv2.connectedComponents(mask.view(np.uint8))[0]) - 1,
        int(np.count_nonzero(structure == Label.ADJUSTED)),
        int(np.count_nonzero(structure == Label.RECOVERED)),
        int(np.count_nonzero(structure == Label.SYNTHESISED)),
    )
