"""What a person protected or took back stays as the scan has it, and what cannot be judged too."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.stages import REPAIR
from restoration.stages.contract import StageError
from restoration.stages.repair.regions import Region, spare
from tests.restoration.stages.films import (
    FORMATS,
    WIDTH,
    blot,
    clip_of,
    moving,
    problems,
    run_stage,
)

LEFT, RIGHT = (60, 40, 5), (60, 110, 5)
"""Row, column and radius of two blotches in frame 3."""
AT = 3


@pytest.fixture(scope="module")
def lights() -> list:
    lights = moving(7)
    for spot, tone in ((LEFT, 1.0), (RIGHT, 0.0)):
        lights[AT] = blot(lights[AT], *spot, tone)
    return lights


def around(spot: tuple[int, int, int], *, frames: tuple[int, int] = (AT, AT + 1), more: int = 3):
    y, x, size = spot
    reach = size + more
    corners = [(x - reach, y - reach), (x + reach, y - reach)]
    corners += [(x + reach, y + reach), (x - reach, y + reach)]
    return Region(*frames, tuple(corners)).as_json()


def changed(frame, spot: tuple[int, int, int]) -> int:
    y, x, size = spot
    box = (slice(y - size - 1, y + size + 2), slice(x - size - 1, x + size + 2))
    return int(np.count_nonzero(frame.structure[box] | frame.colour[box]))


def test_both_blotches_are_repaired_when_nobody_objects(lights) -> None:
    made, _ = run_stage(REPAIR, clip_of(lights))
    assert changed(made[AT], LEFT) > 40
    assert changed(made[AT], RIGHT) > 40


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_inside_a_protected_region_changes_by_one_code(lights, name) -> None:
    clip = clip_of(lights, name)
    region = {"frames": [0, 7], "polygon": [[0, 0], [74, 0], [61, 119], [0, 119]]}
    made, _ = run_stage(REPAIR, clip, protect=[region])
    assert problems(clip, made) == []
    inside = np.zeros((120, WIDTH), bool)
    inside[:, :62] = True
    for before, frame in zip(clip.pictures, made, strict=True):
        assert not (frame.structure[inside].any() or frame.colour[inside].any())
        for old, new in zip(before.planes, frame.picture.planes, strict=True):
            part = slice(0, 62 * old.shape[1] // WIDTH)
            assert np.array_equal(old[:, part], new[:, part])
    assert changed(made[AT], RIGHT) > 40


def test_a_protected_region_holds_only_in_its_frames(lights) -> None:
    made, _ = run_stage(REPAIR, clip_of(lights), protect=[around(LEFT, frames=(0, AT))])
    assert changed(made[AT], LEFT) > 40


def test_the_part_of_a_blotch_outside_a_protected_region_is_still_repaired(lights) -> None:
    y, x, _ = LEFT
    half = {"frames": [AT, AT + 1], "polygon": [[0, 0], [x, 0], [x, 119], [0, 119]]}
    made, _ = run_stage(REPAIR, clip_of(lights), protect=[half])
    assert not made[AT].structure[:, : x + 1].any()
    assert made[AT].structure[y - 5 : y + 6, x + 1 : x + 7].any()


def test_an_undone_repair_is_left_as_a_whole_and_others_stay(lights) -> None:
    y, x, _ = LEFT
    core = {"frames": [AT, AT + 1], "polygon": [[x - 5, y - 4], [x + 5, y - 4], [x, y + 6]]}
    made, _ = run_stage(REPAIR, clip_of(lights), undone=[core])
    assert changed(made[AT], LEFT) == 0
    assert changed(made[AT], RIGHT) > 40


@pytest.mark.parametrize("name", ["gray", "yuv420p", "gbrp"])
@pytest.mark.parametrize("depth", [0.08, 0.4], ids=["translucent", "opaque"])
def test_a_scratch_stops_at_a_protected_region(name, depth) -> None:
    lights = moving(7, step=4.0)
    for light in lights:
        light[:, 79:81] = np.clip(light[:, 79:81] + depth, 0, 1)
    clip = clip_of(lights, name)
    region = {"frames": [0, 7], "polygon": [[60, 40], [100, 40], [100, 79], [60, 79]]}
    free, _ = run_stage(REPAIR, clip)
    made, _ = run_stage(REPAIR, clip, protect=[region])
    assert problems(clip, made) == []
    assert (free[AT].structure[40:80, 78:82] != 0).any()
    assert not made[AT].structure[40:80, 60:101].any()
    assert not made[AT].colour[40:80, 60:101].any()
    assert np.array_equal(made[AT].structure[90:, 76:84] != 0, free[AT].structure[90:, 76:84] != 0)


def test_an_undone_speck_in_a_large_repair_takes_only_itself_out() -> None:
    mask = np.ones((40, 40), bool)
    speck = [Region(0, 1, ((5, 5), (6, 6)))]
    left = spare(mask, 0, protect=[], undone=speck, pixel=clip_of(moving(1)).format.pixel)
    assert not left[5, 5]
    assert left.sum() > 1500


def test_the_largest_blotch_can_be_set(lights) -> None:
    made, _ = run_stage(REPAIR, clip_of(lights), largest=6.0)
    assert changed(made[AT], LEFT) == changed(made[AT], RIGHT) == 0
    made, _ = run_stage(REPAIR, clip_of(lights), largest=20.0)
    assert changed(made[AT], LEFT) > 40


def test_a_frame_that_nothing_around_it_explains_is_left_and_reported(lights) -> None:
    torn = [light.copy() for light in moving(7)]
    torn[AT] = np.clip(torn[AT][::-1, ::-1] + 0.2, 0, 1)
    clip = clip_of(torn)
    made, facts = run_stage(REPAIR, clip)
    assert clip.pictures[AT].same_codes(made[AT].picture)
    (told,) = facts["not_judged"]
    assert told["frame"] == AT
    assert "differ from both neighbours" in told["why"] or "misses every neighbour" in told["why"]
    assert told["suspect_percent"] > 25 or told["misfit"] > 20
    assert facts["frames_not_judged"] == 1


def test_nothing_is_copied_from_a_frame_that_could_not_be_judged(lights) -> None:
    dark = [light.copy() for light in lights]
    dark[AT + 1] = dark[AT + 1] * 0.01
    made, _ = run_stage(REPAIR, clip_of(dark))
    sources = made[AT].sources
    assert sources is None or not (sources.offset == 1).any()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a", "list of regions"),
        ([{"frames": [0, 1]}], "a region is"),
        ([{"frames": [3, 3], "polygon": [[0, 0]]}], "from first to after last"),
        ([{"frames": [0, 1], "polygon": []}], "corners"),
        ([{"frames": [0, 1], "polygon": [[0.5, 1]]}], "whole numbers"),
        ([{"frames": [0, 1], "polygon": [[10**9, 1]]}], "beyond"),
    ],
)
def test_a_region_that_is_none_is_refused_in_words(value, words) -> None:
    with pytest.raises(StageError, match=words):
        REPAIR.parse({"protect": value})
