"""Colour correction does what its CDL says, in recorded integers, and touches nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from archive.media.pixels import PIXEL_FORMATS
from restoration.provenance import FrameMap, Label
from restoration.provenance.composition import change_by_hand, compose
from restoration.stages import GRADE
from restoration.stages.contract import StageError
from restoration.stages.grade.cdl import Cdl, from_wheels, wheels, white_gains, with_white
from restoration.stages.grade.cdl_file import CdlFileError, read_cdl, write_cdl
from restoration.stages.grade.region import Region
from restoration.stages.grade.stage import apply_recorded
from tests.restoration.stages.films import clip_of, moving, picture_of, problems, run_stage

WARM = {"slope": [1.2, 1.0, 0.8], "offset": [0.02, 0.0, -0.03], "power": [0.9, 1.0, 1.1],
        "saturation": 1.3}  # fmt: skip
COLOURED = ("yuv420p", "yuv422p10le", "gbrp", "gbrp16le")


def correction(**values) -> dict:
    return {"id": "1", "by": "vera"} | values


def as_written(codes, cdl: Cdl, channel: int):
    """The ASC's own formula without saturation, in floating point."""
    value = codes * cdl.slope[channel] + cdl.offset[channel]
    return np.clip(np.clip(value, 0, 1) ** cdl.power[channel], 0, 1)


@pytest.mark.parametrize("name", COLOURED)
def test_the_input_and_the_record_give_the_take_bit_by_bit(name: str) -> None:
    clip = clip_of(moving(2), name)
    boxed = correction(id="2", saturation=0.2, box=[11, 7, 61, 40], white=[200, 180, 150])
    made, facts = run_stage(GRADE, clip, corrections=[correction(**WARM), boxed])
    stored = json.loads(json.dumps(facts))
    for picture, frame, record in zip(clip.pictures, made, stored["frames"], strict=True):
        again = apply_recorded(picture, clip.format, record, stored)
        assert again.same_codes(frame.picture) and not again.same_codes(picture)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le"])
def test_light_is_adjusted_and_colour_by_hand_where_a_code_changed(name: str) -> None:
    clip = clip_of(moving(2), name)
    made, _ = run_stage(GRADE, clip, corrections=[correction(**WARM)])
    assert problems(clip, made) == []
    for picture, frame in zip(clip.pictures, made, strict=True):
        changed = picture.planes[0] != frame.picture.planes[0]
        assert np.array_equal(frame.structure == Label.ADJUSTED, changed)
        assert set(np.unique(frame.colour)) <= {Label.ORIGINAL, Label.HUMAN}
        assert (frame.colour == Label.HUMAN).mean() > 0.9


@pytest.mark.parametrize("name", COLOURED)
def test_nothing_outside_a_box_is_touched(name: str) -> None:
    clip = clip_of(moving(1), name)
    made, _ = run_stage(GRADE, clip, corrections=[correction(box=[10, 20, 33, 41], **WARM)])
    inside = np.zeros((120, 160), bool)
    inside[20:61, 10:43] = True
    (frame,) = made
    assert not frame.structure[~inside].any() and not frame.colour[~inside].any()
    for before, after in zip(clip.pictures[0].planes, frame.picture.planes, strict=True):
        down, right = 120 // before.shape[0], 160 // before.shape[1]
        outside = ~inside.reshape(before.shape[0], down, before.shape[1], right).any(axis=(1, 3))
        assert np.array_equal(before[outside], after[outside])
        assert (before != after).any()


TRIANGLE = [[20, 10], [120, 30], [40, 100]]


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("softness", [0, 9])
def test_a_polygon_is_corrected_inside_alone_and_its_record_gives_it_back(
    name: str, softness: int
) -> None:
    clip = clip_of(moving(1), name)
    region = correction(polygon=TRIANGLE, softness=softness, **WARM)
    made, facts = run_stage(GRADE, clip, corrections=[region])
    (frame,) = made
    inside = np.zeros((120, 160), np.uint8)
    cv2.fillPoly(inside, [np.array(TRIANGLE)], 1)
    assert not frame.structure[inside == 0].any() and not frame.colour[inside == 0].any()
    assert (frame.structure[inside == 1] == Label.ADJUSTED).mean() > 0.8
    assert problems(clip, made) == []
    stored = json.loads(json.dumps(facts))
    again = apply_recorded(clip.pictures[0], clip.format, stored["frames"][0], stored)
    assert again.same_codes(frame.picture)
    assert stored["regions"] == {"1": {"polygon": TRIANGLE, "softness": softness}}


