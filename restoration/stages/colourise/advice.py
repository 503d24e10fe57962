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
from restoration.stages.colourise.kriging import FITTED, LOOKS, looks_of
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
    """Where to paint next. gain: share of the frame's doubt that one hint here would take away."""

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

    What a hint decides is the variance that it would take away (`kriging.py`): that of everything
    near, of its luma and with its look.

    Args:
        size: (height, width) of the picture, in whose pixels places are given.
    """
    rows = max(2, round(_ACROSS * lightness.shape[0] / lightness.shape[1]))
    light = cv2.resize(lightness, (_ACROSS, rows), interpolation=cv2.INTER_AREA)
    open_yet = undecided(lightness, evidence).astype(np.float32)
    doubt = (1 - evidence) * open_yet
    need = cv2.resize(doubt, (_ACROSS, rows), interpolation=cv2.INTER_AREA).ravel()
    if float(need.mean()) < _FEWEST:  # no hint takes away more than there is
        return []
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
    """(places, places): the share of the one's variance that a hint at the other takes away."""
    looks = looks_of(light, float(np.sqrt(light.size))).reshape(-1, LOOKS)
    alike = FITTED.between(looks, looks) / np.float32(FITTED.total)
    return np.asarray(alike**2, np.float32)


def choose_places(found: list[Place], size: tuple[int, int], count: int = 5) -> list[Place]:
    """The best of a scene's places, each thing once."""
    near = _SAME * float(np.sqrt(size[0] * size[1]))
    chosen: list[Place] = []
    for place in sorted(found, key=lambda each: (-each.gain, each.frame)):
        if all(np.hypot(place.y - other.y, place.x - other.x) > near for other in chosen):
            chosen.append(place)
    return chosen[:count]
