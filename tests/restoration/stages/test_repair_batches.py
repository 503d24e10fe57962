"""Tiles that a graphics processor judges in batches are judged as the whole frame is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from restoration import weights
from restoration.device import require_device
from restoration.provenance import Label
from restoration.stages import REPAIR
from restoration.stages.contract import StageError
from restoration.stages.repair.inputs import CHANNELS
from restoration.stages.repair.judging import TILE, UNLIKELY, Judge
from restoration.stages.repair.judging_batches import BatchJudge
from restoration.stages.repair.network import RepairNetwork
from restoration.stages.repair.stage import LEARNED_FLOW, NETWORK, Params
from tests.restoration.stages.films import blot, clip_of, moving, run_stage

LARGE = (366, 478), (480, 640)


@pytest.fixture
def any_weights(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    save_file(RepairNetwork().state_dict(), tmp_path / "any.safetensors")
    return tmp_path / "any.safetensors"


def _noise(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal((CHANNELS, height, width)) * 40
    return np.clip(np.rint(noise), -127, 127).astype(np.int8)


@pytest.mark.parametrize(
    "shape",
    [(100, 301), (24, 24), *(pytest.param(large, marks=pytest.mark.slow) for large in LARGE)],
)
def test_batches_of_tiles_say_what_the_whole_frame_says(
    any_weights: Path, shape: tuple[int, int]
) -> None:
    planes = _noise(*shape)
    whole = Judge(any_weights, torch.float32).judge_whole(planes)
    told = BatchJudge(any_weights, "cpu").judge(planes)
    most = np.abs(whole.damage).max()
    assert np.allclose(told.damage, whole.damage, atol=1e-5 * most)
    assert np.allclose(told.choice, whole.choice, atol=1e-5 * np.abs(whole.choice).max())


@pytest.mark.slow
def test_a_tile_is_judged_alike_whatever_else_is_asked(any_weights: Path) -> None:
    judge, planes = BatchJudge(any_weights, "cpu"), _noise(384, 640)
    alone = np.zeros_like(planes)
    alone[:, :TILE, :TILE] = planes[:, :TILE, :TILE]
    for shown in (planes, alone):
        shown[:, TILE : 3 * TILE, TILE : 3 * TILE] = 0
    corner = slice(0, TILE // 2), slice(0, TILE // 2)
    assert np.array_equal(judge.judge(planes).damage[corner], judge.judge(alone).damage[corner])


def test_tiles_without_evidence_are_not_run(any_weights: Path) -> None:
    planes = np.zeros((CHANNELS, 4 * TILE, 5 * TILE), np.int8)
    planes[8, 10, 10] = 127
    damage = BatchJudge(any_weights, "cpu").judge(planes).damage
    assert (damage[2 * TILE :] == UNLIKELY).all() and (damage[:TILE, :TILE] != UNLIKELY).all()


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "tpu"])
def test_a_device_that_is_not_there_is_refused_before_anything_is_begun(name: str) -> None:
    if name == "cuda" and torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(StageError, match="DEVICE"):
        require_device(name)


def test_learned_flow_is_named_among_what_was_loaded() -> None:
    assert REPAIR.weights(Params(flow="learned")) == (LEARNED_FLOW,)
    assert REPAIR.weights(Params(engine="network", flow="learned")) == (NETWORK, LEARNED_FLOW)
    with pytest.raises(ValueError, match="flow must be one of search, learned"):
        Params(flow="guessed")


@pytest.mark.slow
def test_a_blotch_is_found_along_learned_flow() -> None:
    if weights.find(LEARNED_FLOW).state() != "present":
        pytest.skip(f"fetch it with: python -m restoration weights fetch {LEARNED_FLOW}")
    lights = moving(5, step=2.0)
    lights[2] = blot(lights[2], 40, 60, 4, 0.95)
    made, _ = run_stage(REPAIR, clip_of(lights), flow="learned")
    assert (made[2].structure == Label.RECOVERED).sum() > 20


@pytest.mark.gpu
def test_a_graphics_processor_says_what_the_processor_says(any_weights: Path) -> None:
    planes = _noise(480, 640)
    told = BatchJudge(any_weights, "cuda").judge(planes)
    whole = Judge(any_weights, torch.float32).judge_whole(planes)
    assert np.allclose(told.damage, whole.damage, atol=0.02 * np.abs(whole.damage).max())
