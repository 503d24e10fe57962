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
from restoration.stages.colourise.spread import Point
from restoration.stages.contract import StageError

MOST_PIXELS = 40_000_000
"""Of a still."""
LAID_OVER = 0.6
"""Mean trust of the flow from which the still is taken for the frame itself."""
_SURE = 0.7
_GRID = 16
"""Points along the frame's longer side."""
_PATCH = 7
_LARGEST = 512
_UNLIKE = 0.35
"""Distance of two patches, of 2 for unrelated ones, from which a match is none."""


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
    """Places of the frame whose colour the reference gives, each with the frame's own luma."""
    laid = _laid_over(reference, lightness)
    return laid if laid is not None else _looked_up(reference, lightness)


def _places(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """(n, 2): y and x of a grid over the frame."""
    step = max(4, max(shape[:2]) // _GRID)
    rows, columns = np.mgrid[step // 2 : shape[0] : step, step // 2 : shape[1] : step]
    return np.stack([rows.ravel(), columns.ravel()], axis=-1)


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
        for y, x in _places(lightness.shape)
        if way.trust[y, x] >= _SURE
    ]


def _looked_up(reference: Lab, lightness: Plane) -> list[Point]:
    """By the look of the patch around each place."""
    toned = _toned(np.ascontiguousarray(reference[..., 0]), lightness)
    here, there = _places(lightness.shape), _places_of_reference(toned.shape)
    asked, offered = _look(lightness, here), _look(toned, there)
    likeness = asked @ offered.T
    best = likeness.argmax(axis=1)
    found = []
    for number, (y, x) in enumerate(here):
        if 1 - likeness[number, best[number]] < _UNLIKE:
            row, column = there[best[number]]
            a, b = reference[row, column, 1:]
            light = float(lightness[y, x])
            if abs(light - float(toned[row, column])) < 12:
                found.append(Point(float(y), float(x), light, float(a), float(b)))
    return found


def _places_of_reference(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    step = max(2, max(shape) // 64)
    rows, columns = np.mgrid[step // 2 : shape[0] : step, step // 2 : shape[1] : step]
    return np.stack([rows.ravel(), columns.ravel()], axis=-1)


def _toned(lightness: Plane, like: Plane) -> Plane:
    """The tones of one picture matched to another's by their quantiles."""
    steps = np.linspace(0, 1, 33)
    return np.asarray(
        np.interp(lightness, np.quantile(lightness, steps), np.quantile(like, steps)), np.float32
    )


def _look(lightness: Plane, places: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Unit vectors of the patches around places at two sizes, with their mean luma. (n, C)."""
    parts = []
    for scale in (1, 3):
        small = cv2.blur(lightness, (scale, scale))
        padded = np.pad(small, _PATCH * scale, mode="reflect")
        offsets = (np.arange(_PATCH) - _PATCH // 2) * scale + _PATCH * scale
        rows = places[:, 0, None, None] + offsets[:, None]
        columns = places[:, 1, None, None] + offsets[None]
        parts.append((padded[rows, columns] - 50).reshape(len(places), -1) / scale)
    joined = np.concatenate(parts, axis=1).astype(np.float32)
    length = np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-6)
    return np.asarray(joined / length, np.float32)
