"""The hard gate: what a map claims must be true of the code values, in native planes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PictureFormat, PixelFormat
from restoration.imaging.tones import lightness_of
from restoration.provenance.labels import (
    FrameMap,
    Label,
    Labels,
    covered_range,
    first_place,
    label_problems,
)
from restoration.provenance.places import MapPlane


def check_frame(
    scan: Picture, take: Picture, frame_map: FrameMap, *, frame: int | None = None
) -> list[str]:
    """Every claim of ORIGINAL that the code values contradict; an empty list means sound.

    Y is judged with structure; a chroma sample with the lowest colour label that it covers; RGB is
    ORIGINAL only if all three codes are the same; a picture of another size or pixel format than
    the scan's has no ORIGINAL. Labels that are none, or that the planes of the picture cannot
    have, are violations too.

    Args:
        frame: its number in the scan, for the messages.
    """
    where = "" if frame is None else f"frame {frame}: "
    shape = (take.height, take.width)
    if frame_map.structure.shape != shape or frame_map.colour.shape != shape:
        height, width = frame_map.structure.shape
        return [f"{where}the map is {width} x {height}, the picture {shape[1]} x {shape[0]}"]
    if scan.pixel != take.pixel or shape != (scan.height, scan.width):
        return [where + problem for problem in _check_converted(scan, take, frame_map)]
    problems = label_problems(frame_map, scan.pixel)
    for name, claimed, differs in _claims(scan, take, frame_map):
        broken = claimed & differs
        if broken.any():
            count = int(np.count_nonzero(broken))
            y, x = first_place(broken)
            problems.append(
                f"{name}: {count} samples are labelled ORIGINAL but differ from the scan, "
                f"first at y {y}, x {x}"
            )
    return [where + problem for problem in problems]


def check_sources(
    take: Picture, operation: FrameMap, inputs: Callable[[int], Picture]
) -> list[str]:
    """Every RECOVERED sample that is not the exact value of the source recorded for it.

    Args:
        take: what the stage made, before any later stage.
        operation: the stage's own labels and sources, not the composed ones.
        inputs: gives the stage's input picture so many frames away.
    """
    if operation.sources is None and operation.colour_sources is None:
        return []
    names = {"grey": ["Y"], "yuv": ["Y"], "rgb": ["R", "G", "B"]}[take.pixel.model]
    luma = MapPlane.of_structure(operation)
    problems = []
    for plane, name in enumerate(names):
        problems += _check_copies(take, plane, name, luma, inputs)
    if take.pixel.model == "yuv":
        chroma = MapPlane.of_colour(operation, take.pixel)
        for plane, name in ((1, "U"), (2, "V")):
            problems += _check_copies(take, plane, name, chroma, inputs)
    return problems


LIGHTNESS_KEPT = 0.5
"""Units of L* within which a pixel is as light as before, at 8 bits and deeper."""


def check_lightness(
    before: Picture, before_form: PictureFormat, after: Picture, operation: FrameMap
) -> list[str]:
    """Every pixel of an RGB picture whose structure is claimed to be kept and whose L* is not.

    Where colour is added to a picture its codes change in all channels; that its structure was
    only ADJUSTED is then a claim about lightness, and checked as such.

    Args:
        before: the stage's input, of any format. after: RGB, else nothing is claimed.
        operation: the stage's own labels.
    """
    if after.pixel.model != "rgb":
        return []
    coloured = np.not_equal(operation.structure, operation.colour)
    claimed = (operation.structure == Label.ADJUSTED.value) & coloured
    if not claimed.any():
        return []
    form = replace(before_form, pixel=after.pixel, matrix="gbr")
    if before.pixel.model != "rgb":
        form = replace(form, colour_range="full")
    off = np.abs(lightness_of(after, form) - lightness_of(before, before_form)) > LIGHTNESS_KEPT
    broken = claimed & off
    if not broken.any():
        return []
    y, x = first_place(broken)
    return [
        f"{int(broken.sum())} pixels are labelled ADJUSTED in structure, but their lightness "
        f"changed by more than {LIGHTNESS_KEPT} L*, first at y {y}, x {x}"
    ]


def _check_converted(scan: Picture, take: Picture, frame_map: FrameMap) -> list[str]:
    """A picture of another size or pixel format than the scan's: nothing in it is ORIGINAL."""
    problems = label_problems(frame_map, take.pixel)
    claimed = frame_map.structure == Label.ORIGINAL.value
    if take.pixel.model != "grey":
        claimed |= frame_map.colour == Label.ORIGINAL.value
    if claimed.any():
        y, x = first_place(claimed)
        problems.append(
            f"{int(claimed.sum())} pixels are labelled ORIGINAL in a picture of {take.width} x "
            f"{take.height} {take.pixel.name} from a scan of {scan.width} x {scan.height} "
            f"{scan.pixel.name}, first at y {y}, x {x}"
        )
    return problems


Claim = tuple[str, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


def _claims(scan: Picture, take: Picture, frame_map: FrameMap) -> Iterator[Claim]:
    """(plane, where ORIGINAL is claimed, where the codes differ), each of the plane's size.

    Planes that are equal contradict nothing and are left out.
    """
    names = {"grey": "Y", "yuv": "YUV", "rgb": "RGB"}[scan.pixel.model]
    claimed: dict[bool, npt.NDArray[np.bool_]] = {}
    for place, name in enumerate(names):
        differs = scan.planes[place] != take.planes[place]
        if not differs.any():
            continue
        is_chroma = scan.pixel.model == "yuv" and place > 0
        if is_chroma not in claimed:
            claimed[is_chroma] = _claimed(frame_map, scan.pixel, is_chroma=is_chroma)
        yield name, claimed[is_chroma], differs


def _claimed(frame_map: FrameMap, pixel: PixelFormat, *, is_chroma: bool) -> npt.NDArray[np.bool_]:
    """Where a plane's samples are claimed to be ORIGINAL."""
    if is_chroma:
        lowest: Labels = covered_range(frame_map.colour, pixel)[0]
        uncoloured: npt.NDArray[np.bool_] = lowest == Label.ORIGINAL.value
        return uncoloured
    original: npt.NDArray[np.bool_] = frame_map.structure == Label.ORIGINAL.value
    return (
        original | (frame_map.colour == Label.ORIGINAL.value) if pixel.model == "rgb" else original
    )


def _check_copies(
    take: Picture, plane: int, name: str, copied: MapPlane, inputs: Callable[[int], Picture]
) -> list[str]:
    at = np.flatnonzero(copied.labels == Label.RECOVERED.value)
    offsets, dy, dx = copied.sources_at(at)
    width = copied.labels.shape[1]
    problems = []
    for offset in np.unique(offsets).tolist():
        those = offsets == offset
        these = at[those]
        y, x = these // width + dy[those], these % width + dx[those]
        wrong = take.planes[plane].ravel()[these] != inputs(offset).planes[plane][y, x]
        if wrong.any():
            first = int(these[int(np.argmax(wrong))])
            problems.append(
                f"{name}: {int(wrong.sum())} RECOVERED samples are not the value of the source "
                f"recorded for them {offset:+d} frames away, first at y {first // width}, "
                f"x {first % width}"
            )
    return problems
