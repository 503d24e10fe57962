"""What one frame alone says of a line is not believed, and nothing is kept for good."""

from __future__ import annotations

from typing import Any

import numpy as np

from restoration.stages.repair.lines import StandingLines
from restoration.stages.repair.scratch import Line


class FiveFrames:
    """Stands for the frames around; only which neighbours there are is asked for."""

    def offsets(self, frame: int) -> list[int]:
        return [offset for offset in (-1, 1, -2, 2) if 0 <= frame + offset < 5]


def _line(column: float) -> Line:
    columns = np.full(120, column, np.float32)
    return Line(0, columns, -1, 1, 1, 30.0, 20.0, whole=True)


def _lines(sure: dict[int, list[Line]]) -> StandingLines:
    lines = StandingLines(FiveFrames())  # type: ignore[arg-type]
    held: Any = lines
    for frame in range(5):
        held._found[frame] = held._sure[frame] = sure.get(frame, [])
    return lines


def test_a_line_that_is_a_scratch_in_one_frame_alone_is_left() -> None:
    assert _lines({2: [_line(40.0)]}).standing(2) == []


def test_a_line_that_is_a_scratch_in_the_next_frame_as_well_is_one() -> None:
    here = _line(40.0)
    assert _lines({2: [here], 3: [_line(41.0)]}).standing(2) == [here]


def test_another_line_in_the_next_frame_does_not_count() -> None:
    assert _lines({2: [_line(40.0)], 3: [_line(60.0)]}).standing(2) == []


def test_frames_that_were_passed_are_forgotten() -> None:
    lines = _lines({frame: [_line(40.0)] for frame in range(5)})
    lines.forget_before(4)
    held: Any = lines
    assert list(held._found) == list(held._sure) == [4]
