"""Training: samples tell the truth, steps lower the loss, and a broken run goes on as one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from restoration.stages.repair.bench_film import held_out_silhouettes
from restoration.stages.repair.inputs import CHANNELS
from restoration.stages.repair.training import Pool, Schedule, _Run, loss_of
from restoration.stages.repair.training_samples import (
    _FOLDERS,
    CLASS,
    CONTRAST,
    ERRORS,
    PLANES,
    Sample,
    draw_recipe,
    load_textures,
    make_sample,
)
from restoration.stages.repair.training_scenes import (
    FRAMES,
    HEIGHT,
    HELD_OUT,
    STILLS,
    VIDEOS,
    WIDTH,
    Material,
    draw_scene,
)
from tests.restoration.stages.films import scenery

QUICK = Schedule(steps=4, batch=2, crop=64, warm_up=2, seed=5, held_back=1)


@pytest.fixture(scope="module")
def material() -> Material:
    pictures = [
        np.rint(255 * scenery(seed, width=480, height=320)).astype(np.uint8) for seed in range(3)
    ]
    film = np.stack([np.roll(pictures[0], 2 * number, axis=1) for number in range(30)])
    return Material((film, film[::-1].copy()), tuple(pictures))


@pytest.fixture(scope="module")
def scenes(material: Material) -> list[Sample]:
    return [make_sample(material, {}, np.random.default_rng((9, n))) for n in range(4)]


def test_nothing_that_the_bench_measures_on_is_trained_on() -> None:
    for name in (*VIDEOS, *STILLS):
        assert not any(name.startswith(held) or held.startswith(name) for held in HELD_OUT)


def test_every_fifth_silhouette_is_left_to_the_bench(tmp_path: Path) -> None:
    folders = {name for names in _FOLDERS.values() for name in names}
    for folder in folders:
        (tmp_path / "damage" / folder).mkdir(parents=True)
        for number in range(6):
            picture = np.zeros((20, 40, 4), np.uint8)
            picture[4:9, 4 : 10 + number, 3] = 255  # as wide as its number says
            cv2.imwrite(str(tmp_path / "damage" / folder / f"{number}.png"), picture)
    trained = load_textures(tmp_path)
    for defect, benched in held_out_silhouettes(tmp_path / "damage").items():
        widths = {shape.shape[1] for shape in trained[defect]}
        assert widths == {7, 8, 9, 10}
        assert {shape.shape[1] for shape in benched} == {6, 11}


def test_scenes_move_and_are_of_one_size(material: Material) -> None:
    for seed in range(6):
        frames = draw_scene(material, np.random.default_rng(seed))
        assert [frame.shape for frame in frames] == [(HEIGHT, WIDTH)] * FRAMES
        assert all(frame.min() >= 0 and frame.max() <= 255 for frame in frames)


def test_about_a_quarter_of_the_scenes_is_undamaged() -> None:
    worn = [draw_recipe(np.random.default_rng(seed), {}).density > 0 for seed in range(200)]
    assert 0.67 < np.mean(worn) < 0.83


def test_a_sample_holds_the_inputs_the_errors_and_what_is_damaged(scenes: list[Sample]) -> None:
    whole = np.concatenate(scenes)
    assert whole.shape[1:] == (PLANES, HEIGHT, WIDTH)
    damaged = whole[:, CLASS] > 0
    assert 0.001 < damaged.mean() < 0.2
    assert (whole[:, CONTRAST][damaged] >= 2).all()
    assert not whole[:, CONTRAST][~damaged].any()
    # Neighbours show what lies under damage: that is what makes the choice worth learning.
    best = whole[:, ERRORS : ERRORS + 4].min(axis=1)
    assert np.median(best[damaged]) < 0.3 * np.median(whole[:, CONTRAST][damaged])


def test_a_scene_depends_on_its_number_alone(material: Material, scenes: list[Sample]) -> None:
    again = make_sample(material, {}, np.random.default_rng((9, 2)))
    assert np.array_equal(again, scenes[2])


def test_a_few_steps_make_the_loss_smaller(scenes: list[Sample], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    schedule = Schedule(steps=20, batch=2, crop=64, rate=5e-3, warm_up=2, seed=5, held_back=1)
    pool = Pool(scenes, schedule)
    run = _Run(tmp_path / "none.pt", schedule).taken_up()
    batch = pool.batch(1000)
    before = loss_of(run.network, batch).item()
    for _ in range(20):
        run.advance(pool)
    assert loss_of(run.network, batch).item() < 0.9 * before


def test_a_run_that_was_ended_goes_on_to_the_same_weights(
    scenes: list[Sample], tmp_path: Path
) -> None:
    pool = Pool(scenes, QUICK)
    straight = _Run(tmp_path / "straight.pt", QUICK).taken_up()
    for _ in range(4):
        straight.advance(pool)
    broken = _Run(tmp_path / "broken.pt", QUICK).taken_up()
    broken.advance(pool)
    broken.advance(pool)
    broken.keep()
    resumed = _Run(tmp_path / "broken.pt", QUICK).taken_up()
    assert resumed.step == 2
    resumed.advance(pool)
    resumed.advance(pool)
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_a_batch_shows_the_network_what_it_is_shown_in_use(scenes: list[Sample]) -> None:
    batch = Pool(scenes, QUICK).batch(0)
    assert batch.shape == (2, PLANES, 64, 64)
    assert batch[:, :CHANNELS].any(axis=(0, 2, 3)).all()
