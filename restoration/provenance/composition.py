"""The map of a stage's result: its own labels joined with the maps of what it read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat
from restoration.provenance.labels import (
    FrameMap,
    Label,
    Labels,
    ProvenanceError,
    Sources,
    first_place,
    label_problems,
)


def compose(operation: FrameMap, inputs: Callable[[int], FrameMap], pixel: PixelFormat) -> FrameMap:
    """The map of a stage's result from its operation and the maps of what it read.

    A pixel's label is the maximum of its operation's label and of the labels of the pixels whose
    value it carries: its source if one is recorded, else its own place. HUMAN without a source
    carries nothing: the person entered the value. SYNTHESISED does not say what it mixed in, so
    its own place counts. Sources add up: the result points to where a value first came from.

    Args:
        operation: the stage's own labels; ORIGINAL means "same code value as the stage's input".
        inputs: gives the input's map so many frames away; called with 0 and each recorded offset.
    Raises: ProvenanceError for labels and sources that cannot be: ORIGINAL from elsewhere,
        RECOVERED from nowhere, places outside the picture, planes that disagree.
    """
    _check_operation(operation, pixel)
    here = inputs(0)
    if operation.structure.shape != here.structure.shape:
        raise ProvenanceError(
            f"the operation's map is {_size(operation.structure)}, its input's "
            f"{_size(here.structure)}; carry the labels over with resample_labels first"
        )
    moved = operation.sources is not None or operation.colour_sources is not None
    if not moved and here.sources is None and here.colour_sources is None:
        return FrameMap(
            _carry_in_place(operation.structure, here.structure),
            _carry_in_place(operation.colour, here.colour),
        )
    luma = _compose_luma(operation, inputs)
    if pixel.model != "yuv":
        # One set of code values: colour goes with structure (RGB) or there is none (grey).
        colour = luma[0] if pixel.model == "rgb" else here.colour
        return FrameMap(luma[0], colour.copy(), _unless_nowhere(luma[1]))
    chroma = _compose_chroma(operation, inputs, pixel)
    height, width = here.structure.shape
    return join_sources(
        FrameMap(luma[0], _spread(chroma[0], height, width, pixel)), luma[1], chroma[1], pixel
    )


def structure_sources(frame_map: FrameMap) -> Sources:
    """Where each luma value came from, (H, W); zeros where it is its own place's."""
    shape = frame_map.structure.shape
    return _where(frame_map.sources, frame_map.structure != Label.ORIGINAL, shape)


def colour_sources(frame_map: FrameMap, pixel: PixelFormat) -> Sources:
    """Where each chroma sample came from, at the chroma plane's size and in its samples."""
    step_y, step_x = 1 << pixel.chroma_shift_y, 1 << pixel.chroma_shift_x
    labels = frame_map.colour[::step_y, ::step_x]
    recorded = frame_map.colour_sources or frame_map.sources
    if recorded is None:
        return _nowhere(labels.shape)
    corner = Sources(
        recorded.offset[::step_y, ::step_x],
        recorded.dy[::step_y, ::step_x] >> pixel.chroma_shift_y,
        recorded.dx[::step_y, ::step_x] >> pixel.chroma_shift_x,
    )
    return _where(corner, labels != Label.ORIGINAL, labels.shape)


def join_sources(
    frame_map: FrameMap, luma: Sources, chroma: Sources, pixel: PixelFormat
) -> FrameMap:
    """Record both planes' sources in one `Sources` if that says the same, else in two.

    Args:
        luma: as `structure_sources` gives it.
        chroma: as `colour_sources` gives it.
    """
    step_y, step_x = 1 << pixel.chroma_shift_y, 1 << pixel.chroma_shift_x
    one = Sources(luma.offset.copy(), luma.dy.copy(), luma.dx.copy())
    free = frame_map.structure[::step_y, ::step_x] == Label.ORIGINAL
    one.offset[::step_y, ::step_x][free] = chroma.offset[free]
    one.dy[::step_y, ::step_x][free] = chroma.dy[free] << pixel.chroma_shift_y
    one.dx[::step_y, ::step_x][free] = chroma.dx[free] << pixel.chroma_shift_x
    joined = FrameMap(frame_map.structure, frame_map.colour, _unless_nowhere(one))
    if _same(colour_sources(joined, pixel), chroma):
        return joined
    height, width = frame_map.structure.shape
    apart = Sources(
        _spread(chroma.offset, height, width, pixel),
        _spread(chroma.dy << pixel.chroma_shift_y, height, width, pixel),
        _spread(chroma.dx << pixel.chroma_shift_x, height, width, pixel),
    )
    return FrameMap(frame_map.structure, frame_map.colour, luma, apart)


def _carry_in_place(operation: Labels, held: Labels) -> Labels:
    carried = np.maximum(operation, held)
    human = operation == Label.HUMAN
    if human.any():
        carried[human] = Label.HUMAN
    return carried


def _compose_luma(operation: FrameMap, inputs: Callable[[int], FrameMap]) -> tuple[Labels, Sources]:
    return _gather(
        operation.structure,
        structure_sources(operation),
        lambda offset: (inputs(offset).structure, structure_sources(inputs(offset))),
        "structure",
    )


def _compose_chroma(
    operation: FrameMap, inputs: Callable[[int], FrameMap], pixel: PixelFormat
) -> tuple[Labels, Sources]:
    step_y, step_x = 1 << pixel.chroma_shift_y, 1 << pixel.chroma_shift_x

    def read(offset: int) -> tuple[Labels, Sources]:
        held = inputs(offset)
        return held.colour[::step_y, ::step_x], colour_sources(held, pixel)

    labels = operation.colour[::step_y, ::step_x]
    return _gather(labels, colour_sources(operation, pixel), read, "colour")


