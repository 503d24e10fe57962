"""Sprocket holes of an overscanned film are found, and no stage changes anything there."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from archive.media.pixels import Picture, PictureFormat
from restoration.imaging.perforations import Perforations
from restoration.provenance import Label
from restoration.stages.area import between_holes, find_area
from restoration.stages.contract import StageError
from restoration.stages.denoise import stage as denoise
from restoration.stages.material import MemoryClip
from restoration.stages.segments import Segment
from restoration.stages.stabilise.stage import STAGE as STABILISE
from restoration.stages.upscale.stage import STAGE as UPSCALE
from tests.restoration.stages.films import clip_of, moving

STRIP, HOLE_LEFT, HOLE_WIDTH, HOLE_HEIGHT, PITCH = 32, 8, 14, 10, 24
"""A strip of film base beside the picture, and the holes in it; 35 mm in small."""
FRAMES = 8


def overscanned(clip: MemoryClip, *, light: int = 250, both: bool = False) -> MemoryClip:
    """The clip with a strip of holes at its left, or at both sides, that never move."""
    pixel = clip.format.pixel
    height, width = clip.format.height, clip.format.width + STRIP * (2 if both else 1)
    strip = np.full((height, STRIP), 60, np.uint8)
    for top in range(7, height - HOLE_HEIGHT, PITCH):
        box = (slice(top, top + HOLE_HEIGHT), slice(HOLE_LEFT, HOLE_LEFT + HOLE_WIDTH))
        hole = np.zeros((HOLE_HEIGHT, HOLE_WIDTH), np.uint8)
        cv2.rectangle(hole, (1, 0), (HOLE_WIDTH - 2, HOLE_HEIGHT - 1), 1, -1)
        cv2.rectangle(hole, (0, 1), (HOLE_WIDTH - 1, HOLE_HEIGHT - 2), 1, -1)
        strip[box] = np.where(hole > 0, light, strip[box])
    pictures = []
    for picture in clip.pictures:
        parts = [strip, picture.planes[0], *([strip[:, ::-1]] if both else [])]
        planes = [np.ascontiguousarray(np.hstack(parts).astype(pixel.dtype))]
        for plane in picture.planes[1:]:
            beside = width // (clip.format.width // plane.shape[1]) - plane.shape[1]
            planes.append(np.pad(plane, ((0, 0), (beside, 0)), constant_values=128))
        pictures.append(Picture(pixel, tuple(planes)))
    return MemoryClip(pictures, replace(clip.format, width=width), clip.marks)


def area_found(clip: MemoryClip) -> tuple[int, int, int, int]:
    return find_area(clip, Segment(0, clip.end_frame))


@pytest.fixture(scope="module")
def plain() -> MemoryClip:
    return clip_of(moving(FRAMES))


@pytest.mark.parametrize("light", [250, 5])
def test_rows_of_holes_are_told_from_the_picture_with_a_rim(plain: MemoryClip, light: int) -> None:
    inner = HOLE_LEFT + HOLE_WIDTH + 3
    form = plain.format
    clip = overscanned(plain, light=light)
    assert area_found(clip) == (inner, 0, clip.format.width - inner, form.height)
    both = overscanned(plain, light=light, both=True)
    assert area_found(both) == (inner, 0, both.format.width - 2 * inner, form.height)
    assert between_holes(both, Segment(0, FRAMES)) == area_found(both)


def test_dark_film_base_inside_the_holes_is_no_picture_either(plain: MemoryClip) -> None:
    clip = overscanned(plain)
    for picture in clip.pictures:
        picture.planes[0][:, HOLE_LEFT + HOLE_WIDTH : STRIP] = 8
    assert area_found(clip)[0] == STRIP


def test_pictures_and_lights_in_them_are_no_holes(plain: MemoryClip) -> None:
    width, height = plain.format.width, plain.format.height
    assert area_found(plain) == (0, 0, width, height)

    def area_with(*boxes: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        found = Perforations((height, width))
        luma = plain.pictures[0].planes[0].clip(30, 200)
        for left, top, across, down in boxes:
            luma[top : top + down, left : left + across] = 250
        found.look(luma)
        return found.area()

    whole = (0, 0, width, height)
    row = [(6, top, 12, 9) for top in (8, 30, 52, 74, 96)]
    assert area_with(*row) != whole
    assert area_with(*row[:2]) == whole, "two are too few"
    assert area_with(*row[:3]) == whole, "they do not go from top to bottom"
    assert area_with(*row[:2], *row[3:]) == whole, "one is missing"
    assert area_with(*((70, *rest) for _, *rest in row)) == whole, "in the middle"  # type: ignore[arg-type]
    assert area_with(*((x, y, w + 3 * n, h) for n, (x, y, w, h) in enumerate(row))) == whole


def test_an_enlargement_knows_where_the_holes_are(plain: MemoryClip) -> None:
    clip = overscanned(MemoryClip(plain.pictures[:1], plain.format))
    outcome = UPSCALE.run(clip, UPSCALE.params(engine="resample"), lambda done, total: None)
    assert len(list(outcome.frames)) == 1
    assert outcome.facts["areas"][0]["area"][0] == HOLE_LEFT + HOLE_WIDTH + 3


def test_holes_stand_still_while_the_picture_is_moved(plain: MemoryClip) -> None:
    lights = moving(24, step=0.0)
    sway = [1.2 * (-1) ** n for n in range(24)]
    swaying = [
        cv2.warpAffine(
            light,
            np.float32([[1, 0, x], [0, 1, 0]]),
            light.shape[::-1],
            borderMode=cv2.BORDER_REFLECT,
        )
        for light, x in zip(lights, sway, strict=True)
    ]
    clip = overscanned(clip_of(swaying), both=True)
    outcome = STABILISE.run(clip, STABILISE.params(), lambda done, total: None)
    frames = list(outcome.frames)
    inner = HOLE_LEFT + HOLE_WIDTH + 3
    assert outcome.facts["scenes"][0]["area"][0] == inner and outcome.facts["moved"] >= 20
    for frame, scan in zip(frames, clip.pictures, strict=True):
        assert (frame.picture.planes[0][:, :inner] == scan.planes[0][:, :inner]).all()
        assert not frame.structure[:, :inner].any()
    found = [each["x"] / 65536 for each in outcome.facts["frames"]]
    assert np.abs(np.diff(found)).mean() == pytest.approx(2.4, abs=0.2), "not held by the holes"
    named = STABILISE.params(area=f"60,0,100,{clip.format.height}")
    outcome = STABILISE.run(clip, named, lambda done, total: None)
    frames = list(outcome.frames)
    assert outcome.facts["scenes"][0]["area"] == [60, 0, 100, clip.format.height]
    assert not any(frame.structure[:, :60].any() for frame in frames)


class Halved:
    """In the network's place: every sample becomes darker."""

    def grey(self, plane: np.ndarray, sigma: float) -> np.ndarray:
        return np.asarray(plane * 0.9, np.float32)

    def colour(self, channels: np.ndarray, sigma: float) -> np.ndarray:
        return np.asarray(channels * 0.9, np.float32)