@pytest.mark.parametrize("bits", [8, 16])
def test_a_soft_edge_fades_inwards_from_nothing_to_the_whole_correction(bits: int) -> None:
    clip = clip_of(moving(1), "gray" if bits == 8 else "gray16le")
    everywhere = correction(offset=[0.2] * 3)
    (whole,), _ = run_stage(GRADE, clip, corrections=[everywhere])
    softened = everywhere | {"box": [20, 20, 100, 80], "softness": 9}
    (soft,), _ = run_stage(GRADE, clip, corrections=[softened])
    (before,) = clip.pictures[0].planes
    change = soft.picture.planes[0].astype(int) - before
    full = whole.picture.planes[0].astype(int) - before
    middle = 60  # a row far from the upper and lower edge
    shares = [change[middle, x] / full[middle, x] for x in range(20, 32)]
    assert shares[:10] == pytest.approx([n / 10 for n in range(1, 11)], abs=0.02)
    assert shares[10:] == [1, 1] and not change[middle, :20].any()


def test_a_region_at_the_edge_of_the_picture_does_not_fade_there() -> None:
    region = Region.of_box([0, 0, 40, 30], 5)
    weights = region.weights(30, 160, PIXEL_FORMATS["yuv420p"])
    assert weights[0, 0] == weights[29, 20] == 1 << 16
    assert 0 < weights[15, 39] < weights[15, 36] < 1 << 16 and weights[15, 40] == 0


@pytest.mark.parametrize("name", [*COLOURED, "gray"])
def test_no_correction_or_a_neutral_one_changes_nothing(name: str) -> None:
    clip = clip_of(moving(1), name)
    for corrections in ([], [correction()], [correction(frames=[5, 9], saturation=0.5)]):
        made, _ = run_stage(GRADE, clip, corrections=corrections)
        assert made[0].picture.same_codes(clip.pictures[0])
        assert not made[0].structure.any() and not made[0].colour.any()


@pytest.mark.parametrize("name", ["gbrp", "gbrp16le"])
def test_rgb_codes_follow_the_formula_of_the_asc(name: str) -> None:
    clip = clip_of(moving(1), name)
    cdl = Cdl.parse(WARM | {"saturation": 1.0})
    made, _ = run_stage(GRADE, clip, corrections=[correction(**cdl.as_json())])
    peak = clip.format.pixel.peak
    for channel in range(3):
        wanted = as_written(clip.pictures[0].planes[channel] / peak, cdl, channel)
        found = made[0].picture.planes[channel] / peak
        assert np.abs(wanted - found).max() <= 0.51 / 255


def test_a_saturation_of_nothing_leaves_no_colour() -> None:
    made, _ = run_stage(GRADE, clip_of(moving(1), "yuv420p"), corrections=[
        correction(saturation=0.0)])  # fmt: skip
    assert all(np.abs(plane.astype(int) - 128).max() <= 1 for plane in made[0].picture.planes[1:])
    (rgb, *_), _ = run_stage(GRADE, clip_of(moving(1), "gbrp"), corrections=[
        correction(saturation=0.0)])  # fmt: skip
    red, green, blue = rgb.picture.planes
    assert np.array_equal(red, green) and np.array_equal(green, blue)


def test_white_balance_makes_the_picked_colour_neutral() -> None:
    light = np.full((120, 160), 0.8)
    clip = clip_of([light], "gbrp")
    white = [int(plane[0, 0]) for plane in clip.pictures[0].planes]
    assert len(set(white)) == 3
    made, _ = run_stage(GRADE, clip, corrections=[correction(white=white)])
    codes = [int(plane[0, 0]) for plane in made[0].picture.planes]
    assert max(codes) - min(codes) <= 1
    luma = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), white, strict=True))
    assert abs(codes[0] - luma) <= 1
    assert white_gains((128, 128, 128)) == (1.0, 1.0, 1.0)


def test_lift_gamma_and_gain_move_what_they_are_named_after() -> None:
    def tone(cdl, value):
        return float(as_written(np.array(value), cdl, 0))

    three = (1.0, 1.0, 1.0)
    lifted = from_wheels((0.1, 0.1, 0.1), three, three)
    assert tone(lifted, 0.0) == pytest.approx(0.1) and tone(lifted, 1.0) == pytest.approx(1.0)
    gained = from_wheels((0.0, 0.0, 0.0), three, (0.5, 0.5, 0.5))
    assert tone(gained, 0.0) == 0.0 and tone(gained, 1.0) == pytest.approx(0.5)
    gamma = from_wheels((0.0, 0.0, 0.0), (2.0, 2.0, 2.0), three)
    assert tone(gamma, 0.25) == pytest.approx(0.5)
    given = ((0.1, 0.0, -0.05), (1.25, 1.0, 0.8), (0.9, 1.0, 1.1))
    for found, wanted in zip(wheels(from_wheels(*given)), given, strict=True):
        assert found == pytest.approx(wanted, abs=1e-5)


