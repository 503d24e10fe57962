"""Repair removes what is in one frame only, says where it took it from, and touches no more."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restoration.imaging.flow_cells import CellEstimator
from restoration.provenance import Label
from restoration.stages import REPAIR
from restoration.stages.repair.choosing import Neighbour, choose_sources
from restoration.stages.repair.parts import Parts
from restoration.stages.repair.samples import align_to_chroma
from restoration.stages.repair.stage import Params, repair_frames
from restoration.stages.repair.views import Surroundings
from restoration.stages.segments import Segment
from tests.restoration.stages.films import FORMATS, blot, clip_of, moving, problems, run_stage

SPOT = (60, 80, 5)


def _spoiled(count: int = 7, at: int = 3) -> list:
    lights = moving(count)
    lights[at] = blot(lights[at], *SPOT, 1.0)
    return lights


@pytest.mark.parametrize("name", FORMATS)
def test_it_fills_a_blotch_from_a_neighbour_and_passes_the_gate(name: str) -> None:
    clip, clean = clip_of(_spoiled(), name), clip_of(moving(7), name)
    made, facts = run_stage(REPAIR, clip)
    assert problems(clip, made) == []
    y, x, size = SPOT
    box = (slice(y - size, y + size + 1), slice(x - size, x + size + 1))
    assert (made[3].structure[box] == Label.RECOVERED).mean() > 0.6
    before = np.abs(clip.pictures[3].planes[0][box].astype(int) - clean.pictures[3].planes[0][box])
    after = np.abs(made[3].picture.planes[0][box].astype(int) - clean.pictures[3].planes[0][box])
    assert after.mean() < 0.12 * before.mean()
    assert facts["frames"][3]["recovered"] > 40


@pytest.mark.parametrize("name", FORMATS)
def test_it_leaves_every_pixel_outside_its_labels_bit_identical(name: str) -> None:
    clip = clip_of(_spoiled(), name)
    made, _ = run_stage(REPAIR, clip)
    for before, frame in zip(clip.pictures, made, strict=True):
        untouched = frame.structure == Label.ORIGINAL
        assert np.array_equal(before.planes[0][untouched], frame.picture.planes[0][untouched])
    far = made[3].structure[:, :40]
    assert not far.any()


@pytest.mark.parametrize(("seed", "step"), [(1, 1.5), (2, 1.5), (3, 2.0), (2, 0.7), (3, 2.5)])
def test_it_leaves_a_clean_clip_alone(seed: int, step: float) -> None:
    clip = clip_of(moving(8, seed=seed, step=step))
    made, _ = run_stage(REPAIR, clip)
    assert all(a.same_codes(b.picture) for a, b in zip(clip.pictures, made, strict=True))


def test_it_keeps_a_small_thing_that_moves() -> None:
    lights = [
        blot(light, 30 + 4 * number, 30 + 9 * number, 4, 0.95)
        for number, light in enumerate(moving(8))
    ]
    made, _ = run_stage(REPAIR, clip_of(lights))
    for number, frame in enumerate(made):
        y, x = 30 + 4 * number, 30 + 9 * number
        ball = frame.structure[y - 5 : y + 6, x - 5 : x + 6]
        assert not ball.any(), f"the ball of frame {number} was taken for dirt"


def test_it_gives_the_same_values_in_parts_as_in_one_piece() -> None:
    lights = moving(11)
    for number in (0, 3, 4, 5, 10):
        lights[number] = blot(lights[number], 20 + 8 * number, 40 + 9 * number, 4, 0.0)
    clip = clip_of(lights, "yuv420p")
    whole, _ = run_stage(REPAIR, clip)
    for size in (1, 3, 4):
        parts = []
        for start in range(0, 11, size):
            facts: dict = {"frames": [], "frames_not_judged": 0, "not_judged": []}
            parts += repair_frames(
                clip, Params(), lambda done, total: None, facts, start, min(start + size, 11)
            )
        for one, other in zip(whole, parts, strict=True):
            assert one.picture.same_codes(other.picture)
            assert np.array_equal(one.structure, other.structure)
            assert np.array_equal(one.colour, other.colour)


def test_it_gives_the_same_values_with_any_number_of_threads() -> None:
    clip = clip_of(_spoiled())
    cv2.setNumThreads(4)
    many, _ = run_stage(REPAIR, clip)
    cv2.setNumThreads(1)
    one, _ = run_stage(REPAIR, clip)
    assert all(a.picture.same_codes(b.picture) for a, b in zip(many, one, strict=True))


def test_it_takes_nothing_from_beyond_a_mark() -> None:
    lights = _spoiled()
    clip = clip_of(lights, marks=(3, 4))
    made, _ = run_stage(REPAIR, clip)
    assert made[3].sources is None
    clip = clip_of(lights, marks=(4,))
    made, _ = run_stage(REPAIR, clip)
    for number, frame in enumerate(made):
        if frame.sources is not None:
            reached = number + frame.sources.offset
            assert ((reached < 4) == (number < 4)).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_it_works_on_the_shortest_clips(count: int) -> None:
    lights = moving(count)
    lights[0] = blot(lights[0], *SPOT, 1.0)
    clip = clip_of(lights)
    made, facts = run_stage(REPAIR, clip)
    assert len(made) == count == len(facts["frames"])
    assert problems(clip, made) == []


def test_it_does_not_copy_from_a_neighbour_that_is_damaged_there_too() -> None:
    lights = moving(7, step=0.0)
    lights[3] = blot(lights[3], *SPOT, 1.0)
    lights[2] = blot(lights[2], 60, 84, 5, 0.0)
    clip = clip_of(lights)
    made, _ = run_stage(REPAIR, clip)
    assert problems(clip, made) == []
    y, x, size = SPOT
    values = made[3].picture.planes[0][y - size : y + size, x - size : x + size]
    assert values.min() > 10 and values.max() < 250


def test_it_counts_frames_too_dark_to_judge() -> None:
    made, facts = run_stage(REPAIR, clip_of([light * 0.01 for light in moving(4)]))
    assert facts["frames_not_judged"] == 4
    assert not any(frame.structure.any() for frame in made)


def test_a_scratch_that_stays_while_the_scene_moves_is_repaired() -> None:
    lights = moving(7, step=4.0)
    for light in lights:
        light[:, 79:81] = np.clip(light[:, 79:81] + 0.35, 0, 1)
    clip = clip_of(lights)
    made, _ = run_stage(REPAIR, clip)
    assert problems(clip, made) == []
    assert (made[3].structure[:, 79:81] != 0).mean() > 0.8
    assert not made[3].structure[:, :70].any()


def test_a_pole_that_stands_in_the_scene_is_kept() -> None:
    wide = moving(1, step=0.0)[0]
    wide[14:, 79:82] = 0.95
    made, _ = run_stage(REPAIR, clip_of([wide.copy() for _ in range(6)]))
    assert not any(frame.structure.any() for frame in made)


def test_a_mask_covers_whole_chroma_samples() -> None:
    pixel = clip_of(moving(1), "yuv420p").format.pixel
    mask = np.zeros((7, 9), bool)
    mask[3, 5] = mask[6, 8] = True
    grown = align_to_chroma(mask, pixel)
    assert grown[2:4, 4:6].all() and grown[6, 8] and grown.sum() == 5


def test_progress_is_told_once_a_frame() -> None:
    clip = clip_of(moving(4))
    told: list[tuple[int, int]] = []
    outcome = REPAIR.run(clip, Params(), lambda done, total: told.append((done, total)))
    list(outcome.frames)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_grain_beside_a_defect_that_does_not_touch_it_stays_as_the_scan_has_it() -> None:
    lights = moving(7, step=2.0)
    lights[3] = blot(lights[3], *SPOT, 1.0)
    y, x, size = SPOT
    grain = (y, x + size + 3)
    lights[3][grain] += 4 / 255
    made, _ = run_stage(REPAIR, clip_of(lights), grow=5)
    assert made[3].structure[y, x] == Label.RECOVERED
    assert made[3].structure[grain] == Label.ORIGINAL


def test_a_speck_in_the_neighbour_costs_a_blotch_only_the_part_that_it_hides() -> None:
    around = Surroundings(clip_of(moving(4, step=2.0)), Segment(0, 4), 0, CellEstimator())
    here, motion = around.view(1), around.motion(1, 1)
    mask = np.zeros(here.full.shape, bool)
    box = (slice(50, 74), slice(70, 94))
    mask[box] = True
    speck = np.zeros(mask.shape, bool)
    speck[55, 76 + 2] = True
    neighbours = [Neighbour(around.view(2), motion, speck)]
    made = choose_sources(here.full, Parts.of(mask.view(np.uint8)), neighbours)
    size = (made.boxes[:, 1] - made.boxes[:, 0]) * (made.boxes[:, 3] - made.boxes[:, 2])
    assert len(size) > 1 and size.sum() == mask.sum()
    assert size[made.sources[:, 0] < 0].sum() <= mask.sum() / 4


@pytest.mark.parametrize("start", range(48, 56))
def test_a_piece_that_is_cut_cuts_no_chroma_sample(start: int) -> None:
    around = Surroundings(clip_of(moving(4, step=2.0)), Segment(0, 4), 0, CellEstimator())
    here, motion = around.view(1), around.motion(1, 1)
    mask = np.zeros(here.full.shape, bool)
    box = (slice(start, start + 22), slice(start + 20, start + 42))
    mask[box] = True
    neighbours = [Neighbour(around.view(2), motion, np.ones(mask.shape, bool))]
    made = choose_sources(here.full, Parts.of(mask.view(np.uint8)), neighbours)
    assert (made.sources[:, 0] < 0).all()
    edges = set(made.boxes[:, [0, 2]].ravel().tolist()) - {start, start + 20}
    assert edges
    assert not any(edge % 4 for edge in edges)
