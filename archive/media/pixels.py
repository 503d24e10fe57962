"""Code values as a scan stores them: pixel formats and pictures in native planes.

Provenance is judged on native code values, so pictures travel between modules in the planes of
their file and are never converted to another colour model on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Model = Literal["grey", "yuv", "rgb"]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How one picture's code values lie in planes.

    `name` is FFmpeg's name of the planar, little-endian format that holds the same code values
    (`gray`, `gray10le`, `yuv420p`, `yuv422p10le`, `gbrp`, `gbrp16le` ...).
    """

    name: str
    model: Model
    bits: int
    """Significant bits in a code value, 8 to 16."""
    chroma_shift_x: int = 0
    """log2 of the horizontal chroma subsampling."""
    chroma_shift_y: int = 0
    """log2 of the vertical chroma subsampling."""

    @property
    def dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        return np.dtype(np.uint8) if self.bits == 8 else np.dtype(np.uint16)

    @property
    def peak(self) -> int:
        """The highest code value."""
        return (1 << self.bits) - 1

    def plane_shapes(self, *, width: int, height: int) -> list[tuple[int, int]]:
        """Rows and columns of each plane; odd sizes round the chroma up, as FFmpeg does."""
        full = (height, width)
        if self.model == "grey":
            return [full]
        if self.model == "rgb":
            return [full, full, full]
        chroma = (-(-height >> self.chroma_shift_y), -(-width >> self.chroma_shift_x))
        return [full, chroma, chroma]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One frame in native code values.

    planes: grey (Y,), yuv (Y, U, V), rgb (R, G, B); each (rows, columns), uint8 for 8-bit formats,
    else uint16 with code values in [0, peak].
    """

    pixel: PixelFormat
    planes: tuple[Plane, ...]

    @property
    def width(self) -> int:
        return int(self.planes[0].shape[1])

    @property
    def height(self) -> int:
        return int(self.planes[0].shape[0])

    def same_codes(self, other: Picture) -> bool:
        """Whether every code value of both pictures is equal."""
        return self.pixel == other.pixel and all(
            np.array_equal(mine, theirs)
            for mine, theirs in zip(self.planes, other.planes, strict=True)
        )


_CHANNELS: dict[Model, tuple[str, ...]] = {
    "grey": ("Y",),
    "yuv": ("Y", "Cb", "Cr"),
    "rgb": ("R", "G", "B"),
}


def codes_at(picture: Picture, y: int, x: int) -> dict[str, int]:
    """The code values of one pixel by channel, in [0, peak]; of chroma, those that cover it.

    Raises: ValueError for a place outside the picture.
    """
    if not (0 <= y < picture.height and 0 <= x < picture.width):
        raise ValueError(
            f"y {y}, x {x} lies outside the picture of {picture.width} x {picture.height}"
        )
    form = picture.pixel
    found = {}
    for number, channel in enumerate(_CHANNELS[form.model]):
        is_chroma = form.model == "yuv" and number > 0
        row = y >> form.chroma_shift_y if is_chroma else y
        column = x >> form.chroma_shift_x if is_chroma else x
        found[channel] = int(picture.planes[number][row, column])
    return found


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """What all pictures of one scan or take share."""

    width: int
    height: int
    pixel: PixelFormat
    rate: Fraction
    """Frames a second, exact."""
    colour_range: Literal["limited", "full", "unknown"] = "unknown"
    matrix: str = "unknown"
    """FFmpeg's names: bt709, smpte170m, bt470bg, gbr ... or unknown."""
    primaries: str = "unknown"
    transfer: str = "unknown"
    sample_aspect: Fraction = Fraction(1)


def _formats() -> dict[str, PixelFormat]:
    depths = {8: "", 9: "9le", 10: "10le", 12: "12le", 14: "14le", 16: "16le"}
    found: dict[str, PixelFormat] = {}
    for bits, suffix in depths.items():
        candidates = [
            PixelFormat(f"gray{suffix}", "grey", bits),
            PixelFormat(f"gbrp{suffix}", "rgb", bits),
            PixelFormat(f"yuv420p{suffix}", "yuv", bits, 1, 1),
            PixelFormat(f"yuv422p{suffix}", "yuv", bits, 1, 0),
            PixelFormat(f"yuv444p{suffix}", "yuv", bits),
        ]
        if bits == 8:
            candidates += [
                PixelFormat("yuv411p", "yuv", 8, 2, 0),
                PixelFormat("yuv440p", "yuv", 8, 0, 1),
            ]
        found |= {pixel.name: pixel for pixel in candidates}
    return found


PIXEL_FORMATS: dict[str, PixelFormat] = _formats()
"""Every format that pictures travel in, by FFmpeg's name."""
