"""Cuts are found whatever the light does; flashes, dirt and moving cameras are not cuts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from archive.media.pixels import Picture
from restoration.stages import CUTS
from tests.restoration.stages.films import clip_of, moving, run_stage

LENGTHS = (30, 40, 26)
TRUE_CUTS = [30, 70]


def _reel() -> list:
    return [
        light
        for seed, length in zip((1, 2, 3), LENGTHS, strict=True)
        for light in moving(length, seed=seed, step=0.8)
    ]


def _facts(lights: list, **params: object) -> dict:
    """Without the network unless asked: what holds without it holds on machines that lack it."""
    made, facts = run_stage(CUTS, clip_of(lights), **({"network": False} | params))
    assert made == []
    return facts


def _flicker(lights: list, seed: int) -> list:
    rng = np.random.default_rng(seed)
    return [np.clip(light * rng.uniform(0.7, 1.3), 0, 1) for light in lights]


@pytest.mark.parametrize("name", ["gray", "yuv420p", "gbrp16le"])
def test_it_names_the_first_frame_of_each_new_scene(name: str) -> None:
    _, facts = run_stage(CUTS, clip_of(_reel(), name), network=False)
    assert facts["cuts"] == TRUE_CUTS
    assert facts["gradual"] == []
    assert len(facts["confidence"]) == 2 and min(facts["confidence"]) > 0.6


def test_every_frame_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = clip_of(moving(40, seed=1))
    decode, decoded = clip.frames, list[int]()

    def counted(start: int, stop: int) -> Iterator[Picture]:
        for number, picture in enumerate(decode(start, stop), start):
            decoded.append(number)
            yield picture

    monkeypatch.setattr(clip, "frames", counted)
    run_stage(CUTS, clip, network=False)
    assert decoded == list(range(40))


@pytest.mark.parametrize("seed", [1, 2])
def test_flicker_neither_hides_cuts_nor_makes_them(seed: int) -> None:
    assert _facts(_flicker(_reel(), seed))["cuts"] == TRUE_CUTS


@pytest.mark.parametrize(
    ("foreign", "kind"),
    [(np.full((120, 160), 0.02), "black"), (np.full((120, 160), 0.99), "white")],
)
def test_a_blank_frame_is_a_mark_and_no_cut(foreign: np.ndarray, kind: str) -> None:
    lights = _reel()
    lights[50] = foreign
    facts = _facts(lights)
    assert facts["cuts"] == TRUE_CUTS
    assert [(mark["frame"], mark["kind"]) for mark in facts["marks"]] == [(50, kind)]


def test_a_flash_of_light_is_a_mark_and_no_cut() -> None:
    lights = _reel()
    lights[50] = np.clip(lights[50] * 1.7 + 0.1, 0, 1)
    facts = _facts(lights)
    assert facts["cuts"] == TRUE_CUTS
    assert [(mark["frame"], mark["kind"]) for mark in facts["marks"]] == [(50, "flash")]


def test_a_foreign_frame_beside_a_cut_leaves_the_cut_where_it_is() -> None:
    lights = _reel()
    lights[32] = moving(1, seed=9)[0]
    assert _facts(lights)["cuts"] == TRUE_CUTS


@pytest.mark.parametrize("flickering", [False, True])
def test_a_dissolve_is_one_cut_at_its_middle(flickering: bool) -> None:
    first, second = moving(50, seed=1, step=0.3), moving(50, seed=2, step=0.3)
    shares = np.clip((np.arange(50) - 17) / 16, 0, 1)
    lights = [
        (1 - share) * a + share * b for a, b, share in zip(first, second, shares, strict=True)
    ]
    if flickering:
        rng = np.random.default_rng(4)
        lights = [np.clip(light * rng.uniform(0.9, 1.1), 0, 1) for light in lights]
    facts = _facts(lights)
    assert len(facts["cuts"]) == 1 and abs(facts["cuts"][0] - 25) <= 2
    [(start, end)] = facts["gradual"]
    assert abs(start - 17) <= 3 and abs(end - 33) <= 3
    assert _facts(lights, dissolves=False)["cuts"] == []


@pytest.mark.parametrize("blank", [0, 1])
def test_a_dissolve_close_to_blank_frames_is_no_error(blank: int) -> None:
    first, second = moving(40, seed=1, step=0.3), moving(40, seed=2, step=0.3)
    shares = np.clip((np.arange(40) - 14) / 12, 0, 1)
    lights = [
        (1 - share) * a + share * b for a, b, share in zip(first, second, shares, strict=True)
    ]
    black = [np.full_like(lights[0], 0.02)] * 20
    facts = _facts([*black, *lights[12:28], *black] if blank else [*lights[12:28], *black])
    assert facts["gradual"]


def test_a_fade_through_black_is_one_cut() -> None:
    first, second = moving(30, seed=1, step=0.3), moving(30, seed=2, step=0.3)
    down = [light * share for light, share in zip(first[20:], np.linspace(1, 0, 10), strict=True)]
    up = [light * share for light, share in zip(second[:10], np.linspace(0, 1, 10), strict=True)]
    facts = _facts(first[:20] + down + up + second[10:])
    assert len(facts["cuts"]) == 1 and abs(facts["cuts"][0] - 30) <= 3
    assert len(facts["gradual"]) == 1


def test_a_fast_pan_is_no_cut() -> None:
    facts = _facts(moving(50, seed=5, step=6.0))
    assert facts["cuts"] == [] and facts["gradual"] == []


def test_a_repeated_frame_is_marked() -> None:
    lights = moving(30, step=2.0)
    lights[12] = lights[11]
    facts = _facts(lights)
    assert [(m["frame"], m["kind"]) for m in facts["marks"]] == [(12, "duplicate")]


def test_a_splice_inside_a_shot_is_marked() -> None:
    lights = moving(60, seed=6, step=0.5)
    spliced = lights[:24] + lights[40:]
    facts = _facts(spliced)
    assert facts["cuts"] == []
    assert [(m["frame"], m["kind"]) for m in facts["marks"]] == [(24, "splice")]


def test_frames_are_numbered_as_in_the_scan() -> None:
    clip = clip_of(_reel())
    clip.start_frame = 10
    _, facts = run_stage(CUTS, clip, network=False)
    assert facts["cuts"] == TRUE_CUTS


@pytest.mark.parametrize("count", [1, 2, 3])
def test_it_works_on_the_shortest_clips(count: int) -> None:
    assert _facts(moving(count))["cuts"] == []
    assert _facts(moving(count), network=True)["cuts"] == []