@pytest.mark.parametrize("name", ["gray", "yuv420p"])
def test_noise_is_taken_off_the_picture_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoise, "_network", Halved)
    clip = overscanned(clip_of(moving(2), name))
    for given, left in (("", 26 if name == "yuv420p" else 25), ("40,10,100,80", 40)):
        params = denoise.STAGE.params(luma=5, chroma=5, area=given, grain="relay")
        outcome = denoise.STAGE.run(clip, params, lambda done, total: None)
        for frame, scan in zip(outcome.frames, clip.pictures, strict=True):
            assert frame.structure[:, left:].any()
            for labels in (frame.structure, frame.colour):
                assert (labels[:, :left] == Label.ORIGINAL.value).all()
            assert (frame.picture.planes[0][:, :left] == scan.planes[0][:, :left]).all()
        assert outcome.facts["scenes"][0]["area"][0] == left


def test_black_bars_keep_their_noise() -> None:
    """What `denoise` does not show its network it cannot change."""
    lights = moving(2)
    for light in lights:
        light[:20] = 0.02
    form: PictureFormat = clip_of(lights).format
    assert area_found(clip_of(lights)) == (0, 20, form.width, form.height - 20)


@pytest.mark.parametrize("stage", [denoise.STAGE, STABILISE, UPSCALE], ids=lambda one: one.name)
def test_an_area_that_is_none_is_refused(stage: object, plain: MemoryClip) -> None:
    for text, words in (("1,2,3", "area is LEFT"), ("0,0,0,5", "hold something")):
        with pytest.raises(StageError, match=words):
            stage.parse({"area": text})  # type: ignore[attr-defined]
    outside = stage.parse({"area": "0,0,999,20"})  # type: ignore[attr-defined]
    with pytest.raises(StageError, match="reaches beyond the picture"):
        list(stage.run(plain, outside, lambda done, total: None).frames)  # type: ignore[attr-defined]
