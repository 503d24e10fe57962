"""What upscale says of its own pixels: labels, heat, and how both hang together."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.imaging.resample import resample
from restoration.provenance import FrameMap, Label, check_frame
from restoration.stages.upscale.invention import FARTHEST, HEAT, judge
from tests.restoration.stages.upscale.clips import enlarge, small_clip


@pytest.mark.parametrize("name", ["gray", "yuv420p", "gbrp"])
def test_nothing_is_original_and_the_labels_fit_the_format(name: str) -> None:
    clip = small_clip(name, frames=2)
    made, _ = enlarge(clip, scale=2)
    for before, frame in zip(clip.pictures, made, strict=True):
        assert check_frame(before, frame.picture, FrameMap(frame.structure, frame.colour)) == []
        assert set(np.unique(frame.structure)) <= {Label.ADJUSTED.value, Label.SYNTHESISED.value}


@pytest.mark.parametrize("engine", ["compact", "resample"])
def test_what_is_far_from_bicubic_is_always_called_made_up(engine: str) -> None:
    clip = small_clip("gray", frames=1)
    (made,), _ = enlarge(clip, scale=4, engine=engine, threshold=8)
    luma = clip.pictures[0].planes[0].astype(np.float32)
    bicubic = resample(luma, made.picture.height, made.picture.width)
    far = np.abs(made.picture.planes[0] - bicubic) > FARTHEST
    assert far.any()
    assert (made.structure[far] == Label.SYNTHESISED.value).all()


def test_pixels_above_the_threshold_are_made_up_and_the_others_adjusted() -> None:
    (made,), facts = enlarge(small_clip("gray", frames=1), scale=4, threshold=2)
    made_up = made.structure == Label.SYNTHESISED.value
    assert made.heat is not None and made.heat.shape == made.structure.shape
    assert (made.heat[~made_up] <= 2 * HEAT + 0.5).all()
    assert made_up.mean() == pytest.approx(facts["made_up"], abs=1e-3)
    (bolder,), _ = enlarge(small_clip("gray", frames=1), scale=4, threshold=6)
    assert (bolder.structure == Label.SYNTHESISED.value).mean() < made_up.mean()


def test_resampling_makes_up_nothing_that_it_does_not_throw_far() -> None:
    (made,), _ = enlarge(small_clip("gray", frames=1), scale=2, engine="resample", threshold=2)
    assert (made.structure == Label.SYNTHESISED.value).mean() < 0.15
    assert made.heat is not None and made.heat.max() <= HEAT


def test_chroma_is_resampled_and_so_adjusted() -> None:
    (made,), _ = enlarge(small_clip("yuv420p", frames=1), scale=3)
    assert (made.colour == Label.ADJUSTED.value).all()


def test_heat_is_the_expected_error_in_quarters_of_a_code() -> None:
    flat = np.full((8, 8), 100, np.float32)
    expected = np.linspace(0, 80, 64, dtype=np.float32).reshape(8, 8)
    judged = judge(flat, flat, flat, expected, threshold=2)
    assert judged.heat[0, 1] == round(float(expected[0, 1]) * HEAT)
    assert judged.heat[-1, -1] == 255