def _gather(
    labels: Labels,
    sources: Sources,
    read: Callable[[int], tuple[Labels, Sources]],
    plane: str,
) -> tuple[Labels, Sources]:
    """Labels and sources of one plane at its own resolution, every displacement in its samples."""
    held, held_sources = read(0)
    carried = _carry_in_place(labels, held)
    # Values that were entered or made up at their own place come from nowhere else any more.
    kept = (labels == Label.ORIGINAL) | (labels == Label.ADJUSTED)
    joined = _where(held_sources, kept, labels.shape)
    away = np.flatnonzero((sources.offset != 0) | (sources.dy != 0) | (sources.dx != 0))
    offsets = sources.offset.ravel()[away]
    for offset in np.unique(offsets).tolist():
        at = away[offsets == offset]
        place = _place(sources, at, labels.shape, plane)
        there, there_sources = read(offset)
        carried.ravel()[at] = np.maximum(labels.ravel()[at], there.ravel()[place])
        joined.dy.ravel()[at] = sources.dy.ravel()[at] + there_sources.dy.ravel()[place]
        joined.dx.ravel()[at] = sources.dx.ravel()[at] + there_sources.dx.ravel()[place]
        total = offset + there_sources.offset.ravel()[place].astype(np.int16)
        if np.abs(total).max() > 127:
            raise ProvenanceError(
                "a value was copied on over more than 127 frames, which the map cannot record; "
                "run fewer stages that copy from neighbours, or shorter scenes"
            )
        joined.offset.ravel()[at] = total
    return carried, joined


def _place(
    sources: Sources, at: npt.NDArray[np.intp], shape: tuple[int, ...], plane: str
) -> npt.NDArray[np.intp]:
    """Flat index of each source, checked to lie inside the picture."""
    height, width = shape
    y = at // width + sources.dy.ravel()[at]
    x = at % width + sources.dx.ravel()[at]
    outside = (y < 0) | (y >= height) | (x < 0) | (x >= width)
    if outside.any():
        n = int(np.argmax(outside))
        raise ProvenanceError(
            f"the {plane} plane at y {at[n] // width}, x {at[n] % width} names a source outside "
            f"the picture (y {y[n]}, x {x[n]} of {height} x {width}); {outside.sum()} such pixels"
        )
    return y * width + x


def _check_operation(operation: FrameMap, pixel: PixelFormat) -> None:
    """Refuse labels and sources that no operation can have.

    Raises: ProvenanceError
    """
    problems = label_problems(operation, pixel)
    if problems:
        raise ProvenanceError("; ".join(problems))
    here = np.zeros_like(operation.structure, bool)
    for recorded in (operation.sources, operation.colour_sources):
        if recorded is not None:
            here |= (recorded.offset != 0) | (recorded.dy != 0) | (recorded.dx != 0)
    untouched = (operation.structure == Label.ORIGINAL) & (operation.colour == Label.ORIGINAL)
    if (here & untouched).any():
        y, x = first_place(here & untouched)
        raise ProvenanceError(
            f"ORIGINAL with a source elsewhere at y {y}, x {x}; a copied pixel is RECOVERED "
            "(from another frame), ADJUSTED (moved) or SYNTHESISED, never ORIGINAL"
        )
    planes = [("structure", operation.structure, structure_sources(operation))]
    if pixel.model == "yuv":
        labels = operation.colour[:: 1 << pixel.chroma_shift_y, :: 1 << pixel.chroma_shift_x]
        planes.append(("colour", labels, colour_sources(operation, pixel)))
    for name, labels, sources in planes:
        lost = (labels == Label.RECOVERED) & (sources.offset == 0)
        if lost.any():
            y, x = first_place(lost)
            raise ProvenanceError(
                f"{name} RECOVERED without another frame as its source at y {y}, x {x} "
                f"({int(lost.sum())} samples); record the source or label it SYNTHESISED"
            )


def _nowhere(shape: tuple[int, ...]) -> Sources:
    return Sources(np.zeros(shape, np.int8), np.zeros(shape, np.int16), np.zeros(shape, np.int16))


def _where(
    recorded: Sources | None, applies: npt.NDArray[np.bool_], shape: tuple[int, ...]
) -> Sources:
    """A copy of the recorded sources, zero where they do not apply."""
    if recorded is None:
        return _nowhere(shape)
    return Sources(recorded.offset * applies, recorded.dy * applies, recorded.dx * applies)


def _unless_nowhere(sources: Sources) -> Sources | None:
    return sources if sources.offset.any() or sources.dy.any() or sources.dx.any() else None


def _same(one: Sources, other: Sources) -> bool:
    return (
        np.array_equal(one.offset, other.offset)
        and np.array_equal(one.dy, other.dy)
        and np.array_equal(one.dx, other.dx)
    )


def _spread(plane: npt.NDArray[Any], height: int, width: int, pixel: PixelFormat) -> Any:
    """A plane of chroma samples at luma resolution: each value over the pixels it covers."""
    wide = plane.repeat(1 << pixel.chroma_shift_y, axis=0).repeat(1 << pixel.chroma_shift_x, axis=1)
    return wide[:height, :width]


def _size(labels: Labels) -> str:
    height, width = labels.shape
    return f"{width} x {height}"
