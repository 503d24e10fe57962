"""The recurrent network: built as its published weights are, and the same however a clip is cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from restoration import weights
from restoration.stages.upscale.basicvsr import Recurrent, recur
from restoration.stages.upscale.basicvsr_network import BasicVsr, load_basicvsr, warp
from restoration.stages.upscale.compact import Compact, load_compact
from restoration.stages.upscale.params import BASICVSR, NETWORK
from restoration.stages.upscale.size import wanted_size
from restoration.stages.upscale.stage import luma_of
from tests.restoration.stages.films import scenery
from tests.restoration.stages.upscale.clips import enlarge, small_clip, worst_db


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the published shape, and nothing in them."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "net.pth"
    torch.save({"params": BasicVsr().state_dict()}, path)
    return path


def test_weights_of_another_network_are_refused(saved: Path, tmp_path: Path) -> None:
    held = torch.load(saved, weights_only=True)
    del held["params"]["fusion.bias"]
    torch.save(held, tmp_path / "less.pth")
    with pytest.raises(RuntimeError, match=r"fusion\.bias"):
        load_basicvsr(tmp_path / "less.pth")


def test_every_new_frame_of_a_stretch_is_made_four_times_as_large() -> None:
    network = BasicVsr(blocks=1).eval()
    frames = [torch.full((1, 3, 12, 17), n / 10) for n in range(4)]
    with torch.inference_mode():
        made = recur(network, frames, slice(1, 3))
    assert [plane.shape for plane in made] == [(48, 68)] * 2


@pytest.mark.slow
def test_the_engine_tells_of_every_pass_before_the_first_frame_is_there(saved: Path) -> None:
    clip = small_clip("gray", frames=3)
    size = wanted_size(clip.format, scale=2, height=0)
    doubter = Compact(load_compact(weights.require(NETWORK)), size)
    told: list[str] = []
    engine = Recurrent(
        load_basicvsr(saved), size, doubter=doubter, beat=lambda: told.append("beat")
    )
    results = engine.enlarge(luma_of(picture) for picture in clip.pictures)
    next(results)
    assert len(told) == 3 + 3 + 3


def test_features_follow_the_flow_and_nothing_comes_in_from_outside() -> None:
    features = torch.arange(20.0).reshape(1, 1, 4, 5)
    flow = torch.zeros(1, 2, 4, 5)
    flow[:, 0] = 1
    moved = warp(features, flow)[0, 0]
    assert torch.allclose(moved[:, :4], features[0, 0, :, 1:], atol=1e-4)
    assert (moved[:, 4] == 0).all()


@pytest.mark.slow
@pytest.mark.skipif(weights.find(BASICVSR).state() != "present", reason="weights not fetched")
def test_the_published_weights_beat_resampling_by_far_and_give_back_the_source() -> None:
    clip = small_clip("gray", frames=4)
    wide = scenery(3, width=4 * 41 + 16, height=120) * 255

    def error(engine: str) -> float:
        made, facts = enlarge(clip, scale=4, engine=engine)
        assert facts["engine"] == engine
        assert all(worst_db(m.picture, p) >= 50 for m, p in zip(made, clip.pictures, strict=True))
        truths = [wide[:, 4 * n : 4 * (n + 41)] for n in range(4)]
        return float(
            np.mean(
                [((m.picture.planes[0] - t) ** 2).mean() for m, t in zip(made, truths, strict=True)]
            )
        )

    assert error("basicvsr") < 0.7 * error("resample")
