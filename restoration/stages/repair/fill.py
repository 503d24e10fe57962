"""Put in each defect what one neighbour shows there, code value for code value.

Each defect (large ones in blocks) is copied from one neighbour at one whole-pixel displacement, so
that grain stays grain and every value can be read again at its recorded source. The displacement
follows the flow around the defect and is refined to where the ring around it fits best. Where no
neighbour fits, the hole is closed from its own surroundings and says so, unless a person asked for
a neighbour there (`asking`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat, Plane
from restoration.imaging.luma import Luma, analysis_luma
from restoration.provenance import Label, Sources
from restoration.stages.repair.asking import asked_of, choose_asked
from restoration.stages.repair.choosing import (
    Expected,
    Neighbour,
    Pieces,
    choose_sources,
    write_sources,
)
from restoration.stages.repair.detect import Mask
from restoration.stages.repair.line_mend import MendedLines
from restoration.stages.repair.parts import Parts, Places, places_of
from restoration.stages.repair.samples import align_to_chroma, gather, spread
from restoration.stages.repair.views import View

_ABOUT = 8  # pixels around a hole that it is closed from


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
    asked: Mask | None = None,
) -> Filled:
    """Repair the masked pixels and the lines; every other code value is handed on untouched.

    Args:
        mask: (H, W) bool, already aligned to whole chroma samples.
        core: (H, W) bool, the defects before the mask was widened; None: the mask itself.
        lines: what was done about lines; what they hide is copied like any defect if it can be.
        asked: (H, W) bool, where a person asked for a neighbour; None: nowhere.
    """
    before, luma = here.picture, here.full
    if lines is not None:
        mask = mask | align_to_chroma(lines.opaque, before.pixel)
        here = replace(here, picture=Picture(before.pixel, tuple(lines.planes)))
        luma = analysis_luma(here.picture)
    parts = Parts.of(mask.view(np.uint8))
    pieces = choose_sources(luma, parts, neighbours, expected)
    sources, unknown = _maps(parts, pieces, neighbours)
    if asked is not None and unknown.any():
        wanted = asked_of(unknown, asked, before.pixel)
        _ask(luma, mask, wanted, neighbours, sources, unknown)
    planes = [plane.copy() for plane in here.picture.planes]
    for neighbour in neighbours:
        at = parts.places[sources.offset.reshape(-1)[parts.places] == neighbour.motion.offset]
        _copy(planes, neighbour.view.picture, at, sources, here.picture.pixel)
    if unknown.any():
        _close(planes, unknown, None if lines is None else lines.opaque, before.pixel)
    if core is not None:
        gone = _put_back_loose(planes, here.picture, core if lines is None else core | lines.opaque)
        mask = mask.copy()
        for values in (mask, unknown, sources.offset, sources.dy, sources.dx):
            values.reshape(-1)[gone] = 0
    return _label(before, planes, mask, unknown, sources)


def _maps(parts: Parts, pieces: Pieces, neighbours: Sequence[Neighbour]) -> tuple[Sources, Mask]:
    """Where each pixel is copied from, and (H, W) bool where from nowhere."""
    shape = parts.labels.shape
    sources = Sources(
        np.zeros(shape, np.int8), np.zeros(shape, np.int16), np.zeros(shape, np.int16)
    )
    unknown = (parts.labels != 0).view(np.uint8)
    _write(parts.labels, pieces, neighbours, sources, unknown)
    return sources, unknown.view(bool)


def _ask(
    luma: Luma,
    mask: Mask,
    wanted: Mask,
    neighbours: Sequence[Neighbour],
    sources: Sources,
    unknown: Mask,
) -> None:
    """Take from a neighbour what a person wants of what nothing fits, where one has it."""
    if wanted.any():
        labels, pieces = choose_asked(luma, wanted, mask, neighbours)
        _write(labels, pieces, neighbours, sources, unknown.view(np.uint8))


def _write(
    labels: npt.NDArray[np.integer],
    pieces: Pieces,
    neighbours: Sequence[Neighbour],
    sources: Sources,
    unknown: npt.NDArray[np.uint8],
) -> None:
    write_sources(
        labels,
        pieces.boxes,
        pieces.which,
        pieces.sources,
        np.array([neighbour.motion.offset for neighbour in neighbours], np.int64),
        sources.offset,
        sources.dy,
        sources.dx,
        unknown,
    )


def _copy(
    planes: list[Plane], source: Picture, at: Places, sources: Sources, pixel: PixelFormat
) -> None:
    """Copy the places from where the maps say that they come from."""
    rows, columns = np.divmod(at, sources.dy.shape[1])
    dy, dx = sources.dy.reshape(-1)[at], sources.dx.reshape(-1)[at]
    light = 3 if pixel.model == "rgb" else 1
    for index, (plane, other) in enumerate(zip(planes, source.planes, strict=True)):
        down = pixel.chroma_shift_y if index >= light else 0
        across = pixel.chroma_shift_x if index >= light else 0
        y, x = rows >> down, columns >> across
        plane[y, x] = other[y + (dy >> down), x + (dx >> across)]


def _close(planes: list[Plane], unknown: Mask, joined: Mask | None, pixel: PixelFormat) -> None:
    """Close holes from their surroundings (Telea 2004), plane by plane, each where it lies.

    joined: where the planes of light hold what lies under a line already.
    """
    for index, plane in enumerate(planes):
        if pixel.model == "yuv" and index > 0:
            hole = unknown[:: 1 << pixel.chroma_shift_y, :: 1 << pixel.chroma_shift_x]
        else:
            hole = unknown if joined is None else unknown & ~joined
        wide = cv2.dilate(
            hole.astype(np.uint8), np.ones((2 * _ABOUT + 1, 2 * _ABOUT + 1), np.uint8)
        )
        for left, top, width, height, _ in Parts.of(np.asarray(wide, np.uint8)).boxes[1:].tolist():
            box = (slice(top, top + height), slice(left, left + width))
            inside = hole[box]
            closed = cv2.inpaint(plane[box], inside.astype(np.uint8), 3, cv2.INPAINT_TELEA)
            # Steep light is carried on past white, which no code of 10 or 12 bit may be.
            plane[box][inside] = np.minimum(closed[inside], pixel.peak)


def _put_back_loose(planes: list[Plane], before: Picture, core: Mask) -> Places:
    """Leave as it was what changed around a defect without touching the defect. Returns: where.

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
    at: Places = parts.places[loose[parts.which]]
    if not len(at):
        return at
    for old, new in zip(before.planes, planes, strict=True):
        if new.shape == core.shape:
            new.reshape(-1)[at] = old.reshape(-1)[at]
        else:
            back = gather(parts.only(loose).view(bool), old.shape, pixel)
            new[back] = old[back]
    return at


