"""Metrics give the numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.imaging.metrics import (
    flicker,
    grain_ratio,
    psnr,
    squared_error,
    ssim_map,
    warping_error,
)
from tests.restoration.stages.films import moving


def test_psnr_of_one_code_of_error() -> None:
    assert psnr(1.0) == pytest.approx(48.13, abs=0.01)
    assert psnr(0.0) == 99.0


def test_errors_are_summed_over_the_mask_only() -> None:
    one, other = np.zeros((4, 4), np.float32), np.full((4, 4), 2, np.float32)
    mask = np.zeros((4, 4), bool)
    mask[0, :3] = True
    assert squared_error(one, other, mask) == (12.0, 3)


def test_ssim_of_equal_pictures_is_one() -> None:
    picture = (255 * moving(1)[0]).astype(np.float32)
    assert float(ssim_map(picture, picture).min()) == pytest.approx(1.0, abs=1e-3)
    assert float(ssim_map(picture, 255 - picture).mean()) < 0.2


def test_flicker_ignores_a_ramp_and_sees_one_bright_frame() -> None:
    ramp = [np.full((4, 4), 10.0 + n, np.float32) for n in range(20)]
    assert flicker(ramp[4:16]) < 1.6
    ramp[10] = ramp[10] + 30
    assert flicker(ramp) > 5


def test_half_the_grain_is_a_quarter_of_the_variance() -> None:
    noise = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32) * 10
    everywhere = [np.ones((64, 64), bool)]
    assert grain_ratio([noise / 2], [noise], everywhere) == pytest.approx(0.25, rel=1e-3)


def test_a_dirty_frame_raises_the_warping_error() -> None:
    frames = [(255 * light).astype(np.float32) for light in moving(4)]
    dirty = [frame.copy() for frame in frames]
    dirty[2][40:60, 40:60] = 0
    assert warping_error(dirty, frames) > 3 * warping_error(frames, frames)
