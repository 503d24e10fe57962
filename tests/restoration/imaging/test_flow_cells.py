"""Flow of one vector for each cell says what the flow of all pixels says, for a sixteenth of it."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.imaging import flow_cells
from restoration.imaging.flow import FlowEstimator
from restoration.imaging.luma import eight_bit
from tests.restoration.stages.films import scenery

SHIFT = 5


def _pair(shape: tuple[int, int] = (200, 320)) -> tuple[np.ndarray, np.ndarray]:
    luma = (255 * scenery()).astype(np.float32)[: shape[0], : shape[1] + SHIFT]
    return eight_bit(luma[:, SHIFT:]), eight_bit(luma[:, :-SHIFT])


@pytest.mark.parametrize("shape", [(200, 300), (199, 301), (66, 67)])
def test_carrying_brings_the_other_frame_here_at_any_size(shape: tuple[int, int]) -> None:
    one, other = _pair(shape)
    cells = flow_cells.gather(FlowEstimator().between(one, other))
    assert cells.shape == (*flow_cells.cells_of(shape), 2)
    carried = flow_cells.carry(other, cells)
    assert carried.shape == shape and carried.dtype == np.uint8
    misfit = np.abs(carried.astype(int) - one)[12:-12, 12:-12]
    assert misfit.mean() < 3.0


def test_following_two_steps_goes_as_far_as_both() -> None:
    steps = np.zeros((2, 30, 40, 2), np.float32)
    steps[0, ..., 0], steps[1, ..., 0], steps[1, ..., 1] = 3.0, 4.0, -2.0
    assert np.allclose(flow_cells.join(*steps), (7.0, -2.0))
    assert np.allclose(flow_cells.round_trip(steps[0], -steps[0]), 0.0)


def test_vectors_that_leave_the_picture_are_told() -> None:
    cells = np.zeros((8, 10, 2), np.float32)
    cells[..., 0] = 10.0
    outside = flow_cells.leaves_picture(cells, (32, 40))
    assert outside[:, 8:].all() and not outside[:, :7].any()


def test_a_mask_of_cells_covers_their_pixels_and_no_more() -> None:
    cells = np.zeros((3, 4), bool)
    cells[1, 2] = True
    wide = flow_cells.spread_mask(cells, (11, 14))
    assert wide.shape == (11, 14) and wide[4:8, 8:12].all() and wide.sum() == 16
