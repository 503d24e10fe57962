"""Scratches that stand in every frame are mended; poles, borders and title cards are kept."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.provenance import Label
from restoration.stages import REPAIR
from restoration.stages.material import MemoryClip
from restoration.stages.repair.line_record import apply_recorded
from restoration.stages.repair.scratch import find_lines
from tests.restoration.stages.films import problems, run_stage, scenery

WIDTH, HEIGHT, FRAMES = 240, 192, 5
Lights = list[np.ndarray]


def _film(*, step: float = 3.0, grain: float = 0.008) -> Lights:
    """The scenery under a camera that pans; grain is fresh in each frame."""
    rng = np.random.default_rng(5)
    wide = scenery(4, width=WIDTH + 40, height=HEIGHT)
    shifts = [np.float32([[1, 0, -step * n], [0, 1, 0]]) for n in range(FRAMES)]
    moved = [cv2.warpAffine(wide, shift, (WIDTH, HEIGHT)) for shift in shifts]
    return [light + grain * rng.standard_normal(light.shape) for light in moved]


def _line(
    x: float, *, width: float, depth: float, lean: float = 0.0, rows: slice = slice(None)
) -> np.ndarray:
    """Opacity of a line, (HEIGHT, WIDTH)."""
    columns = x + lean * (np.arange(HEIGHT) - HEIGHT / 2)
    away = np.abs(np.arange(WIDTH)[None] - columns[:, None])
    kept = np.zeros((HEIGHT, 1))
    kept[rows] = 1.0
    return depth * kept * np.clip(width / 2 + 0.5 - away, 0, 1)


def _laid(lights: Lights, opacity: np.ndarray, tone: float) -> Lights:
    return [light + opacity * (tone - light) for light in lights]


def _clip(lights: Lights, name: str = "gray") -> MemoryClip:
    pixel = PIXEL_FORMATS[name]
    pictures = []
    for light in lights:
        planes = []
        for index, (rows, columns) in enumerate(pixel.plane_shapes(width=WIDTH, height=HEIGHT)):
            plane = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA)
            if pixel.model == "yuv" and index:
                plane = 0.4 + 0.2 * plane
            codes = np.rint(np.clip(plane, 0, 1) * pixel.peak)
            planes.append(np.ascontiguousarray(codes.astype(pixel.dtype)))
        pictures.append(Picture(pixel, tuple(planes)))
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(18)))


def _share_left(before: MemoryClip, made: list, clean: MemoryClip, where: np.ndarray) -> float:
    """Squared error that is left in the line's pixels, over what there was; frames 1 to 3."""
    left = there = 0.0
    for number in range(1, FRAMES - 1):
        truth = clean.pictures[number].planes[0].astype(float)
        left += ((made[number].picture.planes[0] - truth) ** 2)[where].sum()
        there += ((before.pictures[number].planes[0] - truth) ** 2)[where].sum()
    return left / there


@pytest.mark.parametrize(
    ("tone", "width", "depth", "lean"),
    [
        (0.95, 1.0, 0.4, 0.0),
        (0.95, 2.0, 0.95, 0.03),
        (0.05, 3.0, 0.5, -0.07),
        (0.05, 2.5, 1.0, 0.0),
        (0.95, 5.0, 0.35, 0.01),
    ],
)
def test_a_standing_scratch_is_mended(tone: float, width: float, depth: float, lean: float) -> None:
    opacity = _line(101.3, width=width, depth=depth, lean=lean)
    before, clean = _clip(_laid(_film(), opacity, tone)), _clip(_film())
    made, _ = run_stage(REPAIR, before)
    assert problems(before, made) == []
    assert _share_left(before, made, clean, opacity > 0.05) < 0.25


def test_it_is_mended_where_nothing_moves_if_it_runs_from_edge_to_edge() -> None:
    opacity = _line(101.3, width=2.0, depth=0.5, lean=0.01)
    still = _film(step=0.0)
    before, clean = _clip(_laid(still, opacity, 0.95)), _clip(still)
    made, facts = run_stage(REPAIR, before)
    assert _share_left(before, made, clean, opacity > 0.05) < 0.25
    assert facts["frames"][2]["adjusted"] > 150


def test_one_that_begins_inside_the_frame_is_mended_if_the_scene_goes_on_without_it() -> None:
    opacity = _line(120.0, width=2.0, depth=0.8, rows=slice(80, None))
    before, clean = _clip(_laid(_film(), opacity, 0.95)), _clip(_film())
    made, _ = run_stage(REPAIR, before)
    assert _share_left(before, made, clean, opacity > 0.05) < 0.3
    assert not made[2].structure[:36].any()


@pytest.mark.parametrize("name", ["gray", "gray10le", "yuv420p", "gbrp16le"])
def test_scan_and_record_give_the_codes_of_the_take(name: str) -> None:
    opacity = _line(101.3, width=2.0, depth=0.4, lean=0.02)
    clip = _clip(_laid(_film(step=0.0), opacity, 0.95), name)
    made, facts = run_stage(REPAIR, clip)
    assert problems(clip, made) == []
    adjusted = 0
    for scan, frame, record in zip(clip.pictures, made, facts["frames"], strict=True):
        again = apply_recorded(scan, record["lines"])
        pixel = scan.pixel
        for index, plane in enumerate(again.planes):
            labels = frame.structure
            if pixel.model == "yuv" and index:
                labels = frame.colour[:: 1 << pixel.chroma_shift_y, :: 1 << pixel.chroma_shift_x]
            where = labels == Label.ADJUSTED
            adjusted += int(where.sum())
            assert np.array_equal(plane[where], frame.picture.planes[index][where])
    assert adjusted > 500


