"""Where colour is undecided, and where one more hint would decide most.

A method that must name a colour where nothing speaks for any gives the safe average, and water
becomes grass. So it is said where that is the case.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import asdict, dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Plane
from restoration.stages.colourise.spread import CERTAIN, LUMA_REACH, SOFT
from restoration.stages.contract import JSON

UNDECIDED = 0.5
"""Evidence below which a pixel's colour counts as undecided."""
DOUBT_ACROSS = 64
WARN = 0.3
"""Share of a scene's pixels from which it is warned of."""
_DARK, _LIGHT = 6.0, 97.0
"""L outside which a colour can hardly be seen."""
_ACROSS = 40
_FEWEST = 0.01
"""Share of the frame that a place must decide to be worth naming."""
_SAME = 0.12
"""Places nearer to each other, by the picture's side, are the same advice."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to paint next. gain: share of the frame's pixels that one hint here would decide."""

    frame: int
    y: int
    x: int
    height: int
    width: int
    gain: float

    def as_json(self) -> JSON:
        return asdict(self)


def doubt_grid(lightness: Plane, evidence: Plane) -> JSON:
    """How uncertain the colour is in blocks of a frame, 64 across: 255 where nothing speaks for it.

    Where a colour can hardly be seen there is nothing to doubt. data: uint8 rows, deflated, base64.
    """
    seen = (lightness > _DARK) & (lightness < _LIGHT)
    doubt = np.where(seen, 1 - evidence, 0).astype(np.float32)
    width = min(DOUBT_ACROSS, doubt.shape[1])
    height = max(1, round(doubt.shape[0] * width / doubt.shape[1]))
    blocks = cv2.resize(doubt, (width, height), interpolation=cv2.INTER_AREA)
    codes = np.clip(np.rint(blocks * 255), 0, 255).astype(np.uint8)
    data = base64.b64encode(zlib.compress(codes.tobytes(), 9)).decode("ascii")
    return {"width": width, "height": height, "data": data}


def undecided(lightness: Plane, evidence: Plane) -> npt.NDArray[np.bool_]:
    """Where colour can be seen and nothing speaks for one. (H, W)."""
    seen = (lightness > _DARK) & (lightness < _LIGHT)
    return np.asarray(seen & (evidence < UNDECIDED))


def places_to_paint(
    frame: int, lightness: Plane, evidence: Plane, size: tuple[int, int], count: int = 3
) -> list[Place]:
    """The places of one frame where a hint would decide most, best first.

    What a hint decides is what it would add to evidence: everything near that is equally light.

    Args:
        size: (height, width) of the picture, in whose pixels places are given.
    """
    rows = max(2, round(_ACROSS * lightness.shape[0] / lightness.shape[1]))
    light = cv2.resize(lightness, (_ACROSS, rows), interpolation=cv2.INTER_AREA)
    open_yet = undecided(lightness, evidence).astype(np.float32)
    doubt = (1 - evidence) * open_yet
    need = cv2.resize(doubt, (_ACROSS, rows), interpolation=cv2.INTER_AREA).ravel()
    reach = _reach(np.asarray(light, np.float32))
    side = max(4, min(size) // 40)
    found = []
    for _ in range(count):
        gains = reach @ need
        best = int(gains.argmax())
        gain = float(gains[best]) / need.size
        if gain < _FEWEST:
            break
        row, column = divmod(best, _ACROSS)
        y = round((row + 0.5) * size[0] / rows - side / 2)
        x = round((column + 0.5) * size[1] / _ACROSS - side / 2)
        y, x = min(max(y, 0), size[0] - side), min(max(x, 0), size[1] - side)
        found.append(Place(frame, y, x, side, side, round(gain, 4)))
        need = need * (1 - reach[best])
    return found


def _reach(light: Plane) -> npt.NDArray[np.float32]:
    """(places, places): the evidence that a hint at the one gives the other."""
    rows, columns = light.shape
    y, x = (part.ravel().astype(np.float32) for part in np.mgrid[0:rows, 0:columns])
    unit = np.float32(1 / np.sqrt(rows * columns))
    squared = np.full((y.size, y.size), SOFT, np.float32)
    for part, scale in ((y, unit), (x, unit), (light.ravel(), np.float32(1 / LUMA_REACH))):
        squared += ((part[:, None] - part[None]) * scale) ** 2
    weight = 1 / (squared * squared)
    return np.asarray(weight / (weight + np.float32(CERTAIN)), np.float32)


def choose_places(found: list[Place], size: tuple[int, int], count: int = 5) -> list[Place]:
    """The best of a scene's places, each thing once."""
    near = _SAME * float(np.sqrt(size[0] * size[1]))
    chosen: list[Place] = []
    for place in sorted(found, key=lambda each: (-each.gain, each.frame)):
        if all(np.hypot(place.y - other.y, place.x - other.x) > near for other in chosen):
            chosen.append(place)
    return chosen[:count]
