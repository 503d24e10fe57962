"""Flow leads from one frame to the other, and back."""

from __future__ import annotations

import cv2
import numpy as np

from restoration.imaging.flow import FlowEstimator, follow, leaves_picture, round_trip_error
from restoration.imaging.luma import eight_bit
from tests.restoration.stages.films import scenery

SHIFT = 5


def _pair() -> tuple[np.ndarray, np.ndarray]:
    luma = (255 * scenery()).astype(np.float32)
    return eight_bit(luma[:, SHIFT:]), eight_bit(luma[:, :-SHIFT])


def test_it_finds_a_shift() -> None:
    one, other = _pair()
    flow = FlowEstimator().between(one, other)
    inner = flow[20:-20, 20:-20]
    assert abs(float(np.median(inner[..., 0])) - SHIFT) < 0.3
    assert abs(float(np.median(inner[..., 1]))) < 0.3


def test_following_the_flow_brings_the_other_frame_here() -> None:
    one, other = _pair()
    flow = FlowEstimator().between(one, other)
    misfit = np.abs(follow(other.astype(np.float32), flow) - one)[20:-20, 20:-20]
    assert float(misfit.mean()) < 3.0


def test_a_sound_flow_comes_back_to_where_it_started() -> None:
    one, other = _pair()
    estimator = FlowEstimator()
    missed = round_trip_error(estimator.between(one, other), estimator.between(other, one))
    assert float(np.median(missed)) < 0.3


def test_vectors_that_leave_the_picture_are_told() -> None:
    flow = np.zeros((30, 40, 2), np.float32)
    flow[..., 0] = 10.0
    outside = leaves_picture(flow)
    assert outside[:, 30:].all() and not outside[:, :29].any()


def test_threads_do_not_change_it() -> None:
    one, other = _pair()
    cv2.setNumThreads(8)
    many = FlowEstimator().between(one, other)
    cv2.setNumThreads(1)
    assert np.array_equal(many, FlowEstimator().between(one, other))


def test_pictures_too_small_for_flow_do_not_move() -> None:
    small = np.zeros((10, 12), np.uint8)
    assert not FlowEstimator().between(small, small).any()
