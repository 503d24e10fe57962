"""Frames as every measure sees them: foreign frames shown as their neighbours, dirt masked.

Nothing after this module knows that there were flashes, blank frames or dirt. A cut survives: what
is replaced must differ from both sides while the sides agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from restoration.stages.cuts.flashes import Flash, find_flash
from restoration.stages.cuts.thumbnails import TINY, Small, Thumbnail, coarse_luma, windows

_REACH = 12
_DIRT = 24  # ranks by which dirt leaves the range of both neighbours
_AGREE = 14  # ranks by which neighbours may differ where there is dirt between them
_MOST = 0.25  # of the frame; more than that is no dirt


def without_foreign(thumbnails: Iterable[Thumbnail], found: list[Flash]) -> Iterator[Thumbnail]:
    """Every frame in turn, foreign ones as the nearest earlier frame that is none.

    Args:
        found: takes every flash, black or white frame, in order.
    """
    last: Thumbnail | None = None
    foreign = -1
    for window in windows(thumbnails, _REACH):
        here = window.here
        if here.frame >= foreign and (flash := find_flash(window)) is not None:
            found.append(flash)
            foreign = flash.frame + flash.length
        if here.frame < foreign and last is not None:
            yield replace(last, frame=here.frame)
        else:
            last = here
            yield here


def without_dirt(thumbnails: Iterable[Thumbnail]) -> Iterator[Thumbnail]:
    """Every frame in turn, with what only this frame shows replaced by what both neighbours show.

    The signed three-frame test of Kokaram's SDIp, on ranks, so that flicker is no dirt.
    """
    for window in windows(thumbnails, 1):
        before, after = window.at(-1), window.at(1)
        if before is None or after is None:
            yield window.here
        else:
            yield _masked(window.here, before, after)


def _masked(here: Thumbnail, before: Thumbnail, after: Thumbnail) -> Thumbnail:
    rank, one, other = (each.ranks.astype(np.int16) for each in (here, before, after))
    outside = np.maximum(rank - np.maximum(one, other), np.minimum(one, other) - rank)
    mask = ((outside > _DIRT) & (np.abs(one - other) < _AGREE)).astype(np.uint8)
    share = float(mask.mean())
    if not 0.0 < share < _MOST:
        return here
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
    ranks = np.where(mask, ((one + other) // 2).astype(np.uint8), here.ranks)
    luma = np.where(mask, _in_light_of(here, before, before.luma), here.luma)
    tiny = cv2.resize(mask.astype(np.uint8), TINY, interpolation=cv2.INTER_AREA)[..., None] > 0
    colour = np.where(tiny, _in_light_of(here, before, before.colour), here.colour)
    return replace(here, ranks=ranks, luma=luma, coarse=coarse_luma(luma), colour=colour)


def _in_light_of(here: Thumbnail, other: Thumbnail, values: Small) -> Small:
    """Another frame's values with this frame's mean and contrast."""
    gain = here.spread / max(other.spread, 1.0)
    lit = (values.astype(np.float32) - other.mean) * gain + here.mean
    return np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)
