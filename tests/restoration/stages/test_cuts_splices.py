"""Where frames are missing inside a shot there is a mark, which later stages do not look across."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restoration.cutting import splice_frames
from restoration.stages import CUTS, DEFLICKER, REPAIR
from tests.restoration.stages.films import HEIGHT, WIDTH, Light, blot, clip_of, moving, run_stage


def _splices(lights: list[Light]) -> list[int]:
    _, facts = run_stage(CUTS, clip_of(lights), network=False)
    assert facts["cuts"] == []
    return [mark["frame"] for mark in facts["marks"] if mark["kind"] == "splice"]


def _walker(count: int, *, pace: float = 1.5, still: Light | None = None) -> list[Light]:
    """Somebody walks across a scene that stands."""
    scene = moving(1, seed=4)[0] if still is None else still
    figure = cv2.GaussianBlur(np.random.default_rng(7).random((70, 30)), (0, 0), 3)
    figure = (figure - figure.min()) / np.ptp(figure)
    lights = []
    for n in range(count):
        light = scene.copy()
        left = int(8 + pace * n)
        light[30:100, left : left + 30] = figure[:, : max(0, WIDTH - left)]
        lights.append(light)
    return lights


def _woven(lights: list[Light], size: float) -> list[Light]:
    rng = np.random.default_rng(5)
    places = [np.float32([[1, 0, x], [0, 1, y]]) for x, y in rng.normal(0, size, (len(lights), 2))]
    edge = cv2.BORDER_REPLICATE
    return [
        cv2.warpAffine(light, place, (WIDTH, HEIGHT), borderMode=edge)
        for light, place in zip(lights, places, strict=True)
    ]


def _without(lights: list[Light], first: int, count: int) -> list[Light]:
    return lights[:first] + lights[first + count :]


@pytest.mark.parametrize("missing", [3, 6, 12])
def test_a_walk_that_lacks_frames_is_marked_where_it_jumps(missing: int) -> None:
    assert _splices(_without(_walker(60), 24, missing)) == [24]


@pytest.mark.parametrize("missing", [3, 16])
def test_a_pan_that_lacks_frames_is_marked_and_no_cut(missing: int) -> None:
    assert _splices(_without(moving(70, seed=6, step=2.0), 24, missing)) == [24]


def test_a_splice_is_found_though_the_gate_weaves() -> None:
    assert _splices(_woven(_without(_walker(60), 24, 10), 0.6)) == [24]


def test_a_splice_is_found_though_the_frame_at_the_joint_glares() -> None:
    lights = _without(_walker(60), 24, 10)
    lights[24] = np.clip(lights[24] * 1.7 + 0.1, 0, 1)
    assert _splices(lights) == [24]


@pytest.mark.parametrize("foreign", [0.02, 0.99])
def test_a_foreign_frame_in_a_walk_is_no_splice(foreign: float) -> None:
    lights = _walker(60)
    lights[24] = np.full((HEIGHT, WIDTH), foreign)
    assert _splices(lights) == []


def test_neither_weave_nor_drawings_that_are_held_are_splices() -> None:
    walk = _walker(60)
    assert _splices(_woven(walk, 0.8)) == []
    assert _splices([walk[n - n % 2] for n in range(60)]) == []
    held = np.repeat(np.arange(60), np.random.default_rng(2).integers(1, 5, 60))[:60]
    assert _splices([walk[n] for n in held]) == []


@pytest.mark.parametrize("missing", [8])
def test_a_joint_of_drawings_that_are_held_for_two_frames_is_found(missing: int) -> None:
    drawn = [light for light in _walker(60)[::2] for _ in range(2)]
    assert _splices(_without(drawn, 24, missing)) == [24]


def test_whoever_sets_out_to_walk_is_no_splice() -> None:
    walk = _walker(40)
    assert _splices([walk[0]] * 20 + walk) == []


def test_where_nothing_moves_no_splice_can_be_seen() -> None:
    lights = moving(60, seed=4, step=0.0)
    assert _splices(_without(lights, 24, 10)) == []


def test_what_is_marked_is_not_looked_across() -> None:
    lights = _without(_walker(50, pace=1.2), 20, 8)
    lights[20] = blot(lights[20], 60, 80, 5, 1.0)
    _, facts = run_stage(CUTS, clip_of(lights), network=False)
    marks = splice_frames(facts["marks"])
    assert marks == (20,)
    # The frames around: repair reaches no farther, and all of them would take four times as long.
    made, _ = run_stage(REPAIR, clip_of(lights[15:25], marks=(5,)))
    copied = [(number, frame) for number, frame in enumerate(made) if frame.sources is not None]
    assert any(number in range(1, 9) for number, _ in copied), "the blotch was repaired"
    for number, frame in copied:
        assert ((number + frame.sources.offset < 5) == (number < 5)).all()


def test_light_is_not_evened_out_over_a_splice_that_was_found() -> None:
    lights = _without(_walker(50, pace=1.2), 20, 8)
    lights = [light * (0.5 if n < 20 else 1.0) for n, light in enumerate(lights)]
    _, facts = run_stage(CUTS, clip_of(lights), network=False)
    marks = splice_frames(facts["marks"])
    assert marks == (20,)
    made, _ = run_stage(DEFLICKER, clip_of(lights, marks=marks))
    assert not any(frame.structure.any() for frame in made)
