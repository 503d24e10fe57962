"""Training begins as bicubic and sees the same batches again; the bench ranks rightly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restoration.stages.upscale.bench import auroc
from restoration.stages.upscale.network import CompactNetwork
from restoration.stages.upscale.training import Schedule, batch_of, judge
from restoration.stages.upscale.training_samples import shrink_as
from tests.restoration.stages.films import scenery

SCHEDULE = Schedule(batch=2, crop=24)


def pool() -> list[np.ndarray]:
    return [(scenery(n, width=200, height=160) * 255).astype(np.uint8) for n in (1, 2)]


def test_a_batch_follows_from_its_step_alone_and_both_factors_come() -> None:
    factors = set()
    for step in range(8):
        one, other = (batch_of(pool(), SCHEDULE, step) for _ in range(2))
        assert torch.equal(one.small, other.small) and torch.equal(one.large, other.large)
        assert one.large.shape[-1] == one.factor * one.small.shape[-1]
        factors.add(one.factor)
    assert factors == {2, 4}


def test_an_untrained_network_is_bicubic_enlargement() -> None:
    network = CompactNetwork()
    for step in range(4):
        batch = batch_of(pool(), SCHEDULE, step)
        with torch.inference_mode():
            judged = judge(network(batch.small), network.halved, batch)
        assert float(judged.mine) == pytest.approx(float(judged.plain), rel=1e-5)
        assert np.isfinite(float(judged.loss))


def test_grain_is_put_on_the_small_picture_alone() -> None:
    flat = np.full((96, 96), 100 / 255, np.float32)
    small = shrink_as(flat, 4, np.random.default_rng(3), film=True)
    assert small.shape == (24, 24) and small.std() > 0
    assert shrink_as(flat, 4, np.random.default_rng(3), film=False).std() < 1e-6
    assert flat.std() == 0


def test_auroc_counts_ties_half() -> None:
    bad = np.array([False, False, True, True])
    assert auroc(np.array([0, 1, 2, 3], np.float32), bad) == 1
    assert auroc(np.array([3, 2, 1, 0], np.float32), bad) == 0
    assert auroc(np.ones(4, np.float32), bad) == 0.5
    assert auroc(np.array([0, 1, 1, 2], np.float32), bad) == pytest.approx(0.875)
    assert auroc(np.ones(4, np.float32), np.zeros(4, bool)) is None
