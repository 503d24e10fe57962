"""Intertitles: writing on an even card, light on dark or dark on light, printed or by hand.

Strokes are thinner than `_KERNEL`, so a closing (dark ink) or an opening (light ink) gives the card
without its writing. A card is even; its strokes stand out clearly and lie in lines; and it stands
still. Weights: fitted by `training` on cards and pictures, as in `evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.evidence import Weights, log_odds, probability
from restoration.stages.cuts.thumbnails import Small, Thumbnail

Looks = tuple[float, ...]
"""Of `writing`: constant, evenness, lines, share of letters, how clear the strokes are."""

_KERNEL = np.ones((9, 9), np.uint8)  # of a picture 192 columns wide
_BAR = 40  # codes below which a column at the side or a row at the edge is no part of the card
_LEAST_CARD = 0.3  # of the width and of the height
_LEAST_EVEN = 0.5  # of the card
_LEAST_CONTRAST = 16.0  # codes
_INK = 0.4  # of the strongest strokes
_FAINT = 0.15  # of them; what lies between is the texture of a picture
_CROSSINGS = 8  # edges along a row that runs through writing
_NOTHING: Looks = (1.0, -4.0, 0.0, -4.0, -1.0)


def writing(thumbnail: Thumbnail) -> Looks:
    """How much a frame looks like a card with writing; the better of dark and light ink.

    All but the constant speak for a card the larger they are.
    """
    card = _without_bars(thumbnail.fine)
    without_dark = np.asarray(cv2.morphologyEx(card, cv2.MORPH_CLOSE, _KERNEL), np.uint8)
    without_light = np.asarray(cv2.morphologyEx(card, cv2.MORPH_OPEN, _KERNEL), np.uint8)
    both = [
        _looks(without_dark, without_dark - card),
        _looks(without_light, card - without_light),
    ]
    return max(both, key=lambda looks: float(np.dot(WEIGHTS, looks)))


def is_title(thumbnail: Thumbnail) -> bool:
    """Whether the frame alone looks like a card with writing."""
    return float(np.dot(WEIGHTS, writing(thumbnail))) > 0.0


def _without_bars(luma: Small) -> Small:
    """What lies between dark bars at the sides, or above and below."""
    shown = luma > _BAR
    height, width = luma.shape
    columns = np.flatnonzero(shown.mean(axis=0) > 0.05)
    rows = np.flatnonzero(shown.mean(axis=1) > 0.05)
    if not columns.size or not rows.size:
        return luma
    left, right = int(columns[0]), int(columns[-1]) + 1
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    if right - left < _LEAST_CARD * width or bottom - top < _LEAST_CARD * height:
        return luma
    return np.ascontiguousarray(luma[top:bottom, left:right])


def _looks(card: npt.NDArray[np.uint8], ink: npt.NDArray[np.uint8]) -> Looks:
    """Of a card without its writing, and of the writing alone, both (h, w)."""
    # Half the rows and columns tell tones as well.
    tones = card[::2, ::2].astype(np.float32)
    level = float(np.median(tones))
    even = float((np.abs(tones - level) < max(12.0, 0.12 * level)).mean())
    strength = float(np.percentile(ink[::2, ::2], 98.5)) if even > _LEAST_EVEN else 0.0
    if strength < _LEAST_CONTRAST:
        return _NOTHING
    strokes = (ink > _INK * strength).astype(np.uint8)
    crossings = np.count_nonzero(cv2.absdiff(strokes[:, 1:], strokes[:, :-1]), axis=1)
    lines = float((crossings >= _CROSSINGS).mean())
    amount = float(strokes.mean())
    clear = amount / (float((ink > _FAINT * strength).mean()) - amount + 0.02)
    return (
        1.0,
        log_odds(even, 0.01),
        min(lines, 0.15) / 0.15,
        log_odds(_share_of_letters(strokes), 0.02),
        float(np.log(clear)),
    )


def _share_of_letters(strokes: npt.NDArray[np.uint8]) -> float:
    """Share of the ink in pieces of the height of letters and the length of words."""
    _, _, found, _ = cv2.connectedComponentsWithStats(strokes)
    wide, tall, ink = (
        found[1:, k] for k in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA)
    )
    letters = (tall >= 3) & (tall <= 24) & (wide <= 70) & (wide >= 2) & (ink < 0.8 * wide * tall)
    return float(ink[letters].sum()) / max(1.0, float(ink.sum()))


def title_confidence(looks: Sequence[Looks], strides: Sequence[float]) -> float:
    """Probability that a run of frames is one card, 0 to 1.

    Args:
        looks: of each frame, at least one. strides: rank difference of each to the one before.
    """
    return probability(RUN_WEIGHTS, title_features(looks, strides), 1.0)


def title_features(looks: Sequence[Looks], strides: Sequence[float]) -> list[float]:
    """Constant, the score of its frames, stillness, length."""
    score = float(np.mean([np.dot(WEIGHTS, each) for each in looks]))
    still = -float(np.log((float(np.median(strides)) + 0.5) / 3.0))
    return [1.0, score, still, float(np.log(len(looks) / 24.0))]


WEIGHTS: Weights = (-5.511, 1.325, 1.901, 0.971, 1.271)
RUN_WEIGHTS: Weights = (0.0, 1.0, 0.5, 0.5)
"""Chosen by hand: runs of pictures that look like a card are too rare to fit them on."""
