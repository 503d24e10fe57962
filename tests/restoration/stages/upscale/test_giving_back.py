"""Shrinking what upscale made gives back its source, in every format and at every size."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.imaging.resample import KINDS, Shrinking, axis_weights, resample
from restoration.provenance import FrameMap, Label, check_enlargement
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip
from tests.restoration.stages.films import FORMATS, scenery
from tests.restoration.stages.upscale.clips import HEIGHT, WIDTH, enlarge, small_clip, worst_db


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_plane_is_given_back_to_50_db(name: str, scale: int) -> None:
    clip = small_clip(name, frames=1)
    (made,), facts = enlarge(clip, scale=scale, engine="resample")
    source = clip.pictures[0]
    assert (made.picture.width, made.picture.height) == (WIDTH * scale, HEIGHT * scale)
    assert made.picture.pixel == source.pixel
    assert worst_db(made.picture, source) >= 50
    assert facts["consistency_db"] == pytest.approx(worst_db(made.picture, source), abs=0.01)


@pytest.mark.parametrize("name", ["gray", "yuv420p", "gbrp16le"])
def test_the_network_gives_back_its_source_too(name: str) -> None:
    clip = small_clip(name, frames=1)
    (made,), facts = enlarge(clip, scale=4)
    assert worst_db(made.picture, clip.pictures[0]) >= 50
    assert facts["engine"] == "compact"


@pytest.mark.parametrize("height", [31, 47, 120])
def test_any_height_up_to_four_times_can_be_asked_for(height: int) -> None:
    clip = small_clip("yuv420p", frames=1)
    (made,), _ = enlarge(clip, height=height, engine="resample")
    assert made.picture.height == height
    assert made.picture.width == round(WIDTH * height / HEIGHT)
    assert worst_db(made.picture, clip.pictures[0]) >= 50


@pytest.mark.parametrize(("height", "words"), [(30, "no enlargement"), (121, "more than 4 times")])
def test_other_heights_are_refused_with_what_to_ask_for(height: int, words: str) -> None:
    with pytest.raises(StageError, match=words):
        enlarge(small_clip(frames=1), height=height)


def test_a_free_enlargement_is_not_forced_to_give_back_and_says_where_it_does_not() -> None:
    clip = small_clip("gray", frames=1)
    (made,), facts = enlarge(clip, scale=4, engine="resample", mode="free")
    assert facts["consistency_db"] < 50
    assert (made.structure == Label.SYNTHESISED.value).any()
    assert check_enlargement(clip.pictures[0], made.picture, _map(made)) == []


def checks(rows: int, columns: int) -> MemoryClip:
    """A chessboard of single black and white pixels, which no picture in range shrinks to."""
    codes = (np.indices((rows, columns)).sum(axis=0) % 2 * 255).astype(np.uint8)
    pixel = PIXEL_FORMATS["gray"]
    form = PictureFormat(columns, rows, pixel, Fraction(18))
    return MemoryClip([Picture(pixel, (codes,))], form)


@pytest.mark.parametrize("engine", ["compact", "resample"])
def test_contrast_that_bicubic_shrinking_cannot_leave_is_given_back_by_area(engine: str) -> None:
    clip = checks(24, 26)
    (made,), facts = enlarge(clip, scale=2, engine=engine)
    means = made.picture.planes[0].reshape(24, 2, 26, 2).mean(axis=(1, 3))
    assert np.abs(means - clip.pictures[0].planes[0]).max() <= 0.8
    assert facts["frames"][0]["shrinking"] == ["area"]
    assert facts["consistency_db"] >= 50 and facts["warnings"] == []
    assert check_enlargement(clip.pictures[0], made.picture, _map(made)) == []


def test_contrast_that_no_picture_of_that_size_can_give_back_is_told_and_marked() -> None:
    clip = checks(24, 24)
    (made,), facts = enlarge(clip, height=30, engine="resample")
    assert facts["consistency_db"] < 50
    assert "more contrast" in facts["warnings"][0]
    assert (made.structure == Label.SYNTHESISED.value).mean() > 0.5
    assert check_enlargement(clip.pictures[0], made.picture, _map(made)) == []


def test_the_gate_sees_a_picture_that_does_not_give_back_its_source() -> None:
    clip = small_clip("yuv420p", frames=1)
    (made,), _ = enlarge(clip, scale=2, engine="resample")
    luma = made.picture.planes[0].copy()
    luma[20:24, 30:34] += 9
    spoiled = Picture(made.picture.pixel, (luma, *made.picture.planes[1:]))
    (problem,) = check_enlargement(clip.pictures[0], spoiled, _map(made))
    assert "Y:" in problem and "not given back" in problem
    chroma = made.picture.planes[2].copy()
    chroma[5, 5] += 60
    spoiled = Picture(made.picture.pixel, (*made.picture.planes[:2], chroma))
    assert check_enlargement(clip.pictures[0], spoiled, _map(made))[0].startswith("V:")


def test_the_shrinking_is_that_of_pillow() -> None:
    from PIL import Image

    large = (scenery(5, width=96, height=64) * 200 + 20).astype(np.float32)
    for columns, rows in ((24, 16), (32, 32), (70, 41)):
        theirs = Image.fromarray(large).resize((columns, rows), Image.Resampling.BICUBIC)
        assert np.abs(np.asarray(theirs) - resample(large, rows, columns)).max() < 0.01


def test_a_projected_picture_is_the_nearest_that_gives_back() -> None:
    rng = np.random.default_rng(2)
    shrinking = Shrinking(40, 52, 10, 13)
    proposed = rng.uniform(0, 255, (40, 52)).astype(np.float32)
    small = rng.uniform(0, 255, (10, 13)).astype(np.float32)
    made = shrinking.project(proposed, small)
    assert np.abs(shrinking.shrink(made) - small).max() < 0.01
    # What was changed lies wholly in what shrinking sees: no nearer picture gives back as well.
    assert np.abs(shrinking.undetermined(made - proposed)).max() < 0.02
    assert np.abs(shrinking.shrink(shrinking.undetermined(proposed))).max() < 0.01


def test_weights_of_every_sample_sum_to_one() -> None:
    for given, wanted in ((40, 10), (10, 40), (41, 17), (1, 4)):
        for kind in KINDS if wanted <= given else KINDS[:1]:
            sums = axis_weights(given, wanted, kind).sum(axis=1)
            assert sums == pytest.approx(np.ones(wanted), abs=1e-5)


def _map(made: object) -> FrameMap:
    return FrameMap(made.structure, made.colour)  # type: ignore[attr-defined]