def _label(
    before: Picture, planes: list[Plane], mask: Mask, unknown: Mask, sources: Sources
) -> Filled:
    """Label what changed; a value that came out the same is still the scan's own."""
    pixel = before.pixel
    parts = Parts.of(np.ascontiguousarray(mask).view(np.uint8))
    changed = [old != new for old, new in zip(before.planes, planes, strict=True)]
    if pixel.model == "rgb":
        structure = _written(changed[0] | changed[1] | changed[2], mask, unknown)
        colour = structure
    else:
        structure = _written(changed[0], mask, unknown)
        colour = np.zeros_like(structure)
    if pixel.model == "yuv":
        moved = spread(changed[1] | changed[2], mask.shape, pixel)
        colour = _written(moved, mask, unknown)
    same = (structure.reshape(-1)[parts.places] | colour.reshape(-1)[parts.places]) == 0
    for values in (sources.offset, sources.dy, sources.dx):
        values.reshape(-1)[parts.places[same]] = 0
    return Filled(
        Picture(pixel, tuple(planes)),
        structure,
        colour,
        sources if sources.offset.any() else None,
        parts.count - 1,
        int(np.count_nonzero(structure == Label.ADJUSTED)),
        int(np.count_nonzero(structure == Label.RECOVERED)),
        int(np.count_nonzero(structure == Label.SYNTHESISED)),
    )


def _written(changed: Mask, mask: Mask, unknown: Mask) -> npt.NDArray[np.uint8]:
    """The label of each value that changed, (H, W); 0 elsewhere."""
    labels = np.zeros(mask.shape, np.uint8)
    at = places_of(np.ascontiguousarray(changed).view(np.uint8))
    made = np.where(mask.reshape(-1)[at], np.uint8(Label.RECOVERED), np.uint8(Label.ADJUSTED))
    made[unknown.reshape(-1)[at]] = Label.SYNTHESISED
    labels.reshape(-1)[at] = made
    return labels
