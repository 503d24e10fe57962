"""Around the picture, in bars and sprocket holes, a frame is resampled and nothing is made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archive.media.pixels import Picture
from restoration.provenance import Label
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip
from restoration.stages.upscale.stage import STAGE
from tests.restoration.stages.upscale.clips import HEIGHT, WIDTH, enlarge, small_clip

REACH = 8
"""Source pixels from the edge of the area that giving back the source may still touch."""


def in_bars(clip: MemoryClip, top: int, left: int) -> MemoryClip:
    """The same pictures with noiseless black rows above and below, and columns on both sides."""
    pictures = [
        Picture(
            each.pixel, (np.pad(each.planes[0], ((top, top), (left, left)), constant_values=4),)
        )
        for each in clip.pictures
    ]
    form = replace(clip.format, width=WIDTH + 2 * left, height=HEIGHT + 2 * top)
    return MemoryClip(pictures, form, clip.marks)


def params(**more: object) -> dict[str, object]:
    return {"scale": 2, "tile": 64, "faces": False, "text": False} | more


def test_black_bars_are_found_in_every_scene_and_only_resampled() -> None:
    clip = in_bars(small_clip(frames=4, marks=(2,)), 10, 14)
    made, facts = enlarge(clip, **params())
    whole = [14, 10, WIDTH, HEIGHT]
    assert facts["areas"] == [
        {"start": 0, "stop": 2, "area": whole},
        {"start": 2, "stop": 4, "area": whole},
    ]
    plain, _ = enlarge(clip, **params(engine="resample"))
    for one, other in zip(made, plain, strict=True):
        bar = (slice(0, 2 * (10 - REACH)), slice(None))
        assert (one.picture.planes[0][bar] == other.picture.planes[0][bar]).all()
        assert one.heat is not None and not one.heat[bar].any()
        assert (one.structure[bar] == Label.ADJUSTED.value).all()
        assert one.heat[20:-20, 28:-28].any(), "the picture itself is enlarged by the network"
    assert facts["consistency_db"] >= 50


def test_outside_the_area_that_a_person_gives_nothing_is_made_up() -> None:
    clip = small_clip("yuv420p", frames=1)
    made, facts = enlarge(clip, **params(area=f"20,0,{WIDTH - 20},{HEIGHT}"))
    plain, _ = enlarge(clip, **params(engine="resample"))
    everywhere, _ = enlarge(clip, **params())
    holes = (slice(None), slice(0, 2 * (20 - REACH)))
    luma = [frames[0].picture.planes[0] for frames in (made, plain, everywhere)]
    assert (luma[0][holes] == luma[1][holes]).all()
    assert (luma[2][holes] != luma[1][holes]).any(), "it would have been"
    assert (luma[0][:, 56:] == luma[2][:, 56:]).all(), "inside it is as without an area"
    assert facts["areas"] == [{"start": 0, "stop": 1, "area": [20, 0, WIDTH - 20, HEIGHT]}]


def test_a_picture_without_bars_is_all_picture() -> None:
    _, facts = enlarge(small_clip(frames=1), **params())
    assert facts["areas"] == [{"start": 0, "stop": 1, "area": [0, 0, WIDTH, HEIGHT]}]


def test_an_area_that_is_none_is_refused() -> None:
    for text in ("1,2,3", "a,b,c,d", "-1,0,9,9", "0,0,0,9"):
        with pytest.raises(StageError, match="area"):
            STAGE.parse({"area": text})
    with pytest.raises(StageError, match="reaches beyond the picture of 41 x 30"):
        enlarge(small_clip(frames=1), **params(area="0,0,42,30"))