def test_grey_film_takes_light_and_refuses_a_tint() -> None:
    clip = clip_of(moving(1), "gray")
    made, _ = run_stage(GRADE, clip, corrections=[correction(power=[0.8] * 3)])
    assert made[0].picture.planes[0].mean() > clip.pictures[0].planes[0].mean() + 5
    assert (made[0].structure == Label.ADJUSTED).any() and not made[0].colour.any()
    with pytest.raises(StageError, match="colour the scene first"):
        run_stage(GRADE, clip, corrections=[correction(**WARM)])


def test_a_correction_never_makes_an_invented_colour_anybodys_own() -> None:
    held = np.full((4, 4), Label.SYNTHESISED, np.uint8)
    held[0], held[1] = Label.HUMAN, Label.ORIGINAL
    before = FrameMap(np.full((4, 4), Label.ADJUSTED, np.uint8), held)
    graded = np.full((4, 4), Label.HUMAN, np.uint8)
    pixel = picture_of(moving(1)[0], "yuv444p").pixel
    operation = FrameMap(np.full((4, 4), Label.ADJUSTED, np.uint8), graded)
    composed = compose(operation, lambda offset: before, pixel)
    made = change_by_hand(composed, before)
    assert (made.colour[2:] == Label.SYNTHESISED).all()
    assert (made.colour[:2] == Label.HUMAN).all()
    assert (made.structure == Label.ADJUSTED).all()


@pytest.mark.parametrize("decisions", [True, False])
def test_a_cdl_comes_back_from_its_file(decisions: bool) -> None:
    cdl = with_white(Cdl.parse(WARM), (200.0, 190.0, 170.0))
    data = write_cdl(cdl, name="scene12", description="dress & <hat>", decisions=decisions)
    assert read_cdl(data) == cdl
    assert b"urn:ASC:CDL:v1.2" in data


def test_files_of_other_programs_are_read() -> None:
    old = b"""<?xml version="1.0"?><ColorCorrectionCollection xmlns="urn:ASC:CDL:v1.01">
    <ColorCorrection id="a"><SOPNode><Slope> 1.1  1.0 0.9</Slope><Offset>0 0 0</Offset>
    <Power>1 1 1</Power></SOPNode><SATNode><Saturation>0.85</Saturation></SATNode>
    </ColorCorrection></ColorCorrectionCollection>"""
    assert read_cdl(old) == Cdl(slope=(1.1, 1.0, 0.9), saturation=0.85)
    bare = b"<ColorCorrection><SatNode><Saturation>0.5</Saturation></SatNode></ColorCorrection>"
    assert read_cdl(bare) == Cdl(saturation=0.5)


