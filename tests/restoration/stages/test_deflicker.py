"""Deflicker evens light out by recorded integers, and leaves film alone that does not flicker."""

from __future__ import annotations

import json

import numpy as np
import pytest

from restoration.imaging.luma import analysis_luma
from restoration.imaging.metrics import flicker
from restoration.provenance import Label
from restoration.stages import DEFLICKER
from restoration.stages.deflicker.record import (
    UNIT,
    Correction,
    apply_correction,
    apply_recorded,
    spread,
)
from tests.restoration.stages.films import FORMATS, clip_of, moving, picture_of, problems, run_stage

GAINS = 1.0 + 0.1 * np.random.default_rng(3).standard_normal(24)


def _flickering(count: int = 24) -> list:
    return [
        np.clip(light * gain, 0, 1)
        for light, gain in zip(moving(count, step=0.7), GAINS, strict=False)
    ]


def _lumas(pictures: list) -> list:
    return [analysis_luma(picture) for picture in pictures]


@pytest.mark.parametrize("name", FORMATS)
def test_the_scan_and_the_record_give_the_take_bit_by_bit(name: str) -> None:
    clip = clip_of(_flickering(), name)
    made, facts = run_stage(DEFLICKER, clip)
    stored = json.loads(json.dumps(facts))
    assert problems(clip, made) == []
    assert any(not a.same_codes(b.picture) for a, b in zip(clip.pictures, made, strict=True))
    for picture, frame, record in zip(clip.pictures, made, stored["frames"], strict=True):
        assert apply_recorded(picture, record).same_codes(frame.picture)


def test_it_takes_most_of_the_flicker_out() -> None:
    clip = clip_of(_flickering())
    made, _ = run_stage(DEFLICKER, clip)
    before, after = _lumas(clip.pictures), _lumas([frame.picture for frame in made])
    assert flicker(after) < 0.3 * flicker(before)


def test_film_without_flicker_comes_out_bit_identical() -> None:
    clip = clip_of(moving(20))
    made, _ = run_stage(DEFLICKER, clip)
    assert all(a.same_codes(b.picture) for a, b in zip(clip.pictures, made, strict=True))
    assert not any(frame.structure.any() or frame.colour.any() for frame in made)


def test_a_fade_is_kept() -> None:
    lights = [
        light * share
        for light, share in zip(moving(30, step=0.5), np.linspace(1, 0.2, 30), strict=True)
    ]
    clip = clip_of(lights)
    made, _ = run_stage(DEFLICKER, clip)
    before, after = _lumas(clip.pictures), _lumas([frame.picture for frame in made])
    assert max(abs(float(a.mean() - b.mean())) for a, b in zip(before, after, strict=True)) < 1.0


def test_a_lamp_that_is_switched_on_stays_sudden() -> None:
    lights = moving(24, step=0.5)
    clip = clip_of([light * (0.5 if n < 12 else 1.0) for n, light in enumerate(lights)])
    made, _ = run_stage(DEFLICKER, clip)
    after = [float(luma.mean()) for luma in _lumas([frame.picture for frame in made])]
    before = [float(luma.mean()) for luma in _lumas(clip.pictures)]
    assert np.abs(np.array(after) - before).max() < 2.0


def test_light_is_not_compared_across_a_mark() -> None:
    lights = moving(8, step=0.5)
    dark = [light * (0.4 if n < 4 else 1.0) for n, light in enumerate(lights)]
    made, _ = run_stage(DEFLICKER, clip_of(dark, marks=(4,)))
    assert not any(frame.structure.any() for frame in made)


def test_only_codes_that_changed_are_labelled() -> None:
    clip = clip_of(_flickering(), "yuv420p")
    made, _ = run_stage(DEFLICKER, clip)
    for picture, frame in zip(clip.pictures, made, strict=True):
        changed = picture.planes[0] != frame.picture.planes[0]
        assert np.array_equal(frame.structure == Label.ADJUSTED, changed)
        assert frame.sources is None


def test_clipped_samples_are_counted() -> None:
    picture = picture_of(moving(1)[0] + 0.3, "gray")
    double = Correction(np.full((1, 1), 2 * UNIT), np.zeros((1, 1), np.int64))
    expected = int(np.count_nonzero(picture.planes[0].astype(int) * 2 > 255))
    applied = apply_correction(picture, double)
    assert expected > 0 and applied.clipped == expected
    assert applied.picture.planes[0].max() == 255


def test_rounding_is_half_up_in_integers() -> None:
    picture = picture_of(np.full((120, 160), 101 / 255), "gray")
    half = Correction(np.full((1, 1), UNIT // 2), np.zeros((1, 1), np.int64))
    assert (apply_correction(picture, half).picture.planes[0] == 51).all()


def test_a_grid_of_gains_meets_its_control_points() -> None:
    grid = np.array([[UNIT, 2 * UNIT], [3 * UNIT, 4 * UNIT]])
    field = spread(grid, (11, 21))
    assert field[0, 0] == UNIT and field[0, -1] == 2 * UNIT
    assert field[-1, 0] == 3 * UNIT and field[-1, -1] == 4 * UNIT
    assert (np.diff(field, axis=1) >= 0).all()


def test_a_grid_of_one_gain_equals_the_single_gain() -> None:
    picture = picture_of(moving(1)[0], "yuv422p10le")
    one = Correction(np.full((1, 1), 70000), np.full((1, 1), -9000))
    many = Correction(np.full((3, 4), 70000), np.full((3, 4), -9000))
    first, second = apply_correction(picture, one), apply_correction(picture, many)
    assert first.picture.same_codes(second.picture) and first.clipped == second.clipped


@pytest.mark.parametrize("count", [1, 2])
def test_it_works_on_the_shortest_clips(count: int) -> None:
    made, _ = run_stage(DEFLICKER, clip_of(moving(count)))
    assert len(made) == count


def test_it_refuses_a_window_of_nothing() -> None:
    with pytest.raises(Exception, match="window must lie in 1 to 50"):
        DEFLICKER.parse({"window": 0})
