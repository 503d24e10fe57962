"""Colourise: hints are obeyed and told apart, lightness is kept, and nothing crosses a cut."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.execution import Order, TakeFiles, execute
from restoration.imaging.colour import ciede2000, to_lab
from restoration.imaging.tones import lightness_of, to_srgb
from restoration.mapfile import MapReader
from restoration.provenance import FrameMap, Label, check_lightness
from restoration.stages import COLOURISE
from restoration.stages.colourise.field import Field, empty_field
from restoration.stages.colourise.refine import draw_to_edges
from restoration.stages.colourise.scene import Backwards
from restoration.stages.colourise.spread import Point
from restoration.stages.contract import StageError, StageFrame
from restoration.stages.material import MemoryClip
from tests.restoration.stages.films import HEIGHT, WIDTH, clip_of, moving, problems, run_stage

RED = {"id": "coat", "frame": 1, "y": 30, "x": 40, "height": 6, "width": 6, "rgb": [150, 70, 60]}
BLUE = RED | {"id": "sky", "y": 80, "x": 120, "rgb": [80, 90, 160], "by": "ada"}


def rgb_form(clip: MemoryClip) -> PictureFormat:
    made = PIXEL_FORMATS["gbrp" + clip.format.pixel.name.removeprefix("gray").replace("8", "")]
    return replace(clip.format, pixel=made, colour_range="full", matrix="gbr")


def chroma(frame: StageFrame, form: PictureFormat) -> np.ndarray:
    ab = to_lab(to_srgb(frame.picture, form))[..., 1:]
    return np.hypot(ab[..., 0], ab[..., 1])


@pytest.mark.parametrize("name", ["gray", "gray10le", "gray16le"])
def test_lightness_is_kept_and_hints_are_obeyed_and_alone_called_human(name: str) -> None:
    clip = clip_of(moving(4), name)
    made, facts = run_stage(COLOURISE, clip, hints=[RED, BLUE])
    form = rgb_form(clip)
    assert problems(clip, made) == []
    for number, (before, frame) in enumerate(zip(clip.pictures, made, strict=True)):
        off = lightness_of(frame.picture, form) - lightness_of(before, clip.format)
        assert np.abs(off).max() <= 0.5
        painted = np.zeros((HEIGHT, WIDTH), bool)
        if number == 1:
            painted[30:36, 40:46] = painted[80:86, 120:126] = True
        assert np.array_equal(frame.colour == Label.HUMAN, painted)
        assert set(np.unique(frame.colour[~painted])) <= {Label.SYNTHESISED, Label.ADJUSTED}
        assert (frame.structure == Label.ADJUSTED).all()
    lab = to_lab(to_srgb(made[1].picture, form))[30:36, 40:46]
    asked = lab.copy()
    asked[..., 1:] = to_lab(np.array([150, 70, 60], np.float32) / 255)[1:]
    # Where sRGB cannot hold that chroma at the film's lightness, it is lowered and counted.
    assert ciede2000(lab, asked).mean() < 0.3 or facts["frames"][1]["out_of_gamut"] > 0


def test_over_and_undershoot_of_a_limited_scan_is_coloured_as_white_and_black() -> None:
    clip = clip_of(moving(1))
    clip.format = replace(clip.format, colour_range="limited")
    (codes,) = clip.pictures[0].planes
    codes[:20], codes[100:] = 6, 248
    (frame,), _ = run_stage(COLOURISE, clip, hints=[RED | {"frame": 0}])
    labels = FrameMap(frame.structure, frame.colour)
    assert (frame.colour == Label.SYNTHESISED).mean() > 0.9
    assert check_lightness(clip.pictures[0], clip.format, frame.picture, labels) == []
    assert all((plane[:20] == 0).all() and (plane[100:] == 255).all()
               for plane in frame.picture.planes)  # fmt: skip


def test_colour_reaches_every_frame_both_ways_and_names_its_hint() -> None:
    clip = clip_of(moving(7))
    made, facts = run_stage(COLOURISE, clip, hints=[RED | {"frame": 3}])
    for frame, record in zip(made, facts["frames"], strict=True):
        assert chroma(frame, rgb_form(clip)).mean() > 2
        assert list(record["from"]) == ["coat"] and 0.01 < record["from"]["coat"] < 1
        assert len(record["from_grid"]) == 12 and record["from_grid"][6][8] == 0
    assert facts["hints"] == [{"id": "coat", "frame": 3, "by": None}]


def test_a_hint_decides_nothing_in_frames_that_its_thing_has_left() -> None:
    dark = 0.4 * moving(1)[0]
    lights = [cv2.circle(dark.copy(), (138 + 9 * n, 60), 12, 0.9, -1) for n in range(6)]
    ball = RED | {"frame": 0, "y": 57, "x": 135}
    _, facts = run_stage(COLOURISE, clip_of(lights), hints=[ball])
    shares = [record["from"].get("coat", 0.0) for record in facts["frames"]]
    assert shares[0] == pytest.approx(np.pi * 12**2 / (WIDTH * HEIGHT), rel=0.3)
    assert shares[1] > 0.005 and max(shares[4:]) < 0.001


def test_without_hints_every_grey_code_is_given_back_and_the_scene_is_undecided() -> None:
    codes = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
    form = PictureFormat(256, 32, PIXEL_FORMATS["gray"], Fraction(18))
    clip = MemoryClip([Picture(form.pixel, (codes,))] * 2, form)
    made, facts = run_stage(COLOURISE, clip)
    assert all(np.array_equal(plane, codes) for frame in made for plane in frame.picture.planes)
    assert not any((frame.colour > Label.ADJUSTED).any() for frame in made)
    assert facts["undecided"] > 0.8 and "undecided" in facts["warnings"][0]
    assert facts["paint_next"][0]["gain"] > 0.01


def test_more_hints_leave_less_undecided() -> None:
    clip = clip_of(moving(2))
    shares = [
        run_stage(COLOURISE, clip, hints=hints)[1]["undecided"] for hints in ([RED], [RED, BLUE])
    ]
    assert shares[1] < shares[0]


def test_nothing_crosses_a_cut_that_nobody_found_or_a_splice() -> None:
    shots = [*moving(2, seed=1), *moving(2, seed=9, step=-2.0)]
    hidden, marked = clip_of(shots), clip_of(shots, marks=(2,))
    for clip in (hidden, marked):
        for frame in (1, 2):
            made, _ = run_stage(COLOURISE, clip, hints=[RED | {"frame": frame}])
            beyond = made[2:] if frame == 1 else made[:2]
            assert max(chroma(each, rgb_form(clip)).max() for each in beyond) < 0.05
    _, facts = run_stage(COLOURISE, marked, hints=[RED])
    assert any("splice" in words for words in facts["warnings"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rgb": [0, 0, 256]}, "rgb must be three whole numbers"),
        ({"height": 0}, "height cannot be 0"),
        ({"y": -1}, "y cannot be -1"),
        ({"colour": 3}, "knows no colour"),
    ],
)
def test_hints_that_make_no_sense_are_refused_with_what_is_wanted(change: dict, words: str) -> None:
    with pytest.raises(StageError, match=words):
        COLOURISE.parse({"hints": [RED | change]})
    with pytest.raises(StageError, match="two hints are called 'coat'"):
        COLOURISE.parse({"hints": [RED, RED]})


@pytest.mark.parametrize(
    ("change", "words"), [({"frame": 9}, "frame 9"), ({"x": 157}, "160 x 120")]
)
def test_hints_outside_the_scene_or_the_picture_are_refused(change: dict, words: str) -> None:
    with pytest.raises(StageError, match=words):
        run_stage(COLOURISE, clip_of(moving(2)), hints=[RED | change])


def coloured_clip(ab: np.ndarray, lights: list) -> MemoryClip:
    """RGB film with that colour at each pixel, (H, W, 2)."""
    from restoration.imaging.colour import fit_gamut, grey_lightness

    pixel = PIXEL_FORMATS["gbrp"]
    pictures = []
    for light in lights:
        lab = np.dstack([grey_lightness(light.astype(np.float32)), ab]).astype(np.float32)
        codes = np.rint(fit_gamut(lab)[0] * 255).astype(np.uint8)
        pictures.append(Picture(pixel, tuple(codes[..., n].copy() for n in range(3))))
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(18), "full", "gbr"))


def test_rgb_of_limited_range_stays_in_it() -> None:
    light = np.tile(np.linspace(0, 1, WIDTH), (HEIGHT, 1))
    codes = np.rint(16 + 219 * light).astype(np.uint8)
    pixel = PIXEL_FORMATS["gbrp"]
    form = PictureFormat(WIDTH, HEIGHT, pixel, Fraction(18), "limited", "gbr")
    clip = MemoryClip([Picture(pixel, (codes,) * 3)], form)
    (frame,), _ = run_stage(COLOURISE, clip, hints=[RED | {"frame": 0}, BLUE | {"frame": 0}])
    assert (frame.colour >= Label.HUMAN).mean() > 0.9
    off = lightness_of(frame.picture, form) - lightness_of(clip.pictures[0], form)
    assert np.abs(off).max() <= 0.5
    labels = FrameMap(frame.structure, frame.colour)
    assert check_lightness(clip.pictures[0], form, frame.picture, labels) == []
    found = to_lab(to_srgb(frame.picture, form))[30:36, 40:46, 1:]
    assert np.abs(found - to_lab(np.array([150, 70, 60], np.float32) / 255)[1:]).max() < 6


def test_film_with_colours_of_its_own_is_refused_with_the_reason() -> None:
    ab = np.zeros((HEIGHT, WIDTH, 2))
    ab[:, : WIDTH // 2], ab[:, WIDTH // 2 :] = (25, 15), (-10, -25)
    with pytest.raises(StageError, match=r"colours of its own: .* % of its pixels"):
        run_stage(COLOURISE, coloured_clip(ab, moving(2)))


def test_sepia_is_recognised_its_tint_recorded_dropped_or_kept() -> None:
    clip = coloured_clip(np.tile([6.0, 18.0], (HEIGHT, WIDTH, 1)), moving(2))
    made, facts = run_stage(COLOURISE, clip)
    assert facts["source"]["kind"] == "tinted" and not facts["source"]["tint_kept"]
    assert facts["source"]["tint"]["ab"][8] == pytest.approx([6, 18], abs=1)
    assert max(chroma(frame, clip.format).max() for frame in made) < 0.5
    assert problems(clip, made) == []
    kept, _ = run_stage(COLOURISE, clip, tint="keep")
    assert all(a.same_codes(b.picture) for a, b in zip(clip.pictures, kept, strict=True))
    assert not any(frame.structure.any() for frame in kept)


def test_a_take_stands_in_the_engine_and_its_file_keeps_lightness(tmp_path: Path) -> None:
    clip = clip_of(moving(3))
    scan = tmp_path / "scan.mkv"
    with PictureWriter(scan, clip.format) as writer:
        for picture in clip.pictures:
            writer.write(picture)
    order = Order(
        scan, "0" * 64, "colourise", 0, 3, tmp_path / "take", Fraction(18), params={"hints": [RED]}
    )
    made = execute(order, lambda done, total: None)
    assert made.totals is not None and made.totals["colour"]["HUMAN"] == 36
    assert made.totals["structure"]["ADJUSTED"] == 3 * WIDTH * HEIGHT
    files = TakeFiles(tmp_path / "take")
    labels = list(MapReader(files.map).frames())
    assert [int((each.colour == Label.HUMAN).sum()) for each in labels] == [0, 36, 0]
    with open_source(files.picture) as take:
        assert take.format.pixel.name == "gbrp"
        for before, after in zip(clip.pictures, take.frames(0, 3), strict=True):
            off = lightness_of(after, take.format) - lightness_of(before, clip.format)
            assert np.abs(off).max() <= 0.5


def still_of(path: Path, light: np.ndarray, ab: np.ndarray) -> dict[str, object]:
    """A coloured photograph on disk, as the stage's parameter for frame 1."""
    import hashlib

    codes = coloured_clip(ab, [light]).pictures[0].planes
    assert cv2.imwrite(str(path), np.dstack(codes[::-1]))
    return {
        "frame": 1,
        "path": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_a_still_painted_elsewhere_colours_the_scene_and_a_hint_overrules_it(
    tmp_path: Path,
) -> None:
    lights = moving(3)
    clip, form = clip_of(lights), rgb_form(clip_of(lights[:1]))
    ab = np.zeros((HEIGHT, WIDTH, 2))
    ab[: HEIGHT // 2], ab[HEIGHT // 2 :] = (20, 10), (-15, 20)
    reference = still_of(tmp_path / "still.png", lights[1], ab)
    made, facts = run_stage(COLOURISE, clip, references=[reference])
    lab = to_lab(to_srgb(made[1].picture, form))
    assert np.abs(np.median(lab[10:40, 20:140, 1:], axis=(0, 1)) - [20, 10]).max() < 5
    assert np.abs(np.median(lab[80:110, 20:140, 1:], axis=(0, 1)) - [-15, 20]).max() < 5
    assert not any((frame.colour == Label.HUMAN).any() for frame in made)
    assert facts["references"][0]["sha256"] == reference["sha256"]
    blue = RED | {"y": 20, "x": 60, "rgb": [80, 100, 170]}
    painted, _ = run_stage(COLOURISE, clip, references=[reference], hints=[blue])
    assert to_lab(to_srgb(painted[1].picture, form))[23, 63, 2] < -10
    (tmp_path / "still.png").write_bytes(b"another")
    with pytest.raises(StageError, match="not the one that was named"):
        run_stage(COLOURISE, clip, references=[reference])


def test_fields_carried_backwards_are_kept_now_and_then_and_made_again_in_order() -> None:
    asked = []

    def carry_to(field: Field, here: int, there: int) -> Field:
        assert there == here + 1
        asked.append(here)
        return field._replace(ab=field.ab + 1)

    back = Backwards(carry_to, 100, empty_field((2, 2)), 3)
    assert asked == list(range(99, 2, -1))
    for frame in range(3, 100):
        assert (back.at(frame).ab == 100 - frame).all()
    assert len(asked) <= 2 * 97


def test_colour_is_drawn_to_an_edge_of_luma_and_hints_stay_as_they_are() -> None:
    lightness = np.full((30, 40), 30, np.float32)
    lightness[:, 20:] = 70
    found = np.zeros((30, 40, 2), np.float32)
    found[:, 12:] = (20, 0)  # what belongs to the light half has spilt over
    hint = Point(15.0, 5.0, 30.0, 0.0, 0.0)
    drawn = draw_to_edges(lightness, found, [hint])
    assert np.abs(drawn[:, 24:] - [20, 0]).max() < 1
    assert drawn[:, 12:20, 0].mean() < 18
    assert np.abs(drawn[13:17, 3:7]).max() < 0.5
