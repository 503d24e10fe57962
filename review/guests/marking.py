"""The name of a guest in the pictures that the guest sees, and the words that go with it. PLAIN.

It lies over the whole picture, so that no part of it travels without. Where a use lets nobody's
hand into the picture (evidence), it stands in a band below, and covers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from archive.media.lettering import BLACK, WHITE, Lettering, draw
from review.formats.burning import missing_letter
from review.formats.legend_stills import letters

_STRENGTH, _FOOT_STRENGTH = 0.2, 0.8
"""How much the letters hide: those across the picture, those of the line at its foot."""
_TURNED = 20
"""Degrees by which the name is turned across the picture."""
_DARK = 16


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """What is drawn into each picture of one copy, of `width` x `height` pixels."""

    width: int
    height: int
    band: int
    """Rows below the picture that hold the words; 0: they lie over it."""
    letterings: tuple[Lettering, ...]

    def put_on(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame (yuv420p, limited range, of that size) with the words; the frame is used up."""
        shown = with_band(frame, self.band) if self.band else frame
        draw(shown, self.letterings)
        return shown


def make_mark(width: int, height: int, *, name: str, words: str, covers: bool) -> Mark:
    """For pictures of that size.

    Args:
        width, height: even.
        name: whose copy it is.
        words: the line at the foot, which says it in full.
        covers: lay the name over the picture; else all of it stands below.
    """
    size = max(7, height // 26)
    if covers:
        foot = _foot(words, width, height, size)
        return Mark(width, height, 0, (_across(name, width, height), foot))
    band = size * 2 + size * 2 % 4
    return Mark(width, height, band, (_below(words, width, height, band, size),))


def unwritable_letter(name: str) -> str:
    """The first letter of a name that the typeface here cannot write; empty: it can."""
    return missing_letter(letters(20), name)


def with_band(frame: av.VideoFrame, band: int) -> av.VideoFrame:
    """The same picture above a dark band of that many rows (a multiple of 4); nothing covers it."""
    made = av.VideoFrame(frame.width, frame.height + band, "yuv420p")
    for number, (old, new) in enumerate(zip(frame.planes, made.planes, strict=True)):
        rows = _rows(new)
        rows[...] = _DARK if number == 0 else 128
        rows[: old.height, : old.width] = _rows(old)[:, : old.width]
    made.colorspace, made.color_range = frame.colorspace, frame.color_range
    return made


def _rows(plane: Any) -> npt.NDArray[np.uint8]:
    whole = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height]
    return whole.reshape(plane.height, plane.line_size)


def _across(name: str, width: int, height: int) -> Lettering:
    """The name again and again, in rows that are turned and shifted against each other."""
    font = letters(max(9, height // 13))
    long, high = round(font.getlength(name)) + height // 5, max(24, height // 4)
    side = int(np.hypot(width, height)) + high
    ink, cover = Image.new("L", (side, side), BLACK), Image.new("L", (side, side), 0)
    on_ink, on_cover = ImageDraw.Draw(ink), ImageDraw.Draw(cover)
    edge = max(1, height // 240)
    for row, y in enumerate(range(0, side, high)):
        for x in range(-(row % 2) * long // 2, side, long):
            on_cover.text((x, y), name, 255, font, stroke_width=edge, stroke_fill=255)
            on_ink.text((x, y), name, WHITE, font, stroke_width=edge, stroke_fill=BLACK)
    left, top = (side - width) // 2, (side - height) // 2
    box = (left, top, left + width, top + height)
    turned = [each.rotate(_TURNED, Image.Resampling.BILINEAR).crop(box) for each in (ink, cover)]
    strength = np.asarray(turned[1], np.float32) * np.float32(_STRENGTH / 255)
    return Lettering(0, 0, np.asarray(turned[0]), strength)


def _foot(words: str, width: int, height: int, size: int) -> Lettering:
    rows = min(height, size * 2 - size * 2 % 2)
    ink, cover = _line(words, width, rows, size)
    strength = np.maximum(cover * np.float32(_FOOT_STRENGTH), np.float32(0.55))
    return Lettering(0, height - rows, ink, strength)


def _below(words: str, width: int, height: int, band: int, size: int) -> Lettering:
    ink, cover = _line(words, width, band, size)
    return Lettering(0, height, ink, cover)


def _line(
    words: str, width: int, rows: int, size: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """One line of words, as large as fits, on black: ink, and where it is (0 to 1)."""
    font = letters(size)
    while size > 6 and font.getlength(words) > width - size:
        size -= 1
        font = letters(size)
    shown = Image.new("L", (width, rows), 0)
    ImageDraw.Draw(shown).text((size / 2, rows / 2), words, 255, font, anchor="lm")
    cover = np.asarray(shown, np.float32) / np.float32(255)
    ink = np.rint(BLACK + (WHITE - BLACK) * cover).astype(np.uint8)
    return ink, cover
