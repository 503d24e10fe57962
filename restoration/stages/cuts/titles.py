"""Intertitles: writing on an even card, light on dark or dark on light."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.thumbnails import Small, Thumbnail

Mask = npt.NDArray[np.bool_]

_EVEN = 0.6  # of the frame
_WRITING = (0.01, 0.3)  # of the frame
_CROSSINGS, _CROSSINGS_OF_LIGHT = 10, 6  # edges along a row that runs through writing
_ROWS = 0.05  # of all rows


def is_title(thumbnail: Thumbnail) -> bool:
    """Whether the frame looks like a card with writing."""
    return _has_light_writing(thumbnail.luma) or _has_dark_writing(thumbnail.luma)


def _has_light_writing(luma: Small) -> bool:
    light = luma > 110
    dark = float(np.count_nonzero(luma < 60)) / luma.size
    if dark < _EVEN or not _WRITING[0] < light.mean() < _WRITING[1]:
        return False
    return _share_of_written_rows(light, _CROSSINGS_OF_LIGHT) > _ROWS


def _has_dark_writing(luma: Small) -> bool:
    """Stricter than for light writing: skies and snow are even and light too, but have no rows."""
    card = float(np.percentile(luma, 70))
    if card < 130.0:
        return False
    even = np.abs(luma.astype(np.float32) - card) < 0.1 * card
    written = luma < 0.75 * card
    if even.mean() < _EVEN or not _WRITING[0] < written.mean() < _WRITING[1]:
        return False
    return _share_of_written_rows(written, _CROSSINGS) > _ROWS


def _share_of_written_rows(written: Mask, crossings: int) -> float:
    """Share of rows with as many changes between card and ink as letters make."""
    inside = written.astype(np.uint8)
    changes = np.count_nonzero(cv2.absdiff(inside[:, 1:], inside[:, :-1]), axis=1)
    return float(np.count_nonzero(changes >= crossings)) / len(written)
