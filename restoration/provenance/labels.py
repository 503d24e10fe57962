"""Labels, and the map of one frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat

Labels = npt.NDArray[np.uint8]


class Label(IntEnum):
    """In order of distance from evidence, so that the maximum of two is the more cautious one.

    Compare whole planes with a label's `value`: numpy turns the member itself into 64 bits, and
    the plane with it.
    """

    ORIGINAL = 0
    """Same code value as the scan."""
    ADJUSTED = 1
    """Changed by a recorded, content-free transform."""
    RECOVERED = 2
    """Taken from another frame of the same scene; its place there is recorded."""
    HUMAN = 3
    """A code value that a named person entered, or whose colour a named person corrected by eye."""
    SYNTHESISED = 4
    """Made up by a method with no evidence for it."""
    NOT_MEASURED = 7
    """Came from outside with no map; counts as SYNTHESISED wherever a rule asks."""


def no_label(plane: Labels) -> npt.NDArray[np.bool_]:
    """Where a plane holds a number that is no label."""
    # Three passes over bytes are ten times faster than a look-up in a table of labels.
    wrong: npt.NDArray[np.bool_] = (plane == 5) | (plane == 6) | (plane > Label.NOT_MEASURED.value)
    return wrong


def only_labels(plane: Labels) -> bool:
    """Whether every number in a plane is a label; the usual answer costs one pass."""
    return int(plane.max(initial=0)) <= Label.SYNTHESISED.value or not no_label(plane).any()


class ProvenanceError(Exception):
    """Labels, sources and pictures do not fit each other; such a take is never published."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Where each pixel's value was copied from. All (H, W); zeros mean "its own place".

    offset: int8, frames from this one (-2 = two frames earlier).
    dy, dx: int16, whole luma pixels from this place in that frame.
    A chroma sample at (y, x) was copied from (y + (dy >> shift_y), x + (dx >> shift_x)), with dy
    and dx read at the top left luma pixel that it covers. Applies to a plane wherever its label is
    not ORIGINAL.
    """

    offset: npt.NDArray[np.int8]
    dy: npt.NDArray[np.int16]
    dx: npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Guidance:
    """What a colour that was added rests on. Both (H, W).

    hint: uint16, number of the guide (a person's hint, or a reference still) that the colour came
        from, as the take's table of guides counts them, from 1; 0: from none.
    doubt: uint8, how uncertain the colour is: 0 nothing to doubt, 255 nothing speaks for it.
    """

    hint: npt.NDArray[np.uint16]
    doubt: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FrameMap:
    """The labels of one frame.

    structure, colour: uint8 (H, W) at luma resolution. Grey pictures: colour is ORIGINAL
        everywhere. RGB: both planes are ORIGINAL or neither is; they differ only where colour was
        added and lightness kept. Subsampled chroma: the labels agree over all luma pixels that a
        chroma sample covers.
    sources: where values were copied from; applies to a plane wherever its label is not ORIGINAL.
    colour_sources: the same for colour alone, where one record cannot serve both planes (possible
        only after two stages that copy); None: `sources` serves both.
    guidance: of RGB to which colour was added: which hint each colour came from, and its doubt.
    """

    structure: Labels
    colour: Labels
    sources: Sources | None = None
    colour_sources: Sources | None = None
    guidance: Guidance | None = None


def identity_map(height: int, width: int) -> FrameMap:
    """The map of the scan itself: ORIGINAL everywhere."""
    return uniform_map(height, width, structure=Label.ORIGINAL, colour=Label.ORIGINAL)


def uniform_map(height: int, width: int, *, structure: Label, colour: Label) -> FrameMap:
    """One label everywhere, such as NOT_MEASURED for a picture from outside."""
    return FrameMap(
        np.full((height, width), structure, np.uint8), np.full((height, width), colour, np.uint8)
    )


def pack(frame_map: FrameMap) -> Labels:
    """Both planes in one: structure + 8 * colour, uint8 (H, W)."""
    return frame_map.structure | (frame_map.colour << np.uint8(3))


def unpack(packed: Labels, sources: Sources | None = None) -> FrameMap:
    """The two planes of a packed map.

    Raises: ProvenanceError if a value is no pair of labels, as after interpolation or lossy coding.
    """
    structure, colour = packed & np.uint8(7), packed >> np.uint8(3)
    for name, plane in (("structure", structure), ("colour", colour)):
        if not only_labels(plane):
            wrong = no_label(plane)
            y, x = first_place(wrong)
            raise ProvenanceError(
                f"the map's {name} plane holds {int(plane[y, x])} at y {y}, x {x}, which is no "
                f"label ({int(wrong.sum())} such pixels); maps are stored lossless and resampled "
                "by nearest label only: take the map that was written with the take"
            )
    return FrameMap(structure, colour, sources)


def first_place(where: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Row and column of the first True, for messages."""
    y, x = np.unravel_index(int(np.argmax(where)), where.shape)
    return int(y), int(x)


def label_problems(frame_map: FrameMap, pixel: PixelFormat) -> list[str]:
    """What is wrong with the labels by themselves: values, and how the planes hang together."""
    problems = []
    for name, plane in (("structure", frame_map.structure), ("colour", frame_map.colour)):
        if not only_labels(plane):
            wrong = no_label(plane)
            y, x = first_place(wrong)
            problems.append(
                f"{name}: {int(plane[y, x])} is no label, {int(wrong.sum())} pixels, "
                f"first at y {y}, x {x}"
            )
    if pixel.model == "grey" and frame_map.colour.max(initial=0) != Label.ORIGINAL.value:
        y, x = first_place(frame_map.colour != 0)
        problems.append(f"colour: a grey picture has no colour to label, first at y {y}, x {x}")
    if pixel.model == "rgb":
        uneven = frame_map.structure != frame_map.colour
        uneven &= (frame_map.structure == 0) | (frame_map.colour == 0)
        if uneven.any():
            y, x = first_place(uneven)
            problems.append(
                "colour: in RGB both planes must be equal where one is ORIGINAL, they differ "
                f"first at y {y}, x {x}"
            )
    subsampled = pixel.model == "yuv" and (pixel.chroma_shift_x or pixel.chroma_shift_y)
    if subsampled and frame_map.colour.max(initial=0) != Label.ORIGINAL.value:
        low, high = covered_range(frame_map.colour, pixel)
        uneven = low != high
        if uneven.any():
            y, x = first_place(uneven)
            problems.append(
                f"colour: labels differ within {int(uneven.sum())} chroma samples, first the "
                f"sample at y {y}, x {x}"
            )
    return problems + guidance_problems(frame_map, pixel)


def guidance_problems(frame_map: FrameMap, pixel: PixelFormat) -> list[str]:
    """Colours that name a hint and cannot have come from one."""
    guidance = frame_map.guidance
    if guidance is None:
        return []
    if pixel.model != "rgb":
        return ["guidance: only RGB can have got colour from a hint"]
    shape = frame_map.colour.shape
    if guidance.hint.shape != shape or guidance.doubt.shape != shape:
        return [f"guidance: its planes are {guidance.hint.shape} and not the map's {shape}"]
    astray = (guidance.hint != 0) & (frame_map.colour < Label.HUMAN.value)
    if not astray.any():
        return []
    y, x = first_place(astray)
    return [
        f"guidance: {int(astray.sum())} pixels name a hint, but no colour was added there, first "
        f"at y {y}, x {x}"
    ]


def covered_range(colour: Labels, pixel: PixelFormat) -> tuple[Labels, Labels]:
    """Lowest and highest label among the luma pixels that each chroma sample covers."""
    low, high = colour, colour
    # Rows first: whole lines are compared much faster than every second number of a line.
    for axis, shift in ((0, pixel.chroma_shift_y), (1, pixel.chroma_shift_x)):
        if shift:
            low, high = _fold(np.minimum, low, axis, shift), _fold(np.maximum, high, axis, shift)
    return low, high


def _fold(join: np.ufunc, plane: Labels, axis: int, shift: int) -> Labels:
    """Join every 1 << shift lines, or columns, to one; at an odd edge fewer."""
    step = 1 << shift
    lines = plane if axis == 0 else plane.T
    folded: Labels = lines[::step].copy()
    for place in range(1, step):
        part = lines[place::step]
        join(folded[: len(part)], part, out=folded[: len(part)])
    return folded if axis == 0 else folded.T