@pytest.mark.parametrize("named", ["UTF-8", "no-such-code", "shift_jis", "utf-7", "utf-16"])
def test_a_file_in_utf_8_is_read_whatever_encoding_it_names(named: str) -> None:
    text = (
        f"<?xml version='1.0' encoding='{named}'?><ColorCorrection id='d\u00e9j\u00e0'>"
        "<SatNode><Saturation>0.5</Saturation></SatNode></ColorCorrection>"
    )
    assert read_cdl(text.encode("utf-8-sig")) == read_cdl(text.encode()) == Cdl(saturation=0.5)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not xml", "this is no XML"),
        (b"<a/>", "no ColorCorrection"),
        (b"<ColorCorrection/>", "neither SOPNode nor SatNode"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        (b"<<!--!DOCTYPE a [<<!--!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"), "not in UTF-8"),
        ("<ColorCorrection id='\u00e4'/>".encode("latin-1"), "not in UTF-8"),
        (b"<a>\x00</a>", "this is no XML"),
        (b" " * 300_000, "300000 bytes"),
        (b"<ColorCorrection><SOPNode><Slope>1 2</Slope></SOPNode></ColorCorrection>", "three"),
        (b"<ColorCorrection><SOPNode><Slope>1 2 nan</Slope></SOPNode></ColorCorrection>", "slope"),
    ],
)
def test_what_is_no_cdl_is_refused_and_says_why(data: bytes, words: str) -> None:
    with pytest.raises(CdlFileError, match=words):
        read_cdl(data)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"slope": [1, 1]}, "three numbers each"),
        ({"slope": [9, 1, 1]}, "slope must lie in 0.0 to 8.0"),
        ({"power": [0, 1, 1]}, "power must lie"),
        ({"saturation": float("nan")}, "saturation must lie"),
        ({"box": [0, 0, 0, 5]}, "has no pixel"),
        ({"white": [300, 1, 1]}, "three codes from 0 to 255"),
        ({"frames": "x"}, "a correction is"),
        ({"polygon": [[1, 1], [2, 2]]}, "3 to 400 corners"),
        ({"polygon": [[1, 1], [2, 2], [0.5, 3]]}, "in whole pixels"),
        ({"polygon": [[1, 1], [2, 2], [90000, 3]]}, "lies beyond"),
        ({"polygon": TRIANGLE, "box": [0, 0, 5, 5]}, "a box or a polygon, not both"),
        ({"polygon": TRIANGLE, "softness": 500}, "0 to 400 pixels wide"),
        ({"softness": 5}, "needs a box or a polygon"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(values: dict, words: str) -> None:
    with pytest.raises(StageError, match=words):
        GRADE.parse({"corrections": [correction(**values)]})


def test_full_range_and_limited_range_meet_the_same_light() -> None:
    """A power of light is one of light, whatever codes hold it."""
    limited = clip_of(moving(1), "yuv444p")
    limited.format = replace(limited.format, colour_range="limited")
    grey = limited.pictures[0].planes[0].astype(float)
    made, _ = run_stage(GRADE, limited, corrections=[correction(power=[1.5] * 3)])
    dark = (grey < 60) & (grey > 20)
    light = np.clip((grey[dark] - 16) / 219, 0, 1)
    found = (made[0].picture.planes[0][dark].astype(float) - 16) / 219
    assert np.abs(found.mean() - (light**1.5).mean()) < 0.02


@pytest.mark.parametrize("name", ["gray", "gray10le", "gbrp"])
@pytest.mark.parametrize("told", ["limited", "full", "unknown"])
def test_grey_and_rgb_meet_the_light_of_their_range(name: str, told: str) -> None:
    clip = clip_of(moving(1), name)
    clip.format = replace(clip.format, colour_range=told)
    unit = 1 << (clip.format.pixel.bits - 8)
    low, span = (16 * unit, 219 * unit) if told == "limited" else (0, clip.format.pixel.peak)
    cdl = from_wheels((0.05,) * 3, (1.4,) * 3, (0.9,) * 3)
    made, _ = run_stage(GRADE, clip, corrections=[correction(**cdl.as_json())])
    for before, after in zip(clip.pictures[0].planes, made[0].picture.planes, strict=True):
        wanted = low + span * as_written((before.astype(float) - low) / span, cdl, 0)
        assert np.abs(after - wanted).max() <= 0.55


@pytest.mark.parametrize(
    ("matrix", "red", "blue"), [("bt709", 0.2126, 0.0722), ("smpte170m", 0.299, 0.114)]
)
@pytest.mark.parametrize("full", [True, False])
def test_yuv_codes_follow_the_formula_by_way_of_rgb(
    matrix: str, red: float, blue: float, full: bool
) -> None:
    clip = clip_of(moving(1), "yuv444p")
    clip.format = replace(clip.format, matrix=matrix, colour_range="full" if full else "limited")
    cdl = Cdl.parse(WARM)
    made, _ = run_stage(GRADE, clip, corrections=[correction(**WARM)])
    low, span, wide = (0, 255, 255) if full else (16, 219, 224)
    y, cb, cr = (plane.astype(float) for plane in clip.pictures[0].planes)
    y, cb, cr = (y - low) / span, (cb - 128) / wide, (cr - 128) / wide
    green = 1 - red - blue
    channels = [
        y + 2 * (1 - red) * cr,
        y - (2 * blue * (1 - blue) * cb + 2 * red * (1 - red) * cr) / green,
        y + 2 * (1 - blue) * cb,
    ]
    channels = [as_written(codes, cdl, channel) for channel, codes in enumerate(channels)]
    luma = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))
    channels = [np.clip(luma + cdl.saturation * (codes - luma), 0, 1) for codes in channels]
    y = red * channels[0] + green * channels[1] + blue * channels[2]
    wanted = [
        low + span * y,
        128 + wide * (channels[2] - y) / (2 * (1 - blue)),
        128 + wide * (channels[0] - y) / (2 * (1 - red)),
    ]
    for plane, codes in zip(made[0].picture.planes, wanted, strict=True):
        off = plane.astype(float) - np.clip(codes, 0, 255)
        assert np.abs(off).max() <= 0.55
