"""Single frames that do not belong: flashes, black and white frames.

Candidates are found by light, by ranks, or as blank frames between pictures that stand at once.
Every one is shown to the later measures as the frame before it; those that are sure enough are
marked. Weights: as in `evidence`, fitted with the candidates on the bench's reels to tune on, since
`synthesis` makes too few false ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from restoration.stages.cuts.evidence import Weights, probability
from restoration.stages.cuts.thumbnails import Thumbnail, Window, difference

_LONGEST_FLASH = 3
_FLASH_LUMA = 25.0
_FLASH_SHARE = 0.25  # of the usual light; less is flicker
_FLASH_RANKS = 15.0
_BLANK = 12.0  # standard deviation in codes


@dataclass(frozen=True, slots=True)
class Flash:
    """One to three frames that do not belong between those before and after.

    beyond: how far their light leaves the range of the frames around, over the least that counts.
    around: rank difference of the frames before and after. edge: of these to the neighbours.
    usual: of frames around to the next one; 0 where nothing hangs on it.
    """

    frame: int
    length: int
    kind: str
    beyond: float
    around: float
    edge: float
    usual: float = 0.0

    @property
    def confidence(self) -> float:
        """Probability that the frames are foreign, 0 to 1."""
        return probability(WEIGHTS, self.features(), 1.0)

    def features(self) -> list[float]:
        """Constant, light, ranks against those around, against the usual, blankness, shortness.

        All but the constant speak for foreign frames the larger they are.
        """
        return [
            1.0,
            float(np.log(max(self.beyond, 0.2))),
            float(np.log((self.edge + 3.0) / (self.around + 3.0))),
            float(np.log((self.edge + 3.0) / (self.usual + 3.0))),
            0.0 if self.kind == "flash" else 1.0,
            float(_LONGEST_FLASH - self.length),
        ]


def find_flash(window: Window) -> Flash | None:
    """A flash, black frame or white frame that begins at the centre frame."""
    before = window.at(-1)
    if before is None:
        return None
    for length in range(1, _LONGEST_FLASH + 1):
        last, after = window.at(length - 1), window.at(length)
        if last is None or after is None:
            return None
        found = _measure(window, before, last, after, length)
        if _is_foreign(found):
            found = replace(found, usual=_usual_step(window, length))
        if _is_foreign(found) or _is_blank_between(window, before, after, length):
            return found
    return None


def _measure(
    window: Window, before: Thumbnail, last: Thumbnail, after: Thumbnail, length: int
) -> Flash:
    """Of the frames from the centre to `last`."""
    here = window.here
    return Flash(
        here.frame,
        length,
        _kind(here),
        beyond=_beyond(window, length),
        around=difference(before, after),
        edge=min(difference(before, here), difference(last, after)),
    )


def _is_foreign(found: Flash) -> bool:
    by_light = found.beyond > 1.0 and found.around < _FLASH_RANKS
    by_ranks = found.edge > max(3.0 * found.around, _FLASH_RANKS, 2.0 * found.usual)
    return by_light or by_ranks


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


def _is_blank_between(window: Window, before: Thumbnail, after: Thumbnail, length: int) -> bool:
    """Whether the frames show nothing and the picture stands at once on both sides: no fade."""
    if not all(found.is_flat for k in range(length) if (found := window.at(k)) is not None):
        return False
    for side, offsets in ((before, range(-8, 0)), (after, range(length, length + 8))):
        spreads = [found.spread for k in offsets if (found := window.at(k)) is not None]
        if side.spread < 0.7 * median(spreads) or side.is_flat:
            return False
    return abs(window.here.mean - before.mean) > _FLASH_LUMA


def _beyond(window: Window, length: int) -> float:
    """How far the light leaves the range of the frames around, flicker and all; above 1 it does."""
    means = [
        found.mean
        for offset in [*range(-8, 0), *range(length, length + 8)]
        if (found := window.at(offset)) is not None
    ]
    if len(means) < 6:
        return 0.0
    usual = median(means)
    scale = 1.4826 * median([abs(mean - usual) for mean in means])
    inside = [found.mean for k in range(length) if (found := window.at(k)) is not None]
    least = max(_FLASH_LUMA, _FLASH_SHARE * usual, 4.5 * scale)
    return min(abs(mean - usual) for mean in inside) / least


def _kind(thumbnail: Thumbnail) -> str:
    if thumbnail.spread < _BLANK:
        if thumbnail.mean < 40.0:
            return "black"
        if thumbnail.mean > 200.0:
            return "white"
    return "flash"


WEIGHTS: Weights = (-2.067, 2.325, 0.0, 1.143, 1.197, 0.648)
