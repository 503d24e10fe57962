"""A line is followed through many frames to tell whether it is the film's or the scene's."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.stages import REPAIR
from restoration.stages.material import MemoryClip
from restoration.stages.repair.line_track import (
    AHEAD,
    BACK,
    Glimpse,
    Steps,
    Track,
    follow_line,
    keeps_its_own_way,
)
from restoration.stages.repair.scratch import Line
from restoration.stages.repair.stage import Params, repair_frames
from tests.restoration.stages.films import problems, run_stage, scenery

WIDTH, HEIGHT, FRAMES = 160, 128, 26
GREY = PIXEL_FORMATS["gray"]
PAN = np.arange(20) * 0.5
WANDER = 0.9 * np.sin(np.arange(20) / 1.5)


def _track(line: np.ndarray, scene: np.ndarray, picture: np.ndarray | None = None) -> Track:
    return Track(line, scene, scene if picture is None else picture)


def test_a_line_that_stays_while_a_slow_pan_goes_on_is_a_scratch() -> None:
    assert keeps_its_own_way(_track(WANDER, PAN)) is True


@pytest.mark.parametrize("share", [1.0, 0.7, 1.7])
def test_a_line_that_goes_with_the_scene_or_takes_a_share_of_its_way_is_none(share: float) -> None:
    assert keeps_its_own_way(_track(share * PAN + 0.05 * WANDER, PAN)) is False


def test_a_post_that_somebody_passes_is_no_scratch() -> None:
    assert keeps_its_own_way(_track(0.1 * WANDER, PAN, np.zeros(20))) is None


def test_a_few_frames_or_a_scene_that_stands_tell_nothing() -> None:
    assert keeps_its_own_way(_track(WANDER[:5], PAN[:5])) is None
    assert keeps_its_own_way(_track(WANDER, 0.01 * PAN)) is None


def _line(column: float) -> Line:
    columns = np.full(120, column, np.float32)
    return Line(0, columns, -1, 1, 1, 30.0, 20.0, whole=True)


def _seen(frames: int) -> dict[int, Glimpse]:
    """A line that goes a tenth of a column a frame, in a scene that goes half a column."""
    return {
        frame: Glimpse(
            [_line(40.0 + 0.1 * frame), _line(90.0)],
            {way: Steps(0.5 * way, [0.5 * way, None]) for way in (-1, 1)},
        )
        for frame in range(frames)
    }


def test_a_line_is_followed_both_ways_as_far_as_it_may_decide() -> None:
    seen = _seen(60)
    track = follow_line(seen[30].lines[0], 30, seen)
    assert len(track.line) == 1 + BACK + AHEAD
    assert np.allclose(np.ptp(track.scene), 0.5 * (BACK + AHEAD))
    assert np.allclose(track.line, track.scene / 5.0, atol=1e-4)


def test_following_ends_where_the_scene_cannot_be_told_or_a_frame_is_missing() -> None:
    seen = _seen(60)
    assert len(follow_line(seen[30].lines[1], 30, seen).line) == 1
    del seen[27]
    assert len(follow_line(seen[30].lines[0], 30, seen).line) == 1 + 2 + AHEAD


def _film() -> MemoryClip:
    """A slow pan under a scratch that sways as it goes, half of its steps with the scene."""
    rng = np.random.default_rng(3)
    wide = scenery(4, width=WIDTH + 40, height=HEIGHT)
    away = np.arange(WIDTH)[None] - np.zeros((HEIGHT, 1))
    pictures = []
    for number in range(FRAMES):
        shift = np.float32([[1, 0, -0.6 * number], [0, 1, 0]])
        light = cv2.warpAffine(wide, shift, (WIDTH, HEIGHT))
        light = light + 0.008 * rng.standard_normal(light.shape)
        opacity = 0.5 * np.clip(1.5 - np.abs(away - 80.0 - 1.5 * np.sin(number / 2.0)), 0, 1)
        codes = np.rint(255 * np.clip(light + opacity * (0.95 - light), 0, 1)).astype(np.uint8)
        pictures.append(Picture(GREY, (codes,)))
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, GREY, Fraction(18)))


@pytest.mark.slow
def test_a_scratch_that_sways_under_a_slow_pan_is_mended_the_same_whole_and_in_parts() -> None:
    clip = _film()
    whole, _ = run_stage(REPAIR, clip)
    assert problems(clip, whole) == []
    mended = [(frame.structure[:, 76:85] != 0).any(axis=1).mean() > 0.8 for frame in whole]
    assert np.mean(mended) > 0.9
    parts = []
    for start in range(0, FRAMES, 9):
        facts: dict = {"frames": [], "frames_not_judged": 0, "not_judged": []}
        stop = min(start + 9, FRAMES)
        parts += repair_frames(clip, Params(), lambda *_: None, facts, start, stop)
    for one, other in zip(whole, parts, strict=True):
        assert one.picture.same_codes(other.picture)
        assert np.array_equal(one.structure, other.structure)
