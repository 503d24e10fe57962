"""The map of a stage's result: its own labels joined with the maps of what it read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat
from restoration.provenance.guidance import carried_guidance
from restoration.provenance.labels import (
    FrameMap,
    Label,
    Labels,
    ProvenanceError,
    Sources,
    label_problems,
)
from restoration.provenance.places import Copies, MapPlane, Places, moved


def compose(operation: FrameMap, inputs: Callable[[int], FrameMap], pixel: PixelFormat) -> FrameMap:
    """The map of a stage's result from its operation and the maps of what it read.

    A pixel's label is the maximum of its operation's label and of the labels of the pixels whose
    value it carries: its source if one is recorded, else its own place. HUMAN without a source
    carries nothing: the person entered the value. SYNTHESISED does not say what it mixed in, so
    its own place counts. Sources add up: the result points to where a value first came from.

    Args:
        operation: the stage's own labels; ORIGINAL means "same code value as the stage's input".
        inputs: gives the input's map so many frames away; called with 0 and each recorded offset.
        pixel: of the result.
    Raises: ProvenanceError for labels and sources that cannot be: ORIGINAL from elsewhere,
        RECOVERED from nowhere, places outside the picture, planes that disagree.
    """
    composed = _compose(operation, inputs, pixel)
    guidance = carried_guidance(operation, inputs, pixel)
    return composed if guidance is None else replace(composed, guidance=guidance)


def _compose(
    operation: FrameMap, inputs: Callable[[int], FrameMap], pixel: PixelFormat
) -> FrameMap:
    """The labels and sources of `compose`."""
    _check_operation(operation, pixel)
    here = inputs(0)
    if operation.structure.shape != here.structure.shape:
        raise ProvenanceError(
            f"the operation's map is {_size(operation.structure)}, its input's "
            f"{_size(here.structure)}; carry the labels over with resample_labels first"
        )
    copied = operation.sources is not None or operation.colour_sources is not None
    if not copied and here.sources is None and here.colour_sources is None:
        return FrameMap(
            _carry_in_place(operation.structure, here.structure),
            _carry_in_place(operation.colour, here.colour),
        )
    structure, luma = _compose_luma(operation, inputs)
    if pixel.model == "grey" or (pixel.model == "rgb" and not _apart(operation, here)):
        # One set of code values: colour goes with structure (RGB) or there is none (grey).
        colour = structure if pixel.model == "rgb" else here.colour
        return FrameMap(structure, colour.copy(), _record(luma, structure.shape))
    chroma_labels, chroma = _compose_chroma(operation, inputs, pixel)
    height, width = structure.shape
    colour = _spread(chroma_labels, height, width, pixel)
    return _join(FrameMap(structure, colour), luma, chroma, pixel)


def change_by_hand(composed: FrameMap, held: FrameMap) -> FrameMap:
    """The map of a person's change to what stood there: no label falls below the input's.

    A person who turns a made-up colour darker has not entered it: it stays SYNTHESISED.

    Args:
        composed: by `compose`. held: the map of the stage's input, of the same frame.
    """
    return replace(
        composed,
        structure=np.maximum(composed.structure, held.structure, order="C"),
        colour=np.maximum(composed.colour, held.colour, order="C"),
        guidance=held.guidance,
    )


def structure_sources(frame_map: FrameMap) -> Sources:
    """Where each luma value came from, (H, W); zeros where it is its own place's."""
    shape = frame_map.structure.shape
    return _where(frame_map.sources, frame_map.structure != Label.ORIGINAL.value, shape)


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
    return _where(corner, labels != Label.ORIGINAL.value, labels.shape)


def _apart(*maps: FrameMap) -> bool:
    """Whether structure and colour are told apart, as in RGB to which colour was added."""
    return any(
        frame_map.colour_sources is not None
        or not np.array_equal(frame_map.structure, frame_map.colour)
        for frame_map in maps
    )


def _join(frame_map: FrameMap, luma: Copies, chroma: Copies, pixel: PixelFormat) -> FrameMap:
    """Record both planes' copies in one `Sources` if that says the same, else in two."""
    shape = frame_map.structure.shape
    height, width = shape
    corners = _luma_places(chroma, shape, pixel)
    free = frame_map.structure.ravel()[corners.at] == Label.ORIGINAL.value
    one = luma.replaced_by(corners.where(free))
    joined = FrameMap(frame_map.structure, frame_map.colour, _record(one, shape))
    if MapPlane.of_colour(joined, pixel).copies().same_as(chroma):
        return joined
    samples = pixel.plane_shapes(width=width, height=height)[1]
    apart = _record(chroma, samples) or _nowhere(samples)
    spread = Sources(
        _spread(apart.offset, height, width, pixel),
        _spread(apart.dy << pixel.chroma_shift_y, height, width, pixel),
        _spread(apart.dx << pixel.chroma_shift_x, height, width, pixel),
    )
    recorded = _record(luma, shape) or _nowhere(shape)
    return FrameMap(frame_map.structure, frame_map.colour, recorded, spread)


