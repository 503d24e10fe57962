"""The network judges parts as it judges the whole, and its word is never written as a picture."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from restoration import weights
from restoration.provenance import Label
from restoration.stages import REPAIR
from restoration.stages.repair.inference import Inference, add_coarser
from restoration.stages.repair.inputs import (
    CHANNELS,
    HALVES,
    SCALES,
    network_inputs,
    settle_suspects,
)
from restoration.stages.repair.judging import (
    HALO,
    TILE,
    UNLIKELY,
    Judge,
    boxes_of,
    tiles_with_evidence,
)
from restoration.stages.repair.network import RepairNetwork
from restoration.stages.repair.stage import NETWORK, Params, repair_frames
from restoration.stages.repair.views import Surroundings
from restoration.stages.segments import Segment
from tests.restoration.stages.films import blot, clip_of, moving, problems, run_stage


@pytest.fixture
def any_weights(tmp_path: Path) -> Path:
    """A network of the right form with weights by chance: enough for what holds of any weights."""
    torch.manual_seed(3)
    save_file(RepairNetwork().state_dict(), tmp_path / "any.safetensors")
    return tmp_path / "any.safetensors"


@pytest.fixture
def any_judge(any_weights: Path) -> Judge:
    return Judge(any_weights)


def _noise(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal((CHANNELS, height, width)) * 40
    return np.clip(np.rint(noise), -127, 127).astype(np.int8)


@pytest.mark.parametrize("shape", [(366, 478), (480, 640), (200, 301)])
def test_a_part_gives_the_same_bits_as_the_whole(any_judge: Judge, shape: tuple[int, int]) -> None:
    planes = _noise(*shape)
    whole = any_judge.judge_whole(planes)
    rows, columns = (-(-side // TILE) for side in shape)
    for y, x in ((0, 0), (rows - 1, columns - 1), (rows // 2, 0)):
        tiles = np.zeros((rows, columns), bool)
        tiles[y, x] = True
        (box,) = boxes_of(tiles)
        part = any_judge.judge_parts(planes, [box])
        assert np.array_equal(part.damage[box], whole.damage[box])
        half = tuple(slice(side.start // 2, side.stop // 2) for side in box)
        assert np.array_equal(part.choice[half], whole.choice[half])


@pytest.mark.parametrize(("precision", "apart"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
def test_planes_laid_out_in_pixels_give_what_training_saw(
    any_weights: Path, precision: torch.dtype, apart: float
) -> None:
    planes = _noise(64, 96)
    network = RepairNetwork().eval()
    network.load_state_dict(load_file(any_weights))
    with torch.inference_mode():
        word = network(torch.from_numpy(planes / SCALES[:, None, None])[None])
    told = Judge(any_weights, precision).judge_whole(planes)
    damage, choice = word.damage[0, 0].numpy(), word.choice[0].permute(1, 2, 0).numpy()
    assert np.allclose(told.damage, damage, atol=apart * np.abs(damage).max())
    assert np.allclose(told.choice, choice, atol=apart * np.abs(choice).max())


def test_sums_made_on_the_bits_are_those_of_the_library() -> None:
    torch.manual_seed(3)
    planes = torch.randn(1, 16, 24, 40).bfloat16().contiguous(memory_format=torch.channels_last)
    coarser = torch.randn(1, 16, 12, 20).bfloat16().contiguous(memory_format=torch.channels_last)
    wide = coarser.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    wanted = (planes + wide).relu()
    add_coarser(planes, coarser)
    assert torch.equal(planes, wanted)


def test_planes_are_shown_alike_as_bits_and_as_numbers() -> None:
    network = RepairNetwork().eval()
    quick, exact = (Inference(network, kind) for kind in (torch.bfloat16, torch.float32))
    planes = _noise(16, 24)
    for shown in (Inference._shown, Inference._evidence):
        one, other = shown(quick, planes), shown(exact, planes)
        assert one.dtype == torch.bfloat16 and torch.equal(one.float(), other)


def test_nothing_beyond_the_halo_has_a_say(any_judge: Judge) -> None:
    planes = _noise(64 + 2 * HALO, 192)
    other = planes.copy()
    other[:, 64 + HALO :] = 0
    one, two = any_judge.judge_whole(planes), any_judge.judge_whole(other)
    assert np.array_equal(one.damage[:64], two.damage[:64])
    assert not np.array_equal(one.damage[64:], two.damage[64:])


def test_parts_without_evidence_are_not_run(any_judge: Judge) -> None:
    planes = np.zeros((CHANNELS, 8 * TILE, 8 * TILE), np.int8)
    assert (any_judge.judge(planes).damage == UNLIKELY).all()
    planes[8, 20, 20] = 20 * HALVES
    tiles = tiles_with_evidence(planes)
    assert tiles[:2, :2].all() and tiles.sum() == 4
    assert (any_judge.judge(planes).damage[2 * TILE :] == UNLIKELY).all()
    assert (any_judge.judge(planes).damage[: 2 * TILE, : 2 * TILE] != UNLIKELY).all()


def test_a_frame_at_the_end_has_inputs_without_trust_in_the_missing_side() -> None:
    clip = clip_of(moving(4))
    around = Surroundings(clip, Segment(0, 4), 0, _estimator())
    motions = [around.motion(0, offset) for offset in around.offsets(0)]
    planes = network_inputs(around.view(0), motions)
    assert planes.shape == (CHANNELS, *around.view(0).luma.shape)
    assert not planes[6].any() and planes[7].any()


def _estimator():
    from restoration.imaging.flow_cells import CellEstimator

    return CellEstimator()


def test_a_blotch_takes_the_motion_of_what_lies_around_it() -> None:
    lights = moving(5, step=3.0)
    lights[2] = blot(lights[2], 60, 80, 12, 1.0)
    around = Surroundings(clip_of(lights), Segment(0, 5), 0, _estimator())
    offsets = around.offsets(2)
    motions = [around.motion(2, offset) for offset in offsets]
    views = {offset: around.view(2 + offset) for offset in offsets}
    settled = settle_suspects(around.view(2), motions, views)
    for motion in settled:
        inside = motion.flow[54 // 4 : 67 // 4, 74 // 4 : 87 // 4]
        assert np.abs(inside[..., 0] + 3.0 * motion.offset).max() < 1.5


def test_a_repeated_frame_is_no_neighbour() -> None:
    lights = moving(4)
    lights.insert(2, lights[1].copy())
    around = Surroundings(clip_of(lights), Segment(0, 5), 0, _estimator())
    assert around.offsets(1) == [-1, 2, 3]
    assert around.offsets(2) == [1, -2, 2]


def test_dirt_on_a_repeated_frame_is_found_and_filled_from_beyond_it() -> None:
    lights = moving(6)
    lights[3] = blot(lights[3], 60, 80, 5, 1.0)
    lights.insert(4, lights[3].copy())
    clip = clip_of(lights)
    made, _ = run_stage(REPAIR, clip, engine="network")
    assert problems(clip, made) == []
    for frame in (3, 4):
        assert (made[frame].structure[57:64, 77:84] == Label.RECOVERED).all()


def test_the_network_changes_nothing_outside_its_labels_and_passes_the_gate() -> None:
    lights = moving(7)
    for number, light in enumerate(lights):
        lights[number] = blot(light, 20 + 11 * number, 30 + 13 * number, 2 + number, number % 2)
    clip = clip_of(lights, "yuv420p")
    made, facts = run_stage(REPAIR, clip, engine="network")
    assert facts["engine"] == "network" and facts["network_precision"] in ("bfloat16", "float32")
    assert problems(clip, made) == []
    assert any((frame.structure == Label.RECOVERED).any() for frame in made)
    for before, frame in zip(clip.pictures, made, strict=True):
        same = frame.structure == Label.ORIGINAL
        assert np.array_equal(before.planes[0][same], frame.picture.planes[0][same])


def test_the_network_gives_the_same_codes_in_parts_and_on_any_number_of_threads() -> None:
    lights = moving(9)
    for number in (0, 3, 4, 8):
        lights[number] = blot(lights[number], 20 + 8 * number, 40 + 9 * number, 4, 0.0)
    clip = clip_of(lights)
    whole, _ = run_stage(REPAIR, clip, engine="network")
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        parts = []
        for start in range(0, 9, 2):
            facts: dict = {"frames": [], "unreadable": 0}
            parts += repair_frames(
                clip, Params(engine="network"), lambda *_: None, facts, start, min(start + 2, 9)
            )
    finally:
        torch.set_num_threads(threads)
    for one, other in zip(whole, parts, strict=True):
        assert one.picture.same_codes(other.picture)
        assert np.array_equal(one.structure, other.structure)


def test_without_torch_thresholds_do_the_work_and_the_facts_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "restoration.stages.repair.judging", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    _, facts = run_stage(REPAIR, clip_of(moving(4)), engine="network")
    assert facts["engine"] == "classical"
    assert "not installed" in facts["engine_missing"]


def test_shipped_weights_are_the_pinned_ones_and_no_others_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = weights.find(NETWORK)
    assert entry.shipped and entry.state() == "present"
    assert entry.path.stat().st_size == entry.bytes <= 4_000_000
    altered = tmp_path / entry.path.name
    altered.write_bytes(entry.path.read_bytes()[:-1] + b"!")
    monkeypatch.setattr(type(entry), "path", property(lambda _: altered))
    with pytest.raises(weights.WeightsAltered, match="install the program again"):
        weights.require(NETWORK)
    with pytest.raises(weights.WeightsAltered, match="install the program again"):
        weights.fetch(NETWORK)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="network, classical"):
        Params(engine="magic")
