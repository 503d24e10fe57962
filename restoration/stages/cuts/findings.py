"""From measurements of every frame to the list of cuts that a person would have made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from restoration.stages.cuts.gradual import Fade, Mix, Range, find_fades, is_one_scene, join_mixes
from restoration.stages.cuts.hard import Boundary, Flash

LEAST_ACROSS = 40.0
LEAST_RATIO = 4.5
_SPLICE_ACROSS = 10.0
_SAME_SCENE = 30.0
_TITLE_FRAMES = 12


@dataclass(slots=True)
class Measurements:
    """A few numbers for each frame, in order; lists of equal length unless said otherwise."""

    first_frame: int
    boundaries: list[Boundary] = field(default_factory=list)
    """One for each frame but the first."""
    proposals: set[int] = field(default_factory=set)
    flashes: list[Flash] = field(default_factory=list)
    mixes: list[Mix] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    flat: list[bool] = field(default_factory=list)
    bridged: dict[int, float] = field(default_factory=dict)
    """First frame after blank ones: how far the scenes on both sides differ in ranks."""
    steps: list[float] = field(default_factory=list)
    """Mean absolute difference of luma to the frame before; 0 for the first."""
    titles: list[bool] = field(default_factory=list)
    """Whether the frame looks like light writing on a dark card."""


def conclude(measured: Measurements, *, strictness: float, shortest: int) -> dict[str, Any]:
    """The facts of the stage: cuts, gradual, marks, confidence, intertitles."""
    fades = _true_fades(measured)
    dissolves = join_mixes(measured.mixes)
    hard = _hard_cuts(measured, strictness)
    dissolves = [
        (span, score)
        for span, score in dissolves
        if not any(span[0] - 2 <= cut <= span[1] + 2 for cut in hard)
        and not any(span[0] <= fade.end and fade.start <= span[1] for fade in fades)
    ]
    gradual = [span for span, _ in dissolves]
    cuts = {span[0] + (span[1] - span[0]) // 2: score for span, score in dissolves}
    for fade in fades:
        hard = {cut: sure for cut, sure in hard.items() if not fade.start <= cut <= fade.end}
        cuts |= _cuts_of_fade(fade, measured)
        gradual.append((fade.start, fade.end))
    cuts |= hard
    kept = _apart(cuts, shortest)
    return {
        "cuts": sorted(kept),
        "gradual": [list(span) for span in sorted(gradual)],
        "marks": _marks(measured, kept, gradual),
        "confidence": [round(kept[cut], 3) for cut in sorted(kept)],
        "intertitles": [list(span) for span in _intertitles(measured)],
    }


def _hard_cuts(measured: Measurements, strictness: float) -> dict[int, float]:
    foreign = {flash.frame + k for flash in measured.flashes for k in range(flash.length + 1)}
    return {
        boundary.frame: _confidence(boundary)
        for boundary in measured.boundaries
        if boundary.frame in measured.proposals
        and boundary.frame not in foreign
        and boundary.across >= LEAST_ACROSS * strictness
        and boundary.ratio >= LEAST_RATIO * strictness
    }


def _confidence(boundary: Boundary) -> float:
    """0.5 at the threshold, rising towards 1 with both measures."""
    odds = (boundary.across / LEAST_ACROSS) * (boundary.ratio / LEAST_RATIO)
    return 1.0 - 0.5 / max(odds, 0.5)


def _true_fades(measured: Measurements) -> list[Fade]:
    """Fades, without the single blank frames that are damage inside a shot."""
    foreign = {flash.frame for flash in measured.flashes}
    return [
        fade
        for fade in find_fades(measured.first_frame, measured.spreads, measured.flat)
        if fade.blank[0] not in foreign and (fade.end - fade.start >= 3)
    ]


def _cuts_of_fade(fade: Fade, measured: Measurements) -> dict[int, float]:
    if not fade.inside:
        # Black before the first scene or after the last is no scene of its own unless it is long.
        if not is_one_scene(fade):
            return {}
        first = fade.blank[0] == measured.first_frame
        return {fade.blank[1] if first else fade.blank[0]: 0.9}
    if is_one_scene(fade):
        return {fade.blank[0]: 0.9, fade.blank[1]: 0.9}
    if measured.bridged.get(fade.blank[1], np.inf) < _SAME_SCENE:
        return {}  # something passed in front of the camera
    return {fade.start + (fade.end - fade.start) // 2: 0.9}


def _apart(cuts: dict[int, float], shortest: int) -> dict[int, float]:
    """Of cuts nearer to each other than the shortest scene, the surest."""
    kept: dict[int, float] = {}
    for cut in sorted(cuts, key=lambda cut: (-cuts[cut], cut)):
        if all(abs(cut - other) >= shortest for other in kept):
            kept[cut] = cuts[cut]
    return kept


def _marks(
    measured: Measurements, cuts: dict[int, float], gradual: Sequence[Range]
) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = [
        {"frame": flash.frame + k, "kind": flash.kind, "confidence": flash.confidence}
        for flash in measured.flashes
        for k in range(flash.length)
    ]
    taken = {mark["frame"] for mark in marks} | {mark["frame"] + 1 for mark in marks}
    for boundary in measured.boundaries:
        inside = any(start <= boundary.frame <= end for start, end in gradual)
        near = any(abs(boundary.frame - cut) <= 2 for cut in cuts)
        if inside or near or boundary.frame in taken:
            continue
        if boundary.across >= _SPLICE_ACROSS and boundary.ratio >= LEAST_RATIO:
            sure = round(_confidence(boundary) * 0.8, 3)
            marks.append({"frame": boundary.frame, "kind": "splice", "confidence": sure})
    marks += _duplicates(measured)
    return sorted(marks, key=lambda mark: (mark["frame"], mark["kind"]))


def _duplicates(measured: Measurements) -> list[dict[str, Any]]:
    """Frames equal to the one before, though the film moves before and after."""
    steps = np.array(measured.steps)
    found = []
    for index in range(3, len(steps) - 2):
        around = np.delete(steps[index - 2 : index + 3], 2)
        if steps[index] < 0.08 and float(around.min()) > 0.6:
            frame = measured.first_frame + index
            found.append({"frame": frame, "kind": "duplicate", "confidence": 0.9})
    return found


def _intertitles(measured: Measurements) -> list[Range]:
    """Runs of frames, half-open, that hold still writing on a dark card."""
    found: list[Range] = []
    start: int | None = None
    for index, title in enumerate([*measured.titles, False]):
        if title and start is None:
            start = index
        elif not title and start is not None:
            if index - start >= _TITLE_FRAMES:
                found.append((measured.first_frame + start, measured.first_frame + index))
            start = None
    return found
