"""Whether a line keeps its own way over many frames, where the next few are too few to tell.

A scratch stays about where it is in the frame, and wanders; what belongs to the scene goes where
the scene goes, or takes a fixed share of its way if it is nearer or farther. A slow pan takes half
a column a frame, which a scratch may do as well for a while, but not for twenty frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma
from restoration.stages.repair.line_follow import SWAY, distance, scene_step
from restoration.stages.repair.scratch import Line
from restoration.stages.repair.views import Motion

BACK, AHEAD = 20, 6
"""Frames before and after the one in question over which its lines are followed."""

_FEWEST = 7  # frames
_FAR = 4.0  # columns that the scene must have gone, and half of it the whole picture
_APART = 0.8  # columns, deviation of the line's way from the scene's
_SHARE, _NEAR = 0.6, 4.0  # of the scene's way, that something farther or nearer may take
_MOVED, _RIGID = 0.9, 0.5  # columns; deviation from such a share, over that of the line's way


@dataclass(frozen=True, slots=True)
class Steps:
    """To the nearest frame before or after, in columns.

    picture: how far the whole picture goes (median). scene: how far what is beside each line goes,
    None where that cannot be told.
    """

    picture: float
    scene: list[float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """The lines of one frame that run from top to bottom, and the steps from there by offset."""

    lines: list[Line]
    steps: dict[int, Steps] = field(default_factory=dict)


def glimpse(lines: Sequence[Line], near: Sequence[Motion], luma: Luma) -> Glimpse:
    """Keep of a frame what following lines through it needs.

    Args:
        lines: all lines of the frame. near: motions to the nearest frame on each side.
        luma: (H, W) the frame's own.
    """
    whole = [line for line in lines if line.whole]
    if not whole:
        return Glimpse([])
    steps = {
        motion.offset: Steps(
            float(np.median(motion.flow[::2, ::2, 0])),
            [scene_step(line, motion, luma) for line in whole],
        )
        for motion in near
    }
    return Glimpse(whole, steps)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Columns from where a line was in the frame in question, for each frame of its way, (n,).

    line: its own way. scene: that of what is beside it. picture: that of the whole picture.
    """

    line: npt.NDArray[np.float64]
    scene: npt.NDArray[np.float64]
    picture: npt.NDArray[np.float64]


def follow_line(line: Line, frame: int, seen: Mapping[int, Glimpse]) -> Track:
    """The line's way through the frames before and after.

    Args:
        line: one of the lines of `seen[frame]`.
        seen: by frame; where one is missing the way ends.
    """
    ways = [(0.0, 0.0, 0.0)]
    ways += _way(line, frame, seen, range(frame - BACK, frame))
    ways += _way(line, frame, seen, range(frame + 1, frame + AHEAD + 1))
    line_way, scene, picture = np.array(ways).T
    return Track(line_way, scene, picture)


def _way(
    line: Line, frame: int, seen: Mapping[int, Glimpse], frames: range
) -> Iterator[tuple[float, float, float]]:
    forward = bool(frames) and frames[0] > frame
    gone = scene = picture = 0.0
    while True:
        here = seen.get(frame)
        if here is None:
            return
        offset = next((at for at in here.steps if (at > 0) == forward), 0)
        there = seen.get(frame + offset)
        if not offset or frame + offset not in frames or there is None:
            return
        beside = here.steps[offset].scene[here.lines.index(line)]
        steps = [
            (step, other)
            for other in there.lines
            if (step := distance(line, other)) is not None and abs(step) <= SWAY
        ]
        if beside is None or not steps:
            return
        step, line = min(steps, key=lambda found: abs(found[0]))
        frame += offset
        gone, scene = gone + step, scene + beside
        picture += here.steps[offset].picture
        yield gone, scene, picture


def keeps_its_own_way(track: Track) -> bool | None:
    """True of a line that stayed where the scene went far, False of one that went with it.

    Also False of one that took a fixed share of the scene's way, as near and far things do. None
    where the way is too short to tell.
    """
    if len(track.line) < _FEWEST or np.ptp(track.scene) < _MOVED:
        return None
    scene = track.scene - track.scene.mean()
    line = track.line - track.line.mean()
    share = float((line * scene).sum() / (scene * scene).sum())
    if share < _SHARE:
        return True if _left_behind(track) else None
    rest = float(np.std(line - share * scene))
    return False if share < _NEAR and rest < _RIGID * float(np.std(line)) else None


def _left_behind(track: Track) -> bool:
    if np.ptp(track.scene) < _FAR or np.ptp(track.picture) < _FAR / 2.0:
        return False  # nothing moved, or somebody passes a post that stands
    return float(np.std(track.line - track.scene)) >= _APART
