"""What is right and what is wrong on reels of known truth, for `training`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restoration.stages.cuts.dissolves import Dissolve, find_dissolves
from restoration.stages.cuts.duplicates import find_repeats
from restoration.stages.cuts.evidence import Evidence
from restoration.stages.cuts.fades import FadeEvidence, true_fades
from restoration.stages.cuts.marks import surest
from restoration.stages.cuts.measurements import Measurements
from restoration.stages.cuts.synthesis import Draw, Library, Reel, as_clip
from restoration.stages.cuts.synthesis_blanks import Blank
from restoration.stages.cuts.synthesis_cards import make_card
from restoration.stages.cuts.thumbnails import Thumbnail, make_thumbnail
from restoration.stages.cuts.titles import Looks, writing

_BESIDE = 3  # frames around a change of shot that are no examples
_LOST = 0.25  # share of the picture
_RUN = 12

Rows = list[tuple[list[float], bool]]


def cut_examples(reel: Reel, measured: Measurements) -> list[tuple[Evidence, bool]]:
    """Every boundary that was looked at, and whether there is a cut.

    Left out are gradual changes, and splices over which so little of the picture is carried that
    nobody could tell them from a cut.
    """
    found = []
    for boundary in measured.boundaries:
        frame = boundary.frame
        beside = any(0 < abs(frame - cut) <= _BESIDE for cut in reel.cuts)
        inside = any(a - _BESIDE <= frame <= b + _BESIDE for a, b in reel.gradual)
        joined = any(abs(frame - splice) <= 1 for splice in reel.splices)
        lost = joined and boundary.carried < _LOST
        if frame in reel.cuts or not (beside or inside or lost):
            evidence = Evidence.at(boundary, measured.single, measured.first_frame)
            found.append((evidence, frame in reel.cuts))
    return found


def dissolve_examples(reel: Reel, measured: Measurements) -> list[tuple[Dissolve, bool]]:
    """Every candidate that neither a cut nor a blank frame explains, and whether it is one."""
    found = []
    for each in find_dissolves(measured):
        start, end = each.span
        cut = any(start - 1 <= frame <= end + 2 for frame in reel.cuts)
        blank = any(measured.flat[max(0, start - 3 - measured.first_frame) : end + 3])
        if not cut and not blank:
            true = any(a - 2 <= each.middle <= b + 2 for a, b in reel.gradual)
            found.append((each, true))
    return found


def splice_examples(reel: Reel, measured: Measurements) -> Rows:
    """Features of every joint inside a shot, and whether frames are missing there.

    Left out are splices that cannot be seen.
    """
    borders = [(cut, cut) for cut in reel.cuts] + reel.gradual
    return [
        (joint.features(), any(abs(joint.frame - splice) <= 1 for splice in reel.splices))
        for joint in surest(measured.joints)
        if not any(a - _BESIDE <= joint.frame <= b + _BESIDE for a, b in borders)
        and not any(abs(joint.frame - frame) <= 1 for frame in reel.unseen)
    ]


def fade_examples(
    blanks: Sequence[Blank], measured: Measurements
) -> list[tuple[FadeEvidence, bool]]:
    """Every passage through blank frames, and whether another scene follows."""
    found = []
    for fade in true_fades(measured):
        middle = sum(fade.blank) // 2
        for blank in blanks:
            if blank.start - 2 <= middle <= blank.end + 2:
                found.append((FadeEvidence.of(fade, measured), blank.changes))
    return found


def flash_examples(reel: Reel, measured: Measurements) -> Rows:
    """Every candidate that is no cut's or fade's, and whether it is a foreign frame."""
    borders = [(cut, cut) for cut in reel.cuts] + reel.gradual
    return [
        (flash.features(), any(flash.frame <= f < flash.frame + flash.length for f in reel.foreign))
        for flash in measured.flashes
        if not any(a - _BESIDE <= flash.frame <= b + _BESIDE for a, b in borders)
    ]


def repeat_examples(reel: Reel, measured: Measurements) -> Rows:
    """Every candidate, and whether the frame was shown before."""
    return [
        (row, measured.first_frame + index in reel.repeats)
        for index, row in find_repeats(measured.steps)
    ]


def title_examples(library: Library, count: int, rng: Draw) -> list[tuple[list[Looks], bool]]:
    """Looks of short runs of frames: cards, and pictures that might be taken for some."""
    found = []
    for n in range(count):
        is_card = n % 3 == 0
        shot = make_card(_RUN, rng) if is_card else library.shot(_RUN, rng)
        frames = [frame.astype(np.float32) for frame in shot]
        if not is_card:
            frames = _in_other_light(frames, rng)
        looks = [writing(each) for each in _thumbnails(frames, rng)]
        found.append((looks, is_card))
    return found


def _in_other_light(frames: list[np.ndarray], rng: Draw) -> list[np.ndarray]:
    """Dark as at night, burnt out, or only a circle of it."""
    kind = int(rng.integers(4))
    if kind == 0:
        return [frame * np.float32(rng.uniform(0.15, 0.8)) for frame in frames]
    if kind == 1:
        return [frame * 1.8 + 20 for frame in frames]
    if kind == 2:
        rows, columns = np.mgrid[0 : frames[0].shape[0], 0 : frames[0].shape[1]]
        far = np.hypot(rows - rows.mean(), columns - columns.mean())
        return [frame * (far < rng.uniform(40, 120))[..., None] for frame in frames]
    return frames


def _thumbnails(frames: list[np.ndarray], rng: Draw) -> list[Thumbnail]:
    return [make_thumbnail(n, each) for n, each in enumerate(as_clip(frames, rng).pictures)]
