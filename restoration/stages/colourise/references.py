"""Reference stills in colour, matched to a frame of the scene and used as dense soft hints.

A still may be the frame itself, painted elsewhere, or another picture of the same things, such as a
colour photograph of the costume. The first is laid over the frame by optical flow. Of the second,
places are sought that look like the frame's: the patch of luma around them, at two sizes, with the
still's tones matched to the frame's (Welsh, Ashikhmin and Mueller 2002).
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from restoration.imaging.colour import Lab, Plane, to_lab
from restoration.imaging.flow import FlowEstimator, follow
from restoration.stages.colourise.field import find_way
from restoration.stages.colourise.matching import Matched, grid, match
from restoration.stages.colourise.spread import Point
from restoration.stages.contract import StageError

MOST_PIXELS = 40_000_000
"""Of a still."""
LAID_OVER = 0.6
"""Mean trust of the flow from which the still is taken for the frame itself."""
_SURE = 0.7
_GRID = 16
"""Points along the frame's longer side."""
_NEARLY_ALL = 0.9
"""Share of them that the still laid over the frame covers, and nothing else is asked."""
_LOOKED_UP = 18
_LARGEST = 512
_BASE, _UNLIKE = 20.0, 800.0
"""Variance of a colour that was looked up, of one and the same look, and for a distance of 1."""
_HOPELESS = 700.0
"""Variance from which on a match is none: that of a colour of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A still for a frame by its SHA-256, which alone is recorded; where its file lies is not."""

    frame: int
    sha256: str
    path: Path | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return self.path.name if self.path is not None else self.sha256[:12]


def parse_references(values: object) -> tuple[Reference, ...]:
    """The references of a run's parameter.

    Raises: ValueError saying what is wrong and what is wanted.
    """
    if not isinstance(values, Iterable) or isinstance(values, (str, Mapping)):
        raise ValueError('references must be a list such as [{"frame": 0, "sha256": "..."}]')
    found = []
    for number, value in enumerate(values):
        if not isinstance(value, Mapping) or set(value) - {"path"} != {"frame", "sha256"}:
            raise ValueError(f"reference {number} is {value!r}; wanted are frame and sha256")
        if isinstance(value["frame"], bool) or not isinstance(value["frame"], int):
            raise ValueError(f"reference {number}: frame cannot be {value['frame']!r}")
        path = Path(str(value["path"])) if "path" in value else None
        found.append(Reference(value["frame"], str(value["sha256"]), path))
    return tuple(found)


def load_reference(reference: Reference) -> Lab:
    """The still's Lab, at most 512 pixels wide or high.

    Raises: StageError if the file is missing, altered, no picture, too large, or without any
        colour.
    """
    if reference.path is None:
        raise StageError(f"no file is at hand for the reference of SHA-256 {reference.sha256}")
    try:
        held = reference.path.read_bytes()
    except OSError as error:
        raise StageError(f"the reference {reference.name}: {error.strerror}") from error
    digest = hashlib.sha256(held).hexdigest()
    if reference.sha256 != digest:
        raise StageError(f"the reference {reference.name} is not the one that was named: {digest}")
    image = _decode(held, reference.name)
    scale = min(1.0, _LARGEST / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    lab = to_lab(np.ascontiguousarray(small).astype(np.float32) / np.float32(255))
    if float(np.hypot(lab[..., 1], lab[..., 2]).mean()) < 1.0:
        raise StageError(f"the reference {reference.name} has no colour to give")
    return lab


def _decode(held: bytes, name: str) -> npt.NDArray[np.uint8]:
    """(H, W, 3) codes of blue, green and red."""
    # A few megabytes can claim to be pixels by the thousand million, which decoding would make.
    if _pixels(held, name) > MOST_PIXELS:
        raise StageError(
            f"the reference {name} has more than {MOST_PIXELS // 1_000_000} million pixels; make "
            "it smaller, 2000 across are plenty"
        )
    try:
        image = cv2.imdecode(np.frombuffer(held, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise StageError(f"the reference {name} is no picture that can be read")
    return np.asarray(image, np.uint8)


def _pixels(held: bytes, name: str) -> int:
    """How many the file's header names; nothing is decoded."""
    try:
        with warnings.catch_warnings():
            # Pillow has a limit of its own, above ours; here the number alone is wanted.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(held)) as opened:
                return int(opened.width * opened.height)
    except Image.DecompressionBombError:
        return MOST_PIXELS + 1
    except (OSError, ValueError, SyntaxError) as error:
        raise StageError(f"the reference {name} is no picture that can be read") from error


def points_from(reference: Lab, lightness: Plane) -> list[Point]:
    """Places of the frame whose colour the reference gives, each with the frame's own luma.

    What lies under the still laid over it, it says outright; of all else, what looks alike.
    """
    laid = _laid_over(reference, lightness)
    if laid is None:
        return _looked_up(reference, lightness)
    if len(laid) > _NEARLY_ALL * len(grid(lightness.shape, _GRID)):
        return laid
    apart = max(lightness.shape) / _GRID
    covered = np.array([(point.y, point.x) for point in laid])
    return laid + [
        point
        for point in _looked_up(reference, lightness)
        if np.abs(covered - (point.y, point.x)).max(axis=1).min() >= apart
    ]


def _laid_over(reference: Lab, lightness: Plane) -> list[Point] | None:
    """By flow; None if it is another picture."""
    height, width = lightness.shape
    fitted = np.asarray(cv2.resize(reference, (width, height), interpolation=cv2.INTER_AREA))
    way = find_way(lightness, np.ascontiguousarray(fitted[..., 0]), FlowEstimator("medium"))
    if float(way.trust.mean()) < LAID_OVER:
        return None
    ab = follow(np.ascontiguousarray(fitted[..., 1:]), way.flow)
    return [
        Point(float(y), float(x), float(lightness[y, x]), float(ab[y, x, 0]), float(ab[y, x, 1]))
        for y, x in grid(lightness.shape, _GRID)
        if way.trust[y, x] >= _SURE
    ]


def _looked_up(reference: Lab, lightness: Plane) -> list[Point]:
    """By the look of the surroundings of each place."""
    here = grid(lightness.shape, _LOOKED_UP)
    found = match(reference, lightness, here)
    return [
        Point(float(y), float(x), float(lightness[y, x]), float(ab[0]), float(ab[1]), float(doubt))
        for (y, x), ab, doubt in zip(here, found.ab, _doubts(found), strict=True)
        if doubt < _HOPELESS
    ]


def _doubts(found: Matched) -> npt.NDArray[np.float32]:
    """Variance of each colour that was looked up."""
    return np.asarray(_BASE + found.spread + _UNLIKE * found.distance**2, np.float32)