def test_detail_under_a_translucent_line_is_kept() -> None:
    opacity = _line(101.0, width=4.0, depth=0.4)
    still = _film(step=0.0)
    for light in still:
        light[::12] += 0.15  # fine detail that runs across
    before, clean = _clip(_laid(still, opacity, 0.95)), _clip(still)
    made, _ = run_stage(REPAIR, before)
    core = (opacity > 0.35) & (made[2].structure == Label.ADJUSTED)
    assert core.sum() > 0.6 * (opacity > 0.35).sum()
    truth = clean.pictures[2].planes[0].astype(float)
    rest = made[2].picture.planes[0] - truth
    assert np.abs(rest[core]).mean() < 6.0


def test_the_upright_edge_of_a_bar_beside_the_picture_is_kept() -> None:
    lights = _film(step=0.0)
    for light in lights:
        light[:, :30] = 0.02
        light[:, 30:32] = 0.5
    made, _ = run_stage(REPAIR, _clip(lights))
    assert not any(frame.structure[:, 20:40].any() for frame in made)


@pytest.mark.parametrize("step", [0.0, 3.0])
def test_a_pole_that_goes_with_the_scene_is_kept(step: float) -> None:
    wide = scenery(4, width=WIDTH + 40, height=HEIGHT)
    wide[20 if step == 0.0 else 0 :, 130:133] = 0.05
    shifts = [np.float32([[1, 0, -step * n], [0, 1, 0]]) for n in range(FRAMES)]
    made, _ = run_stage(
        REPAIR, _clip([cv2.warpAffine(wide, shift, (WIDTH, HEIGHT)) for shift in shifts])
    )
    assert not any(frame.structure.any() for frame in made)


def test_a_fold_that_sways_a_little_with_the_scene_is_kept() -> None:
    """It runs from edge to edge as a scratch does, and each of its steps is too small to tell."""
    lights = [
        _laid([light], _line(120.0 - 0.5 * n, width=3.0, depth=0.6), 0.95)[0]
        for n, light in enumerate(_film(step=0.5))
    ]
    clip = _clip(lights)
    made, _ = run_stage(REPAIR, clip)
    assert max((frame.structure != Label.ORIGINAL).mean() for frame in made) < 0.002


@pytest.mark.parametrize("inset", [18, 2])
def test_the_drawn_frame_of_a_title_card_that_weaves_is_kept(inset: int) -> None:
    card = np.full((HEIGHT, WIDTH), 0.08)
    cv2.rectangle(card, (24, inset), (WIDTH - 24, HEIGHT - inset), 0.8, 2)
    for row in range(50, 150, 24):
        cv2.putText(card, "REEL TWO", (60, row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 0.85, 2)
    rng = np.random.default_rng(1)
    lights = []
    for place in ((0, 0), (0.8, 0.3), (-0.6, 0.5), (0.4, -0.4), (-0.3, 0.2)):
        shift = np.float32([[1, 0, place[0]], [0, 1, place[1]]])
        moved = cv2.warpAffine(card, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        lights.append(moved + 0.008 * rng.standard_normal(card.shape))
    made, _ = run_stage(REPAIR, _clip(lights))
    assert sum(int(frame.structure.any()) for frame in made) == 0


def test_window_bars_before_a_scene_that_stands_are_kept() -> None:
    lights = _film(step=0.0)
    for light in lights:
        for x in (60, 120, 180):
            light[30:160, x : x + 3] = 0.05
        light[30:33, 60:183] = light[157:160, 60:183] = 0.05
    made, _ = run_stage(REPAIR, _clip(lights))
    assert not any(frame.structure.any() for frame in made)


def test_a_line_is_followed_from_where_it_begins_to_where_it_ends() -> None:
    luma = (255 * _film()[0]).astype(np.float32)
    opacity = _line(120.0, width=2.0, depth=0.8, lean=0.04, rows=slice(48, 144))
    line = find_lines((luma + opacity * (240 - luma)).astype(np.float32))[0]
    assert abs(line.first - 48) <= 10 and abs(line.stop - 144) <= 10
    truth = 120.0 + 0.04 * (line.rows - HEIGHT / 2)
    assert float(np.abs(line.columns - truth)[8:-8].max()) < 0.8


def test_the_soft_edge_of_the_picture_is_no_line() -> None:
    luma = (255 * _film()[0]).astype(np.float32)
    luma[:, 3:6] *= 0.3
    assert all(line.columns.min() > 4 for line in find_lines(luma))


def test_a_jet_of_water_that_bends_is_kept() -> None:
    """A splash in a cartoon: it stands still, while the sea behind it goes on."""
    rows = np.arange(HEIGHT)
    columns = 120 + 10.0 * np.sin((rows - 60) / 40.0)
    away = np.abs(np.arange(WIDTH)[None] - columns[:, None])
    opacity = 0.8 * np.clip(2.0 - away, 0, 1) * ((rows > 60) & (rows < 170))[:, None]
    made, _ = run_stage(REPAIR, _clip(_laid(_film(), opacity, 0.05)))
    assert not any(frame.structure.any() for frame in made[1:-1])


def test_pictures_without_a_line_have_none() -> None:
    rng = np.random.default_rng(2)
    noise = 120 + 6 * rng.standard_normal((HEIGHT, WIDTH))
    assert find_lines(noise.astype(np.float32)) == []
