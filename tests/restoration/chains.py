"""Random little clips and random stages on them, with a slow reference of what labels must be.

The reference follows every single sample by itself, as docs/provenance-map.md words it, and shares
no code with `restoration.provenance`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.media.pixels import Picture, PixelFormat
from restoration.provenance import FrameMap, Label, Sources

OPERATIONS = ("gain", "copy", "shift", "fill", "human", "outside", "nothing")


@dataclass
class Sample:
    """What is known of one code value: its label, and the scan's sample that it is a copy of."""

    label: int
    origin: tuple[int, int, int] | None
    """(frame, row, column) in its own plane; None once it is no copy of one sample any more."""


@dataclass
class Result:
    """A clip after some stages, frame by frame."""

    pictures: list[Picture]
    maps: list[FrameMap]
    reference: list[list[np.ndarray]]
    """Per frame and plane, an object array of `Sample`."""


def random_clip(
    rng: np.random.Generator, pixel: PixelFormat, *, height: int, width: int, frames: int
) -> list[Picture]:
    """Few different values, so that copies are often equal by chance."""
    shapes = pixel.plane_shapes(width=width, height=height)
    return [
        Picture(
            pixel,
            tuple(
                rng.integers(0, 5, shape).astype(pixel.dtype) + pixel.peak // 2 for shape in shapes
            ),
        )
        for _ in range(frames)
    ]


def untouched(pictures: list[Picture]) -> list[list[np.ndarray]]:
    """The reference of the scan itself."""
    reference = []
    for number, picture in enumerate(pictures):
        planes = []
        for plane in picture.planes:
            samples = np.empty(plane.shape, object)
            for y, x in np.ndindex(plane.shape):
                samples[y, x] = Sample(0, (number, y, x))
            planes.append(samples)
        reference.append(planes)
    return reference


def random_stage(
    rng: np.random.Generator, kind: str, clip: list[Picture], number: int
) -> tuple[Picture, FrameMap]:
    """One frame that a stage of that kind might make, labelled as the contract asks."""
    picture = clip[number]
    pixel, height, width = picture.pixel, picture.height, picture.width
    planes = [plane.copy() for plane in picture.planes]
    where, sources = _where(rng, pixel, height, width), _no_sources(height, width)
    if kind == "gain":
        planes = [
            np.clip(plane + np.uint8(rng.integers(0, 2)), 0, pixel.peak).astype(plane.dtype)
            for plane in planes
        ]
        labels = [
            np.where(new != old, 1, 0) for new, old in zip(planes, picture.planes, strict=True)
        ]
        return _assemble(pixel, planes, labels, None)
    if kind in ("copy", "shift"):
        offsets = [n - number for n in range(len(clip)) if n != number] if kind == "copy" else [0]
        dy, dx = _displacement(rng, pixel, height, width, where)
        sources.offset[:] = offset = int(rng.choice(offsets))
        sources.dy[:], sources.dx[:] = dy, dx
        label = Label.RECOVERED if kind == "copy" else Label.ADJUSTED
        labels = []
        for index, plane in enumerate(planes):
            mask, step_y, step_x = _mask(pixel, index, where)
            y, x = np.nonzero(mask)
            plane[y, x] = clip[number + offset].planes[index][
                y + (dy >> step_y), x + (dx >> step_x)
            ]
            labels.append(np.where(mask, int(label), 0))
        used = labels[0].astype(bool)
        for index in range(1, len(planes)):
            used |= _to_luma(pixel, labels[index], height, width).astype(bool)
        for array in (sources.offset, sources.dy, sources.dx):
            array[~used] = 0
        return _assemble(pixel, planes, labels, sources)
    label = {"fill": 4, "human": 3, "outside": 7, "nothing": 0}[kind]
    labels = []
    for index, plane in enumerate(planes):
        mask, _, _ = _mask(pixel, index, where)
        if kind != "nothing":
            plane[mask] = rng.integers(0, pixel.peak + 1)
        labels.append(np.where(mask, label, 0))
    return _assemble(pixel, planes, labels, None)


