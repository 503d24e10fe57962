"""Flow of one vector for each cell says what the flow of all pixels says, for a sixteenth of it."""

from __future__ import annotations

import cv2
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


def test_searching_quarters_finds_what_searching_the_pictures_finds() -> None:
    one, other = _pair((200, 300))
    wanted = flow_cells.gather(FlowEstimator("fast").between(one, other))
    assert np.allclose(flow_cells.CellEstimator().between(one, other), wanted, atol=1e-4)


@pytest.mark.parametrize("shape", [(199, 301), (66, 67), (30, 44), (24, 25)])
def test_pictures_that_end_in_parts_of_cells_are_searched_to_their_edges(
    shape: tuple[int, int],
) -> None:
    one, other = _pair(shape)
    cells = flow_cells.CellEstimator().between(one, other)
    assert cells.shape == (*flow_cells.cells_of(shape), 2) and np.isfinite(cells).all()
    if shape[0] > 30:
        assert abs(np.median(cells[..., 0]) - SHIFT) < 0.5


def test_pictures_too_small_for_flow_do_not_move() -> None:
    small = np.zeros((20, 60), np.uint8)
    assert not flow_cells.CellEstimator().between(small, small + 9).any()


def test_carrying_reads_at_vectors_stretched_by_straight_lines() -> None:
    _, other = _pair((63, 90))
    cells = np.random.default_rng(2).normal(0, 9, (16, 23, 2)).astype(np.float32)
    cells[0, 0], cells[-1, -1] = -1e6, 1e6  # far outside: the picture's corners
    places = cv2.resize(cells, (92, 64), interpolation=cv2.INTER_LINEAR)[:63, :90]
    y, x = np.mgrid[:63, :90].astype(np.float32)
    wanted = cv2.remap(
        other, places[..., 0] + x, places[..., 1] + y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )
    apart = np.abs(flow_cells.carry(other, cells).astype(int) - wanted)
    assert np.quantile(apart, 0.99) <= 1 and apart[0, 0] == 0


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
