"""Maps of pictures that grew, and what their labels claim.

In a picture that was made larger, a label below SYNTHESISED claims that nothing was put in place of
the source: shrinking the picture gives the source's sample back (`restoration.imaging.resample`
says which shrinking, and how exactly). That is checked at every sample.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat
from restoration.imaging.resample import GIVEN_BACK, lowest_of_blocks, not_given_back
from restoration.provenance.footprints import footprint_labels, resample_labels, spread_labels
from restoration.provenance.labels import (
    FrameMap,
    Guidance,
    Label,
    Labels,
    Sources,
    covered_range,
    first_place,
)

SUPPORT = 6.0
"""Source pixels to each side whose labels a pixel carries: a faithful enlargement gives those
further away a weight of less than 1/1000, a quarter of an 8-bit code of full contrast."""


def has_grown(before: Picture, after: Picture) -> bool:
    """Whether a picture was made larger, its pixel format kept."""
    held, made = (before.height, before.width), (after.height, after.width)
    return before.pixel == after.pixel and made != held and made >= held and made[1] >= held[1]


def enlarge_map(frame_map: FrameMap, height: int, width: int, pixel: PixelFormat) -> FrameMap:
    """The map of a picture, carried over to the size it was enlarged to.

    Labels: the maximum over all source pixels within SUPPORT. Sources: those of the nearest pixel,
    displacements scaled with the picture. Hints and doubts: those of the nearest pixel.
    """
    structure = footprint_labels(frame_map.structure, height, width, support=SUPPORT)
    if pixel.model != "yuv":
        colour = footprint_labels(frame_map.colour, height, width, support=SUPPORT)
    else:
        colour = _enlarge_chroma(frame_map.colour, height, width, pixel)
    return FrameMap(
        structure,
        colour,
        _enlarge_sources(frame_map.sources, height, width),
        _enlarge_sources(frame_map.colour_sources, height, width),
        _enlarge_guidance(frame_map.guidance, height, width),
    )


def spread_map(frame_map: FrameMap, taps: int, pixel: PixelFormat) -> FrameMap:
    """A map whose labels hold for whatever is read within so many samples of each place."""
    down, right = taps << pixel.chroma_shift_y, taps << pixel.chroma_shift_x
    return replace(
        frame_map,
        structure=spread_labels(frame_map.structure, taps, taps),
        colour=spread_labels(frame_map.colour, down, right),
    )


def check_enlargement(before: Picture, after: Picture, operation: FrameMap) -> list[str]:
    """Every source sample that lies under a label below SYNTHESISED and is not given back.

    Args:
        before: the stage's input. after: the same, larger. operation: the stage's own labels.
    """
    problems = []
    for place, name in enumerate({"grey": "Y", "yuv": "YUV", "rgb": "RGB"}[after.pixel.model]):
        large, small = after.planes[place], before.planes[place]
        lost = not_given_back(large, small, peak=after.pixel.peak)
        if not lost.any():
            continue
        labels = _labels_of(operation, after.pixel, is_chroma=name in "UV")
        broken = lost & (lowest_of_blocks(labels, *small.shape) < Label.SYNTHESISED.value)
        if broken.any():
            y, x = first_place(broken)
            problems.append(
                f"{name}: {int(broken.sum())} samples are not given back when the picture is "
                f"shrunk (more than {GIVEN_BACK} of 255 off) and yet not labelled SYNTHESISED, "
                f"first at y {y}, x {x} of what was read"
            )
    return problems


def _labels_of(operation: FrameMap, pixel: PixelFormat, *, is_chroma: bool) -> Labels:
    if is_chroma:
        return covered_range(operation.colour, pixel)[0]
    if pixel.model == "rgb":
        return np.minimum(operation.structure, operation.colour)
    return operation.structure


def _enlarge_chroma(colour: Labels, height: int, width: int, pixel: PixelFormat) -> Labels:
    rows, columns = pixel.plane_shapes(width=width, height=height)[1]
    samples = footprint_labels(covered_range(colour, pixel)[1], rows, columns, support=SUPPORT)
    for axis, shift in ((0, pixel.chroma_shift_y), (1, pixel.chroma_shift_x)):
        samples = np.repeat(samples, 1 << shift, axis=axis)
    return np.ascontiguousarray(samples[:height, :width])


def _enlarge_sources(sources: Sources | None, height: int, width: int) -> Sources | None:
    if sources is None:
        return None
    rows, columns = sources.offset.shape
    # As bytes, since that is what labels are resampled as; the sign comes back with the view.
    offset = resample_labels(sources.offset.view(np.uint8), height, width).view(np.int8)
    dy = _nearest_shift(sources.dy, height, width, height / rows)
    return Sources(offset, dy, _nearest_shift(sources.dx, height, width, width / columns))


def _enlarge_guidance(guidance: Guidance | None, height: int, width: int) -> Guidance | None:
    if guidance is None:
        return None
    return Guidance(_nearest(guidance.hint, height, width), _nearest(guidance.doubt, height, width))


def _nearest_shift(
    shift: npt.NDArray[np.int16], height: int, width: int, scale: float
) -> npt.NDArray[np.int16]:
    return np.asarray(np.rint(_nearest(shift, height, width) * scale), np.int16)


def _nearest(plane: npt.NDArray[Any], height: int, width: int) -> npt.NDArray[Any]:
    rows, columns = plane.shape
    y = (2 * np.arange(height) + 1) * rows // (2 * height)
    x = (2 * np.arange(width) + 1) * columns // (2 * width)
    return np.ascontiguousarray(plane[y][:, x])