def follow(
    operation: FrameMap, number: int, reference: list[list[np.ndarray]], pixel: PixelFormat
) -> list[np.ndarray]:
    """What the labels of frame `number` must be after the operation, sample by sample."""
    followed = []
    for index, held in enumerate(reference[number]):
        step_y, step_x = _steps(pixel, index)
        labels = operation.structure if index == 0 or pixel.model == "rgb" else operation.colour
        made = np.empty(held.shape, object)
        for y, x in np.ndindex(held.shape):
            top, left = y << step_y, x << step_x
            label = int(labels[top, left])
            source = (0, 0, 0)
            if operation.sources is not None and label != 0:
                source = (
                    int(operation.sources.offset[top, left]),
                    int(operation.sources.dy[top, left]) >> step_y,
                    int(operation.sources.dx[top, left]) >> step_x,
                )
            if source != (0, 0, 0):
                carried = reference[number + source[0]][index][y + source[1], x + source[2]]
                made[y, x] = Sample(max(label, carried.label), carried.origin)
            elif label == Label.HUMAN:
                made[y, x] = Sample(3, None)
            else:
                own = held[y, x]
                made[y, x] = Sample(max(label, own.label), own.origin if label in (0, 1) else None)
        followed.append(made)
    return followed


def _assemble(
    pixel: PixelFormat,
    planes: list[np.ndarray],
    labels: list[np.ndarray],
    sources: Sources | None,
) -> tuple[Picture, FrameMap]:
    height, width = planes[0].shape
    if pixel.model == "grey":
        structure, colour = labels[0], np.zeros((height, width))
    elif pixel.model == "rgb":
        structure = colour = np.maximum.reduce(labels)
    else:
        structure = labels[0]
        colour = _to_luma(pixel, np.maximum(labels[1], labels[2]), height, width)
    return Picture(pixel, tuple(planes)), FrameMap(
        structure.astype(np.uint8), colour.astype(np.uint8), sources
    )


def _where(rng: np.random.Generator, pixel: PixelFormat, height: int, width: int) -> np.ndarray:
    """A random rectangle, on the grid of the chroma samples, as (H, W) bool."""
    step_y, step_x = 1 << pixel.chroma_shift_y, 1 << pixel.chroma_shift_x
    top, left = (
        int(rng.integers(height)) // step_y * step_y,
        int(rng.integers(width)) // step_x * step_x,
    )
    bottom, right = int(rng.integers(top, height)) + 1, int(rng.integers(left, width)) + 1
    where = np.zeros((height, width), bool)
    where[top : max(bottom, top + step_y), left : max(right, left + step_x)] = True
    return where


def _mask(pixel: PixelFormat, index: int, where: np.ndarray) -> tuple[np.ndarray, int, int]:
    step_y, step_x = _steps(pixel, index)
    return where[:: 1 << step_y, :: 1 << step_x], step_y, step_x


def _steps(pixel: PixelFormat, index: int) -> tuple[int, int]:
    if index == 0 or pixel.model == "rgb":
        return 0, 0
    return pixel.chroma_shift_y, pixel.chroma_shift_x


def _displacement(
    rng: np.random.Generator, pixel: PixelFormat, height: int, width: int, where: np.ndarray
) -> tuple[int, int]:
    """A shift that keeps luma and chroma sources inside the picture."""
    y, x = np.nonzero(where)
    dy = int(rng.integers(-y.min(), height - y.max()))
    dx = int(rng.integers(-x.min(), width - x.max()))
    for _ in range(2):  # rounding down may leave the chroma plane at its top or left edge only
        if (y.min() >> pixel.chroma_shift_y) + (dy >> pixel.chroma_shift_y) < 0:
            dy += 1
        if (x.min() >> pixel.chroma_shift_x) + (dx >> pixel.chroma_shift_x) < 0:
            dx += 1
    return dy, dx


def _to_luma(pixel: PixelFormat, plane: np.ndarray, height: int, width: int) -> np.ndarray:
    if plane.shape == (height, width):
        return plane
    wide = plane.repeat(1 << pixel.chroma_shift_y, axis=0).repeat(1 << pixel.chroma_shift_x, axis=1)
    return wide[:height, :width]


def _no_sources(height: int, width: int) -> Sources:
    shape = (height, width)
    return Sources(np.zeros(shape, np.int8), np.zeros(shape, np.int16), np.zeros(shape, np.int16))
