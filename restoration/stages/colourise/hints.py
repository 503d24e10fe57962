"""Hints: coloured patches that a person painted on frames of the scan, checked and understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Plane, to_lab
from restoration.stages.colourise.spread import Point
from restoration.stages.contract import Clip, StageError

_FIELDS = ("frame", "y", "x", "height", "width", "rgb")
_POINTS_ACROSS = 3
"""A large patch speaks for at most so many places in each direction."""
_POINT_EVERY = 6


@dataclass(frozen=True, slots=True)
class Hint:
    """A patch and its colour.

    frame: of the scan. y, x: its top left pixel. rgb: sRGB, 0 to 255. by: who painted it, or None.
    """

    id: str
    frame: int
    y: int
    x: int
    height: int
    width: int
    rgb: tuple[int, int, int]
    by: str | None = None

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    @property
    def ab(self) -> npt.NDArray[np.float32]:
        """a and b of its colour, (2,); its L is of no account, the film has its own."""
        return to_lab(np.array(self.rgb, np.float32) / np.float32(255))[1:]


def parse_hints(values: object) -> tuple[Hint, ...]:
    """The hints of a run's parameter.

    Raises: ValueError naming the hint, what is wrong with it and what is wanted.
    """
    if not isinstance(values, Iterable) or isinstance(values, (str, Mapping)):
        raise ValueError('hints must be a list such as [{"id": "1", "frame": 0, "y": 10, ...}]')
    hints = tuple(_parse(number, value) for number, value in enumerate(values))
    seen: set[str] = set()
    for hint in hints:
        if hint.id in seen:
            raise ValueError(f"two hints are called {hint.id!r}; every hint needs its own id")
        seen.add(hint.id)
    return hints


def _parse(number: int, value: Any) -> Hint:
    if not isinstance(value, Mapping):
        raise ValueError(f"hint {number} is {value!r}; wanted are {', '.join(_FIELDS)}")
    name = str(value.get("id", number))
    strange = sorted(set(value) - {"id", "by", *_FIELDS})
    lacking = [field for field in _FIELDS if field not in value]
    if strange or lacking:
        wrong = f"knows no {', '.join(strange)}" if strange else f"lacks {', '.join(lacking)}"
        raise ValueError(f"hint {name} {wrong}; wanted are id, by, {', '.join(_FIELDS)}")
    rgb = value["rgb"]
    if not isinstance(rgb, (list, tuple)) or len(rgb) != 3 or not all(map(_is_code, rgb)):
        raise ValueError(f"hint {name}: rgb must be three whole numbers 0 to 255, not {rgb!r}")
    for field in _FIELDS[:-1]:
        if not _is_whole(value[field]) or value[field] < (1 if field in ("height", "width") else 0):
            raise ValueError(f"hint {name}: {field} cannot be {value[field]!r}")
    place = {field: int(value[field]) for field in _FIELDS[:-1]}
    by = value.get("by")
    red, green, blue = (int(code) for code in rgb)
    return Hint(name, **place, rgb=(red, green, blue), by=None if by is None else str(by))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_code(value: object) -> bool:
    return _is_whole(value) and 0 <= value <= 255  # type: ignore[operator]


def check_places(hints: Iterable[Hint], clip: Clip) -> None:
    """Raises: StageError for a hint outside the scene or the picture."""
    width, height = clip.format.width, clip.format.height
    for hint in hints:
        if not clip.start_frame <= hint.frame < clip.end_frame:
            raise StageError(
                f"hint {hint.id} lies on frame {hint.frame}, outside the scene's "
                f"[{clip.start_frame}, {clip.end_frame}); give each scene its own hints"
            )
        if hint.y + hint.height > height or hint.x + hint.width > width:
            raise StageError(
                f"hint {hint.id} covers y {hint.y} to {hint.y + hint.height}, x {hint.x} to "
                f"{hint.x + hint.width}, but the picture is {width} x {height}; move it inside"
            )


def points_of(hint: Hint, lightness: Plane, scale: float) -> list[Point]:
    """Places of a hint in a frame shrunk by `scale`, each with the luma that it was painted on."""
    ab = hint.ab
    found = []
    for y, tall in _stretches(hint.y, hint.height):
        for x, wide in _stretches(hint.x, hint.width):
            rows = _span(y * scale, (y + tall) * scale, lightness.shape[0])
            columns = _span(x * scale, (x + wide) * scale, lightness.shape[1])
            light = float(np.median(lightness[rows, columns]))
            middle_y = (y + tall / 2) * scale - 0.5
            middle_x = (x + wide / 2) * scale - 0.5
            found.append(Point(middle_y, middle_x, light, float(ab[0]), float(ab[1])))
    return found


def _stretches(start: int, length: int) -> list[tuple[float, float]]:
    count = min(_POINTS_ACROSS, max(1, length // _POINT_EVERY))
    return [(start + part * length / count, length / count) for part in range(count)]


def _span(start: float, stop: float, length: int) -> slice:
    first = min(int(start), length - 1)
    return slice(first, max(first + 1, min(round(stop), length)))
