"""Learned flow answers the same call as dense inverse search, and finds a known shift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from restoration import weights
from restoration.imaging.luma import eight_bit
from tests.restoration.stages.films import scenery

NAME = "basicvsr-reds"


def _pair(shift: int) -> tuple[np.ndarray, np.ndarray]:
    luma = (255 * scenery()).astype(np.float32)
    return eight_bit(luma[:, shift:]), eight_bit(luma[:, :-shift])


def test_the_network_gives_a_vector_for_each_pixel() -> None:
    from restoration.imaging.spynet import SpyNet

    with torch.inference_mode():
        flow = SpyNet().eval()(torch.rand(2, 3, 64, 96), torch.rand(2, 3, 64, 96))
    assert tuple(flow.shape) == (2, 2, 64, 96)


def test_a_file_without_the_network_is_refused_by_name(tmp_path: Path) -> None:
    from restoration.imaging.spynet import LearnedFlow

    other = tmp_path / "other.pth"
    torch.save({"params": {"conv.weight": torch.zeros(1)}}, other)
    with pytest.raises(ValueError, match=r"other\.pth holds no weights"):
        LearnedFlow(other)


@pytest.mark.skipif(weights.find(NAME).state() != "present", reason=f"{NAME} was not fetched")
@pytest.mark.parametrize("shift", [5, pytest.param(18, marks=pytest.mark.slow)])
def test_it_finds_a_shift(shift: int) -> None:
    from restoration.imaging.spynet import LearnedFlow

    one, other = _pair(shift)
    flow = LearnedFlow(weights.require(NAME)).between(one, other)
    assert flow.shape == (*one.shape, 2) and flow.dtype == np.float32
    inner = flow[30:-30, 30:-30]
    assert abs(float(np.median(inner[..., 0])) - shift) < 0.5
    assert abs(float(np.median(inner[..., 1]))) < 0.5
