"""Planted damage says exactly what it did, and is as dense as what was measured."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restoration.stages.repair.damage import VISIBLE, DamagedClip, Recipe, damage_clip
from restoration.stages.repair.damage_shapes import Defect


def _clean(frames: int = 4, height: int = 480, width: int = 640) -> list[np.ndarray]:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = 120 + 50 * np.sin(rows / 31) + 40 * np.cos(columns / 47)
    return [np.rint(np.roll(picture, n, axis=1)).astype(np.uint8) for n in range(frames)]


def _plant(recipe: Recipe, seed: int = 1, frames: int = 4) -> DamagedClip:
    return damage_clip(_clean(frames), np.random.default_rng(seed), recipe)


def test_the_mask_is_exactly_where_a_frame_differs_from_its_target() -> None:
    made = _plant(Recipe(weave=0.5, flicker=0.02, grain=3.0, splices=1.0))
    for frame, target, mask, classes in zip(
        made.frames, made.target, made.masks, made.classes, strict=True
    ):
        differs = np.abs(frame.astype(int) - target.astype(int)) > VISIBLE
        assert np.array_equal(mask, differs)
        assert np.array_equal(classes > 0, mask)


def test_without_weave_flicker_and_grain_the_target_is_the_clean_film() -> None:
    clean = _clean()
    made = damage_clip(clean, np.random.default_rng(3), Recipe())
    assert all(np.array_equal(a, b) for a, b in zip(clean, made.target, strict=True))


def test_a_clip_without_damage_is_its_own_target() -> None:
    made = _plant(Recipe(density=0.0, lines=0.0, cracks=0.0, flicker=0.03, grain=4.0))
    assert all(np.array_equal(a, b) for a, b in zip(made.frames, made.target, strict=True))
    assert not any(mask.any() for mask in made.masks)


def test_by_default_damage_is_as_dense_as_on_measured_film() -> None:
    shares, objects = [], []
    for seed in range(8):
        for mask in _plant(Recipe(), seed=seed, frames=3).masks:
            shares.append(float(mask.mean()))
            objects.append(cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1)
    assert 0.016 < np.mean(shares) < 0.027
    assert 95 < np.mean(objects) < 130


def test_dirt_is_fresh_in_each_frame_and_a_standing_line_is_not() -> None:
    fresh = _plant(Recipe(lines=0.0, cracks=0.0))
    both = fresh.masks[0] & fresh.masks[1]
    assert both.sum() < 0.1 * fresh.masks[0].sum()
    standing = _plant(Recipe(density=0.0, lines=3.0, cracks=0.0), seed=5)
    near = cv2.dilate(standing.masks[1].astype(np.uint8), np.ones((1, 9), np.uint8)) > 0
    assert (standing.masks[0] & near).sum() > 0.8 * standing.masks[0].sum() > 0
    assert set(np.unique(standing.classes[0])) <= {0, Defect.LINE}


def test_there_is_dark_and_light_and_translucent_damage() -> None:
    made = _plant(Recipe())
    steps = np.concatenate(
        [
            (frame.astype(int) - target)[mask]
            for frame, target, mask in zip(made.frames, made.target, made.masks, strict=True)
        ]
    )
    assert (steps < -40).mean() > 0.1
    assert (steps > 40).mean() > 0.1
    assert (np.abs(steps) < 30).mean() > 0.1


def test_real_silhouettes_are_used_where_they_are_given() -> None:
    block = np.ones((9, 9), np.float32)
    plain = Recipe(counts={Defect.DIRT: 200.0}, lines=0.0, cracks=0.0)
    cut = Recipe(
        counts={Defect.DIRT: 200.0}, lines=0.0, cracks=0.0, textures={Defect.DIRT: [block]}
    )
    assert not np.array_equal(_plant(plain).frames[0], _plant(cut).frames[0])


def test_the_same_seed_gives_the_same_damage_and_floats_stay_floats() -> None:
    recipe = Recipe(weave=0.4, flicker=0.02, grain=2.0, splices=0.5)
    one, other = _plant(recipe, seed=9), _plant(recipe, seed=9)
    assert all(np.array_equal(a, b) for a, b in zip(one.frames, other.frames, strict=True))
    floats = damage_clip(
        [frame.astype(np.float32) for frame in _clean()], np.random.default_rng(9), recipe
    )
    assert all(frame.dtype == np.float32 for frame in floats.frames)


def test_frames_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        damage_clip(
            [np.zeros((80, 80), np.uint8), np.zeros((80, 90), np.uint8)],
            np.random.default_rng(0),
            Recipe(),
        )
