"""Gate weave is taken out and recorded; a moving camera, bars and borders stay."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.execution import TakeFiles
from restoration.mapfile import MapReader
from restoration.provenance import (
    FrameMap,
    Label,
    compose,
    identity_map,
    spread_map,
)
from restoration.stages.contract import Clip, StageError, StageFrame
from restoration.stages.material import MemoryClip
from restoration.stages.segments import Segment
from restoration.stages.stabilise.path import smooth
from restoration.stages.stabilise.record import UNIT, Move, apply_recorded, move, take_back
from restoration.stages.stabilise.stage import STAGE, Params, measure
from tests.restoration.stages.films import scenery
from tests.restoration.takes import Params as NoParams
from tests.restoration.takes import only, run_stage, small_stage

WIDTH, HEIGHT, FRAMES, RIM = 160, 120, 16, 16


def woven_clip(
    name: str = "gray", *, weave: np.ndarray | None = None, pan: float = 0.0, bars: int = 0
) -> MemoryClip:
    """A scenery that pans evenly and weaves by (x, y) pixels; `bars` rows of black stay still."""
    pixel = PIXEL_FORMATS[name]
    wide = scenery(5, width=WIDTH + 4 * RIM + 60, height=HEIGHT + 4 * RIM).astype(np.float32)
    moves = np.zeros((FRAMES, 2)) if weave is None else weave
    pictures = []
    for number, (x, y) in enumerate(moves):
        shift = np.array([[1, 0, RIM + pan * number - x], [0, 1, RIM - y]], np.float32)
        lit = cv2.warpAffine(
            wide, shift, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        )
        lit = np.clip(lit, 0.1, 1)
        if bars:
            lit[:bars] = lit[-bars:] = 0.06
        planes = []
        for shape in pixel.plane_shapes(width=WIDTH, height=HEIGHT):
            plane = cv2.resize(lit, shape[::-1], interpolation=cv2.INTER_AREA)
            planes.append(np.rint(plane * pixel.peak).astype(pixel.dtype))
        pictures.append(Picture(pixel, tuple(planes)))
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(18)))


def some_weave(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.8, (FRAMES, 2))


def stabilised(clip: MemoryClip, **params: object) -> tuple[list[StageFrame], dict]:
    outcome = STAGE.run(clip, STAGE.params(**params), lambda done, total: None)
    return list(outcome.frames), outcome.facts


def test_a_known_weave_under_an_even_pan_is_found_to_a_tenth_of_a_pixel() -> None:
    weave = some_weave()
    clip = woven_clip(weave=weave, pan=1.5)
    _, facts = stabilised(clip)
    own = np.array([[f["x"] / UNIT, f["y"] / UNIT] for f in facts["frames"]])
    left = np.diff(weave - own, axis=0)
    assert np.sqrt((left**2).mean()) < 0.1 < np.sqrt((np.diff(weave, axis=0) ** 2).mean()) / 5


def test_film_without_weave_is_left_bit_by_bit() -> None:
    clip = woven_clip(pan=1.5)
    made, facts = stabilised(clip)
    assert facts["moved"] == 0
    for frame, picture in zip(made, clip.pictures, strict=True):
        assert (frame.picture.planes[0] == picture.planes[0]).all()
        assert not frame.structure.any()


def test_a_camera_held_in_hand_is_no_weave() -> None:
    swing = np.zeros((FRAMES, 2))
    swing[:, 0] = 6 * np.sin(np.arange(FRAMES) / 2.5)
    _, facts = stabilised(woven_clip(weave=swing))
    moved = np.array([f["x"] / UNIT for f in facts["frames"]])
    assert np.abs(moved).max() < 1.0, "of swings of six pixels"
    assert facts["scenes"][0]["windows"][0] < 24


@pytest.mark.parametrize("name", ["gray", "yuv420p", "gbrp10le"])
def test_the_record_makes_the_take_again_and_takes_it_back(name: str) -> None:
    clip = woven_clip(name, weave=some_weave())
    made, facts = stabilised(clip)
    inner = slice(12, -12)
    for frame, picture, record in zip(made, clip.pictures, facts["frames"], strict=True):
        again = apply_recorded(picture, record)
        assert all((a == b).all() for a, b in zip(again.planes, frame.picture.planes, strict=True))
        back = take_back(frame.picture, record).planes[0][inner, inner].astype(float)
        error = ((back - picture.planes[0][inner, inner]) ** 2).mean() / picture.pixel.peak**2
        assert error < 10**-3.8


def test_bars_stay_as_they_are_and_borders_keep_the_frames_own_pixels() -> None:
    clip = woven_clip("yuv420p", weave=some_weave(), bars=15)
    made, facts = stabilised(clip)
    left, top, width, height = facts["scenes"][0]["area"]
    assert (left, width, top, height) == (0, WIDTH, 16, HEIGHT - 32)
    for frame, picture in zip(made, clip.pictures, strict=True):
        kept = frame.structure == Label.ORIGINAL.value
        assert kept[:14].all() and kept[-14:].all()
        assert (frame.picture.planes[0][kept] == picture.planes[0][kept]).all()
        assert set(np.unique(frame.structure)) <= {0, Label.ADJUSTED.value}
    assert facts["moved"] > FRAMES / 2


def test_labels_move_with_the_picture_and_to_all_that_was_mixed_with_them(tmp_path: Path) -> None:
    clip = woven_clip("yuv420p", weave=some_weave())
    scan = tmp_path / "scan.mkv"
    with PictureWriter(scan, clip.format) as writer:
        for picture in clip.pictures:
            writer.write(picture)

    def spot(of: Clip, number: int, params: NoParams) -> StageFrame:
        picture = only(of, number)
        labels = np.zeros((HEIGHT, WIDTH), np.uint8)
        labels[60:62, 80:82] = Label.SYNTHESISED
        return StageFrame(picture, labels, labels.copy())

    first = run_stage(scan, small_stage("spot", spot), tmp_path / "1", frames=(0, FRAMES))
    run_stage(
        scan,
        STAGE,
        tmp_path / "2",
        frames=(0, FRAMES),
        input_folder=tmp_path / "1",
        input_digest=first.digest,
    )
    for frame_map in MapReader(TakeFiles(tmp_path / "2").map).frames():
        rows, columns = np.nonzero(frame_map.structure == Label.SYNTHESISED.value)
        assert len(rows) >= 4
        assert np.abs(rows - 60.5).max() <= 9 and np.abs(columns - 80.5).max() <= 9
        if (frame_map.structure == Label.ADJUSTED.value).any():
            assert len(rows) == 10 * 10, "2 x 2 pixels, and four to each side"


def test_a_label_is_found_where_the_picture_was_read() -> None:
    held = identity_map(40, 40)
    held.structure[20, 20] = Label.SYNTHESISED.value
    clip = woven_clip()
    moved = move(Picture(clip.pictures[0].pixel, (clip.pictures[0].planes[0][:40, :40],)),
                 Move.of(5.0, -3.0, 0.0, (0, 0, 40, 40)))  # fmt: skip
    from restoration.stages.stabilise.stage import _sources

    structure = moved.covered.astype(np.uint8)
    sources = _sources(Move.of(5.0, -3.0, 0.0, (0, 0, 40, 40)), moved.covered)
    operation = FrameMap(structure, np.zeros_like(structure), sources)
    pixel = PIXEL_FORMATS["gray"]
    composed = compose(operation, lambda offset: spread_map(held, 0, pixel), pixel)
    assert np.argwhere(composed.structure == Label.SYNTHESISED.value).tolist()[0] in (
        [20, 20],
        [23, 15],
    )
    assert composed.structure[23, 15] == Label.SYNTHESISED.value


def test_what_departs_too_far_is_left_and_told() -> None:
    weave = some_weave()
    weave[7] = (14, 0)
    _, facts = stabilised(woven_clip(weave=weave))
    assert 7 in facts["scenes"][0]["beyond"]
    assert facts["frames"][7]["x"] == 0
    assert "further away than weave" in facts["warnings"][0]


def test_a_dark_scene_is_not_measured_and_not_moved() -> None:
    dark = Picture(PIXEL_FORMATS["gray"], (np.full((HEIGHT, WIDTH), 17, np.uint8),))
    clip = MemoryClip([dark] * 6, PictureFormat(WIDTH, HEIGHT, dark.pixel, Fraction(18)))
    found = measure(clip, Segment(0, 6), Params())
    assert not any(step.sure for step in found.steps)
    assert all(by.is_none for by in found.moves)


def test_a_straight_way_is_its_own_smooth_way() -> None:
    way = np.outer(np.arange(30.0), [1.0, -2.0, 0.001])
    assert np.allclose(smooth(way, 8), way)


def test_parameters_out_of_range_and_interlaced_film_are_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        Params(window=1)
    with pytest.raises(StageError, match="interlaced"):
        STAGE.require_frames("tt")
