"""Single frames that do not belong: flashes, black and white frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restoration.stages.cuts.thumbnails import Thumbnail, Window, difference

_LONGEST_FLASH = 3
_FLASH_LUMA = 25.0
_FLASH_SHARE = 0.25  # of the usual light; less is flicker
_FLASH_RANKS = 15.0


@dataclass(frozen=True, slots=True)
class Flash:
    """One to three frames that do not belong between those before and after."""

    frame: int
    length: int
    kind: str
    confidence: float


def find_flash(window: Window) -> Flash | None:
    """A flash, black frame or white frame that begins at the centre frame."""
    before = window.at(-1)
    if before is None:
        return None
    for length in range(1, _LONGEST_FLASH + 1):
        last, after = window.at(length - 1), window.at(length)
        if last is None or after is None:
            return None
        found = _is_flash(window, before, last, after, length)
        if found > 0.0:
            return Flash(window.here.frame, length, _kind(window.here), round(found, 3))
    return None


def _is_flash(
    window: Window, before: Thumbnail, last: Thumbnail, after: Thumbnail, length: int
) -> float:
    """Confidence 0 to 1 that the frames from the centre to `last` are foreign."""
    here = window.here
    around = difference(before, after)
    edge = min(difference(before, here), difference(last, after))
    by_light = _stands_out(window, length) and around < _FLASH_RANKS
    by_ranks = edge > max(3.0 * around, _FLASH_RANKS) and edge > 2.0 * _usual_step(window, length)
    if not (by_light or by_ranks):
        return 0.6 if _is_blank_between(window, before, last, after, length) else 0.0
    return 1.0 - 0.5 * min(1.0, around / max(edge, _FLASH_RANKS))


def _usual_step(window: Window, length: int) -> float:
    """How far frames around differ from the next one, the livelier quarter.

    Flicker that clips moves ranks as well, and weave does.
    """
    steps = [
        difference(one, other)
        for offset in [*range(-8, -1), *range(length, length + 7)]
        if (one := window.at(offset)) is not None and (other := window.at(offset + 1)) is not None
    ]
    return float(np.percentile(steps, 75)) if steps else 0.0


def _is_blank_between(
    window: Window, before: Thumbnail, last: Thumbnail, after: Thumbnail, length: int
) -> bool:
    """Whether the frames show nothing and the picture stands at once on both sides: no fade."""
    if not all(found.is_flat for k in range(length) if (found := window.at(k)) is not None):
        return False
    for side, offsets in ((before, range(-8, 0)), (after, range(length, length + 8))):
        spreads = [found.spread for k in offsets if (found := window.at(k)) is not None]
        if side.spread < 0.7 * float(np.median(spreads)) or side.is_flat:
            return False
    return abs(window.here.mean - before.mean) > _FLASH_LUMA


def _stands_out(window: Window, length: int) -> bool:
    """Whether the light of these frames leaves the range of the frames around, flicker and all."""
    means = [
        found.mean
        for offset in [*range(-8, 0), *range(length, length + 8)]
        if (found := window.at(offset)) is not None
    ]
    if len(means) < 6:
        return False
    usual = float(np.median(means))
    scale = 1.4826 * float(np.median(np.abs(np.array(means) - usual)))
    inside = [found.mean for k in range(length) if (found := window.at(k)) is not None]
    least = max(_FLASH_LUMA, _FLASH_SHARE * usual, 4.5 * scale)
    return min(abs(mean - usual) for mean in inside) > least


def _kind(thumbnail: Thumbnail) -> str:
    if thumbnail.spread < 12.0:
        if thumbnail.mean < 40.0:
            return "black"
        if thumbnail.mean > 200.0:
            return "white"
    return "flash"