def _luma_places(chroma: Copies, shape: tuple[int, ...], pixel: PixelFormat) -> Copies:
    """Copies of chroma samples at the top left luma pixel of each, in luma pixels."""
    height, width = shape
    columns = pixel.plane_shapes(width=width, height=height)[1][1]
    y = (chroma.at // columns) << pixel.chroma_shift_y
    x = (chroma.at % columns) << pixel.chroma_shift_x
    dy, dx = chroma.dy << pixel.chroma_shift_y, chroma.dx << pixel.chroma_shift_x
    return Copies(y * width + x, chroma.offset, dy, dx)


def _record(copies: Copies, shape: tuple[int, ...]) -> Sources | None:
    """The copies as a map records them; None if nothing came from elsewhere."""
    if not copies.at.size:
        return None
    recorded = _nowhere(shape)
    recorded.offset.ravel()[copies.at] = copies.offset
    recorded.dy.ravel()[copies.at] = copies.dy
    recorded.dx.ravel()[copies.at] = copies.dx
    return recorded


def _carry_in_place(operation: Labels, held: Labels) -> Labels:
    carried = np.maximum(operation, held, order="C")  # whoever writes into it ravels it
    human = operation == Label.HUMAN.value
    if human.any():
        carried[human] = Label.HUMAN.value
    return carried


def _compose_luma(operation: FrameMap, inputs: Callable[[int], FrameMap]) -> tuple[Labels, Copies]:
    return _gather(
        MapPlane.of_structure(operation),
        lambda offset: MapPlane.of_structure(inputs(offset)),
        "structure",
    )


def _compose_chroma(
    operation: FrameMap, inputs: Callable[[int], FrameMap], pixel: PixelFormat
) -> tuple[Labels, Copies]:
    return _gather(
        MapPlane.of_colour(operation, pixel),
        lambda offset: MapPlane.of_colour(inputs(offset), pixel),
        "colour",
    )


def _gather(
    operation: MapPlane, read: Callable[[int], MapPlane], plane: str
) -> tuple[Labels, Copies]:
    """Labels and copies of one plane at its own resolution, every displacement in its samples."""
    held, copied = read(0), operation.copies()
    carried = _carry_in_place(operation.labels, held.labels)
    # Values that were entered or made up at their own place come from nowhere else any more.
    before = held.copies()
    kept = operation.labels_at(before.at) <= Label.ADJUSTED.value
    offset, dy, dx = copied.offset.copy(), copied.dy.copy(), copied.dx.copy()
    for frames in np.unique(copied.offset).tolist():
        those = copied.offset == frames
        at = copied.at[those]
        place = _place(copied.where(those), operation.labels.shape, plane)
        there = read(frames)
        carried.ravel()[at] = np.maximum(operation.labels_at(at), there.labels_at(place))
        further = there.sources_at(place)
        offset[those] += further[0]
        dy[those] += further[1]
        dx[those] += further[2]
    if np.abs(offset).max(initial=0) > 127:
        raise ProvenanceError(
            "a value was copied on over more than 127 frames, which the map cannot record; "
            "run fewer stages that copy from neighbours, or shorter scenes"
        )
    now = Copies(copied.at, offset, dy, dx)
    return carried, before.where(kept).replaced_by(now).from_elsewhere()


def _place(copied: Copies, shape: tuple[int, ...], plane: str) -> Places:
    """Flat index of each source, checked to lie inside the picture."""
    height, width = shape
    y = copied.at // width + copied.dy
    x = copied.at % width + copied.dx
    outside = (y < 0) | (y >= height) | (x < 0) | (x >= width)
    if outside.any():
        n = int(np.argmax(outside))
        raise ProvenanceError(
            f"the {plane} plane at y {copied.at[n] // width}, x {copied.at[n] % width} names a "
            f"source outside the picture (y {y[n]}, x {x[n]} of {height} x {width}); "
            f"{outside.sum()} such pixels"
        )
    return y * width + x


def _check_operation(operation: FrameMap, pixel: PixelFormat) -> None:
    """Refuse labels and sources that no operation can have.

    Raises: ProvenanceError
    """
    problems = label_problems(operation, pixel)
    if problems:
        raise ProvenanceError("; ".join(problems))
    _refuse_moved_originals(operation)
    planes = [("structure", MapPlane.of_structure(operation))]
    if pixel.model == "yuv":
        planes.append(("colour", MapPlane.of_colour(operation, pixel)))
    for name, plane in planes:
        recovered = np.flatnonzero(plane.labels == Label.RECOVERED.value)
        lost = recovered[plane.sources_at(recovered)[0] == 0]
        if lost.size:
            width = plane.labels.shape[1]
            raise ProvenanceError(
                f"{name} RECOVERED without another frame as its source at y {lost[0] // width}, "
                f"x {lost[0] % width} ({lost.size} samples); record the source or label it "
                "SYNTHESISED"
            )


def _refuse_moved_originals(operation: FrameMap) -> None:
    """Raises: ProvenanceError if a pixel that is ORIGINAL in both planes has a source."""
    for recorded in (operation.sources, operation.colour_sources):
        if recorded is None:
            continue
        at = np.flatnonzero(moved(recorded))
        highest = np.maximum(operation.structure.ravel()[at], operation.colour.ravel()[at])
        if (highest == Label.ORIGINAL.value).any():
            width = operation.structure.shape[1]
            first = int(at[int(np.argmin(highest))])
            raise ProvenanceError(
                f"ORIGINAL with a source elsewhere at y {first // width}, x {first % width}; a "
                "copied pixel is RECOVERED (from another frame), ADJUSTED (moved) or SYNTHESISED, "
                "never ORIGINAL"
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


def _spread(plane: npt.NDArray[Any], height: int, width: int, pixel: PixelFormat) -> Any:
    """A plane of chroma samples at luma resolution: each value over the pixels it covers."""
    wide = plane.repeat(1 << pixel.chroma_shift_y, axis=0).repeat(1 << pixel.chroma_shift_x, axis=1)
    return wide[:height, :width]


def _size(labels: Labels) -> str:
    height, width = labels.shape
    return f"{width} x {height}"
