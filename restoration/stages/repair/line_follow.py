"""Whether a line belongs to the film or to the scene, told by how it moves over the frames around.

A scratch is in the film: it stays about where it is in the frame, or sways, whatever the scene
does. A pole, a door frame or the border of a title card moves with what is beside it. Where neither
moves nothing tells them apart but the frame itself: only a scratch runs from edge to edge of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import CELL, Cells
from restoration.imaging.luma import Luma
from restoration.imaging.ranks import median
from restoration.stages.repair.line_evidence import BAND
from restoration.stages.repair.line_measure import Columns
from restoration.stages.repair.scratch import Line
from restoration.stages.repair.views import Motion

SWAY = 4.0
"""Columns that a scratch may go from frame to frame."""

_FARTHEST = 80.0  # columns that a line of the scene may go between frames, leaning as it does
_APART = 1.0  # columns between the steps of line and scene that tell them apart
_TOGETHER = 0.6  # and within which they are one
_MOVED = 1.2  # columns; a smaller step of the scene tells nothing
_MOVED_FAR = 2.0  # columns
SWAYED = 0.45  # columns, over all neighbours
_ALIKE = 0.3  # share of that by which a line of the scene may seem to go its own way
_NARROW, _FAINT = 7.0, 2.5  # columns at 720, codes
_EVEN_THOUGH_BROAD = 1.9
_EVEN = 1.25  # gain a band, of a line that stands in a scene that stands
_TEXTURE = 3.0  # codes a column, from which a place shows which way it moves
_WITH_SCENE = (0.55, 4.0)  # of the scene's steps, of a line that goes with it or with what is near
_STRAIGHT = 1.2  # columns, of one that does not span the frame
_LEAST_MOVED = 0.05  # square columns over all neighbours
_PLACES = 60  # at least, to know how the scene moves
_STRIP = 18  # places on each side of a line that are asked, every second column from 8 away


@dataclass(frozen=True, slots=True)
class Step:
    """From one frame to a neighbour, in columns to the right.

    line: how far the line went, None where it is not seen. scene: how far what is beside it went,
    None where that cannot be told. joined: whether a line like it went with the scene.
    """

    line: float | None
    scene: float | None
    joined: bool


def confirm(
    line: Line, others: Sequence[Sequence[Line]], motions: Sequence[Motion], luma: Luma
) -> bool:
    """Whether the line keeps its own way in the frames around, instead of the scene's.

    Args:
        others: the lines of each neighbour.
        motions: to each neighbour, in the same order.
        luma: (H, W) the frame's own.
    """
    ways = [_ways(line, lines) for lines in others]
    found = [pair for way in ways if (pair := _nearest(way)) is not None]
    if len(found) * 2 < len(ways):
        return False
    spans = any(each.whole for each in (line, *(other for other, _ in found)))
    steps = [
        _step(way, scene_step(line, motion, luma))
        for way, motion in zip(ways, motions, strict=True)
    ]
    if _goes_along(steps) or all(step.scene is None for step in steps):
        return False  # on an even card nothing tells a scratch from a drawn line
    joined = sum(step.joined for step in steps)
    left_behind = sum(_is_left_behind(step) for step in steps)
    share = _share_of_scene(steps)
    if share is not None and _WITH_SCENE[0] <= share <= _WITH_SCENE[1]:
        return False
    if left_behind > joined and _pans(steps, motions):
        stays = sum(map(_stays, steps))
        alone = joined == 0 and share is None and stays >= 3 and len(found) == len(steps)
        if spans:
            return _is_fine(line, luma.shape[1])
        straight = _is_plain(line, luma.shape[1]) and _bend(line) <= _STRAIGHT
        return alone and straight and sum(map(_all_moves, motions)) >= 3
    if joined or not spans or len(found) < 3:
        return False
    wanders = sum(_goes_alone(step) for step in steps)
    sways = wanders >= 2 and _is_fine(line, luma.shape[1])
    return (_is_plain(line, luma.shape[1]) or sways) and len(found) >= len(steps) - 1


def _share_of_scene(steps: Sequence[Step]) -> float | None:
    """What share of the scene's steps the line went, where it went in proportion; else None.

    A line that goes with a slow pan takes all of it; one that is nearer or farther than the rest of
    the scene another share.
    """
    known = [(step.line, step.scene) for step in steps]
    pairs = [(line, scene) for line, scene in known if line is not None and scene is not None]
    moved = sum(line * line for line, _ in pairs)
    there = sum(scene * scene for _, scene in pairs)
    if moved < _LEAST_MOVED or there < _LEAST_MOVED:
        return None
    share = sum(line * scene for line, scene in pairs) / there
    rest = sum((line - share * scene) ** 2 for line, scene in pairs)
    return share if rest <= 0.25 * moved and share > 0.1 else None


def _pans(steps: Sequence[Step], motions: Sequence[Motion]) -> bool:
    """Whether the scene goes one way through the frames; where flow lost it, it does not."""
    known = [
        (motion.offset, step.scene)
        for motion, step in zip(motions, steps, strict=True)
        if step.scene is not None
    ]
    there = sum(scene * scene for _, scene in known)
    speed = sum(at * scene for at, scene in known) / max(1, sum(at * at for at, _ in known))
    return sum((scene - speed * at) ** 2 for at, scene in known) <= 0.35 * there


def _bend(line: Line) -> float:
    """Columns by which the line usually departs from a straight one; spray and reeds bend."""
    fit = np.polynomial.Polynomial.fit(line.rows, line.columns, 1)
    return float(np.quantile(np.abs(line.columns - fit(line.rows)), 0.7))


def _is_fine(line: Line, width: int) -> bool:
    """Narrow, or strong all the way: what is broad and comes and goes is a coat or a trunk."""
    if (line.right - line.left + 1) * 720 <= _NARROW * width:
        return True
    return line.strength / len(line.columns) * BAND >= _EVEN_THOUGH_BROAD


def _is_plain(line: Line, width: int) -> bool:
    """Narrow and evenly strong: folds and edges of furniture are broad or faint in places."""
    even = line.strength / len(line.columns) * BAND
    narrow = (line.right - line.left + 1) * 720 <= _NARROW * width
    return even >= (_EVEN if narrow and line.contrast >= _FAINT else _EVEN_THOUGH_BROAD)


def _goes_along(steps: Sequence[Step]) -> bool:
    """Whether line and scene sway alike, each time by less than one step could tell."""
    known = [
        (step.line, step.scene)
        for step in steps
        if step.line is not None and step.scene is not None
    ]
    swayed = sum(abs(scene) for _, scene in known)
    apart = sum(abs(line - scene) for line, scene in known)
    return swayed > SWAYED and apart < _ALIKE * swayed


def _is_left_behind(step: Step) -> bool:
    """The scene moved on and the line did not."""
    if step.line is None or step.scene is None or step.joined:
        return False
    return abs(step.scene) > _MOVED and abs(step.line - step.scene) > _APART


def _all_moves(motion: Motion) -> bool:
    """Whether the whole scene moved far, and not somebody who passes a post that stands."""
    return abs(median(np.ascontiguousarray(motion.flow[::2, ::2, 0]).reshape(-1))) > _MOVED_FAR


def _stays(step: Step) -> bool:
    """The scene moved far and the line stood: enough for one that does not span the frame."""
    if step.line is None or step.scene is None:
        return False
    return abs(step.scene) > _MOVED_FAR and abs(step.line) < _APART


def _goes_alone(step: Step) -> bool:
    """The line moved and the scene did not, as a scratch that sways does, but a limb as well."""
    if step.line is None or step.scene is None or step.joined:
        return False
    return abs(step.line - step.scene) > _APART


Ways = list[tuple[Line, float]]
"""Lines of another frame that a line could be, and how many columns it would have gone."""


def _ways(line: Line, lines: Sequence[Line]) -> Ways:
    return [(other, step) for other in lines if (step := distance(line, other)) is not None]


def _nearest(ways: Ways) -> tuple[Line, float] | None:
    near = [pair for pair in ways if abs(pair[1]) <= SWAY]
    return min(near, key=lambda pair: abs(pair[1])) if near else None


def _step(ways: Ways, scene: float | None) -> Step:
    found = _nearest(ways)
    joined = False
    if scene is not None and abs(scene) > _MOVED:
        reach = _TOGETHER + 0.1 * abs(scene)
        joined = any(abs(step - scene) <= reach for _, step in ways)
    return Step(None if found is None else found[1], scene, joined)


def goes_on(line: Line, other: Line) -> bool:
    """Whether a line of the next frame is this one."""
    step = distance(line, other)
    return step is not None and abs(step) <= SWAY


def distance(line: Line, other: Line) -> float | None:
    """Columns from one line to another of its tone, where both are; None if that is too little."""
    if line.tone != other.tone or abs(line.middle - other.middle) > _FARTHEST:
        return None
    first, stop = max(line.first, other.first), min(line.stop, other.stop)
    shortest = min(len(line.columns), len(other.columns))
    if stop - first < max(16, shortest // 2):
        return None
    return _median_apart(
        line.columns[first - line.first : stop - line.first],
        other.columns[first - other.first : stop - other.first],
    )


@compiled
def _median_apart(columns: Columns, others: Columns) -> float:
    apart = np.empty(len(columns), np.float32)
    for row in range(len(columns)):
        apart[row] = others[row] - columns[row]
    return median(apart)


def scene_step(line: Line, motion: Motion, luma: Luma) -> float | None:
    """How far the scene beside the line moved, in columns; the line itself drags the flow.

    Only places whose texture shows sideways movement are asked, on both sides of the line.
    """
    half = max(line.right, -line.left)
    steps = _steps_beside(luma, line.first, line.columns, half, motion.flow, motion.missed)
    return median(steps) if len(steps) >= _PLACES else None


@compiled
def _steps_beside(
    luma: Luma,
    first: int,
    columns: Columns,
    half: int,
    flow: Cells,
    missed: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Columns that each place beside a line goes which can tell; every third row of the line."""
    width, last = luma.shape[1], len(columns) - 1 - (len(columns) - 1) % 3
    told = np.empty(2 * _STRIP * (len(columns) // 3 + 1), np.float32)
    held = 0
    if last < 3:  # shorter than four rows: no second row to ask, and indices are not checked here
        return told[:held].copy()
    for at in range(0, len(columns), 3):
        row = first + at
        for index in range(2 * _STRIP):
            away = -half - 44 + 2 * index if index < _STRIP else half + 8 + 2 * (index - _STRIP)
            column = int(np.rint(columns[at])) + away
            if column <= 1 or column >= width - 2:
                continue
            slope = _slope(luma, row, column)
            for beside in (max(at - 3, 3 - at), at + 3 if at < last else at - 3):
                there = min(max(int(np.rint(columns[beside])) + away, 1), width - 2)
                slope += _slope(luma, first + beside, there)
            cell = row // CELL, column // CELL
            if slope > 3.0 * _TEXTURE and missed[cell] < 1.5:
                told[held] = flow[cell[0], cell[1], 0]
                held += 1
    return told[:held].copy()


@compiled
def _slope(luma: Luma, row: int, column: int) -> float:
    return float(abs(luma[row, column + 1] - luma[row, column - 1]) / 2.0)
