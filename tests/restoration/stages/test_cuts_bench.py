"""The bench of cuts counts rightly, and its damage is what it says, where it says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from restoration.stages.cuts import bench_damage
from restoration.stages.cuts.bench_bars import hold_against_bars
from restoration.stages.cuts.bench_peers import find_peers
from restoration.stages.cuts.bench_reels import Reel, Splicer, Truth, title_card
from restoration.stages.cuts.bench_scoring import (
    calibrate,
    score_cuts,
    score_marks,
    score_spans,
    score_titles,
    total,
    total_marks,
)
from restoration.stages.cuts.bench_shots import HEIGHT, WIDTH

CUTS = (60, 120)


def shot(seed: int, count: int, *, colour: bool = False) -> list[np.ndarray]:
    """A textured picture that travels sideways by a pixel and a half a frame."""
    rng = np.random.default_rng(seed)
    shape = (HEIGHT, WIDTH + 2 * count, 3) if colour else (HEIGHT, WIDTH + 2 * count)
    wide = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), 6)
    wide = np.clip(120 + 45 * wide / wide.std(), 30, 210).astype(np.uint8)
    shifts = [np.float32([[1, 0, -1.5 * n], [0, 1, 0]]) for n in range(count)]
    return [cv2.warpAffine(wide, shift, (WIDTH, HEIGHT)) for shift in shifts]


def reel(*, colour: bool = False, length: int = 60) -> Reel:
    """Three shots of equal length."""
    splicer = Splicer()
    for seed in (1, 2, 3):
        splicer.cut(shot(seed, length, colour=colour))
    return Reel("made", "mixed", True, 18, splicer.frames, splicer.truth())


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(cv2.absdiff(first, second).mean())


# --- scoring


def test_a_cut_counts_as_found_within_two_frames_and_once() -> None:
    row = score_cuts([58, 61, 123], Truth(cuts=CUTS))
    assert (row["hard_found"], row["false"]) == (1, 2)
    assert row["missed_at"] == [120] and row["false_at"] == [58, 123]


def test_the_nearest_of_two_cuts_is_the_one_that_is_meant() -> None:
    row = score_cuts([10, 12], Truth(cuts=(11, 13)))
    assert (row["hard_found"], row["false"]) == (2, 0)


def test_a_gradual_change_is_found_by_one_cut_inside_and_a_second_is_false() -> None:
    truth = Truth(gradual=((40, 56, "dissolve"), (90, 99, "fade")))
    row = score_cuts([41, 50, 102], truth)
    assert (row["gradual_found"], row["gradual_true"], row["false"]) == (1, 2, 2)
    assert row["missed_gradual"] == [[90, 99]]


def test_spans_are_scored_by_what_they_share() -> None:
    truth = Truth(gradual=((10, 19, "dissolve"), (50, 59, "fade")))
    assert score_spans([[10, 14], [100, 110]], truth) == [0.5, 0.0]


def test_marks_are_scored_by_kind_and_not_where_nothing_can_be_said() -> None:
    truth = Truth(cuts=(90,), marks=((20, "white"), (40, "splice")), unjudged=frozenset({60}))
    found = [
        {"frame": 20, "kind": "flash"},
        {"frame": 40, "kind": "black"},
        {"frame": 61, "kind": "duplicate"},
        {"frame": 91, "kind": "splice"},
    ]
    rows = total_marks([score_marks(found, truth)])
    assert rows["flash"] | {"precision": 1.0} == rows["flash"]
    assert (rows["splice"]["found"], rows["splice"]["true"], rows["splice"]["false"]) == (0, 1, 0)
    assert rows["black"]["false"] == 1 and rows["duplicate"]["false"] == 0


def test_an_intertitle_is_found_by_more_than_half() -> None:
    truth = Truth(intertitles=((0, 40), (100, 140)))
    row = score_titles([(0, 30), (100, 110), (200, 240)], truth)
    assert row == {"found": 1, "true": 2, "false": 1}


def test_totals_are_sums_and_ratios_of_them() -> None:
    rows = [
        (score_cuts([60], Truth(cuts=CUTS)), 500),
        (score_cuts([45, 300], Truth(gradual=((40, 50, "fade"),))), 500),
    ]
    summed = total(rows)
    assert summed["recall"] == pytest.approx(2 / 3)
    assert summed["precision"] == pytest.approx(2 / 3)
    assert summed["f1"] == pytest.approx(2 / 3)
    assert summed["false_per_1000_frames"] == 1.0


def test_confidence_is_good_if_the_doubtful_cuts_are_the_wrong_ones() -> None:
    good = calibrate([(0.95, True)] * 8 + [(0.3, False)] * 2)
    bad = calibrate([(0.95, False)] * 2 + [(0.3, True)] * 8)
    assert good["auroc"] == 1.0 and bad["auroc"] == 0.0
    assert (good["wrong_among_the_doubtful_fifth"], bad["wrong_among_the_doubtful_fifth"]) == (2, 0)
    assert good["expected_calibration_error"] == pytest.approx(0.8 * 0.05 + 0.2 * 0.3)
    assert calibrate([(0.9, True)])["auroc"] is None


def test_a_bar_is_met_or_said_to_be_missed() -> None:
    row = total([(score_cuts([60], Truth(cuts=CUTS)), 180)])
    kinds = ("clean", "damaged", "flicker", "dissolves", "fades", "flashes", "black frames")
    document = {
        "totals": {"held out": {kind: {"cuts": row} for kind in kinds}},
        "speed": {"times_real_time": 6.0},
    }
    bars = {bar["bar"]: bar["met"] for bar in hold_against_bars(document)}
    assert not bars["F1 on clean reels"] and not bars["recall on damaged reels"]
    assert bars["times real time, 640x480, two cores"]
    assert bars["false cuts per 1,000 frames, damaged"]


# --- reels


def test_a_splicer_writes_down_what_it_joins() -> None:
    splicer = Splicer()
    first, second, third = (shot(seed, 40) for seed in (1, 2, 3))
    splicer.cut(first)
    splicer.cut(second)
    splicer.dissolve(third, 10)
    splicer.fade(shot(4, 30), 6, hold=3, tone=4)
    truth = splicer.truth()
    assert truth.cuts == (40,)
    assert truth.gradual == ((70, 79, "dissolve"), (104, 118, "fade"))
    assert len(splicer.frames) == 40 + 40 + 30 + 3 + 30
    mixed = (second[34].astype(float) + third[4]) / 2
    assert np.abs(splicer.frames[74] - mixed).mean() < 6
    assert np.array_equal(splicer.frames[80], third[10])
    assert float(splicer.frames[111].mean()) == 4.0
    assert np.array_equal(splicer.frames[119], shot(4, 30)[6])


def test_a_fade_that_returns_to_its_scene_is_no_change() -> None:
    splicer = Splicer()
    whole = shot(1, 60)
    splicer.cut(whole[:30])
    splicer.fade(whole[30:], 8, hold=4, tone=250, same=True)
    assert splicer.truth().gradual == () and splicer.truth().cuts == ()
    assert float(splicer.frames[31].mean()) == 250.0


def test_a_reel_becomes_a_clip_of_its_own_rate() -> None:
    grey, colour = reel().clip(), reel(colour=True).clip()
    assert grey.format.rate == 18 and grey.format.pixel.name == "gray"
    assert colour.format.pixel.name == "yuv420p" and len(colour.pictures) == 180
    assert colour.pictures[0].planes[1].shape == (HEIGHT // 2, WIDTH // 2)


def test_a_title_card_is_dark_with_light_writing() -> None:
    card = title_card(1, 3, rng())[0]
    assert np.median(card) < 30 and 0.005 < (card > 150).mean() < 0.2


# --- damage


@pytest.mark.parametrize("colour", [False, True])
def test_flicker_keeps_to_its_depth(colour: bool) -> None:
    clean = reel(colour=colour)
    spoiled = bench_damage.even_flicker(clean, rng())
    gains = [
        float(made.mean() / frame.mean())
        for made, frame in zip(spoiled.frames, clean.frames, strict=True)
    ]
    assert 0.68 < min(gains) < 0.75 and 1.2 < max(gains) < 1.32
    assert spoiled.truth == clean.truth


def test_uneven_flicker_differs_over_the_frame() -> None:
    clean = reel()
    spoiled = bench_damage.uneven_flicker(clean, rng())
    left = [m[:, :64].mean() / c[:, :64].mean() for m, c in _pairs(spoiled, clean)]
    right = [m[:, -64:].mean() / c[:, -64:].mean() for m, c in _pairs(spoiled, clean)]
    assert np.abs(np.array(left) - right).max() > 0.2


def test_flashes_and_black_frames_are_marked_where_they_are() -> None:
    clean = reel()
    bright = bench_damage.flashes(clean, rng())
    assert {kind for _, kind in bright.truth.marks} <= {"flash", "white"} and bright.truth.marks
    for n, (made, frame) in enumerate(_pairs(bright, clean)):
        marked = n in {frame for frame, _ in bright.truth.marks}
        assert marked == (distance(made, frame) > 10) and made.mean() >= frame.mean()
    dark = bench_damage.black_frames(clean, rng())
    assert [n for n, frame in enumerate(dark.frames) if frame.std() == 0] == [
        n for n, kind in dark.truth.marks if kind == "black"
    ]


def test_dirt_hides_a_little_and_marks_nothing(tmp_path: Path) -> None:
    _draw_shapes(tmp_path)
    clean = reel(colour=True, length=20)
    spoiled = bench_damage.dirt(tmp_path)(clean, rng())
    changed = np.mean([np.mean(cv2.absdiff(m, c) > 25) for m, c in _pairs(spoiled, clean)])
    assert 0.001 < changed < 0.2
    assert spoiled.truth == clean.truth


def test_weave_moves_the_picture_and_nothing_else() -> None:
    clean = reel()
    spoiled = bench_damage.weave(clean, rng())
    moved = [cv2.phaseCorrelate(np.float64(c), np.float64(m))[0] for m, c in _pairs(spoiled, clean)]
    assert 1.0 < np.std([shift[0] for shift in moved]) < 6.0


def test_a_splice_loses_frames_inside_a_shot_and_moves_the_truth_along() -> None:
    clean = reel()
    spliced = bench_damage.splices(clean, rng())
    lost = len(clean.frames) - len(spliced.frames)
    joints = [n for n, kind in spliced.truth.marks if kind == "splice"]
    assert lost >= 2 and joints
    for cut, true in zip(spliced.truth.cuts, CUTS, strict=True):
        assert np.array_equal(spliced.frames[cut], clean.frames[true])
    for n in joints:
        usual = distance(spliced.frames[n - 2], spliced.frames[n - 1])
        assert distance(spliced.frames[n - 1], spliced.frames[n]) > 1.5 * usual


def test_a_splice_where_nothing_moves_counts_neither_way() -> None:
    still = shot(1, 1)[0]
    clean = Reel("still", "mixed", True, 18, [still] * 180, Truth())
    spliced = bench_damage.splices(clean, rng())
    assert len(spliced.frames) < 180
    assert spliced.truth.marks == () and spliced.truth.unjudged


def test_a_splice_that_flashes_glares_at_the_joint() -> None:
    dull, bright = (
        bench_damage.splices(reel(), rng()),
        bench_damage.splices(reel(), rng(), flash=True),
    )
    for n in [n for n, _ in dull.truth.marks]:
        assert bright.frames[n].mean() > dull.frames[n].mean() + 30


def test_a_duplicate_equals_the_frame_before_it() -> None:
    doubled = bench_damage.duplicates(reel(), rng())
    marks = [n for n, kind in doubled.truth.marks if kind == "duplicate"]
    same = [
        n
        for n in range(1, len(doubled.frames))
        if np.array_equal(doubled.frames[n - 1], doubled.frames[n])
    ]
    assert marks and marks == same
    assert all(
        distance(doubled.frames[cut - 1], doubled.frames[cut]) > 20 for cut in doubled.truth.cuts
    )


@pytest.mark.slow
def test_equal_seeds_spoil_equally_and_every_kind_runs(tmp_path: Path) -> None:
    _draw_shapes(tmp_path)
    clean = reel(length=45)
    for kind, damage in bench_damage.all_kinds(tmp_path).items():
        one, other = (bench_damage.spoil(clean, kind, damage, seed=3) for _ in range(2))
        assert one.kind == kind and one.truth == other.truth
        assert all(np.array_equal(a, b) for a, b in _pairs(one, other))
        assert not all(np.array_equal(a, b) for a, b in zip(one.frames, clean.frames, strict=False))


def test_the_peers_find_a_plain_cut() -> None:
    peers = find_peers(network=False)
    frames = [np.full((HEIGHT, WIDTH), 40 + 160 * (n >= 40), np.uint8) for n in range(80)]
    clip = Reel("steps", "mixed", True, 18, frames, Truth(cuts=(40,))).clip()
    assert peers["ContentDetector"](clip) == [40]
    assert peers["no cuts"](clip) == []


def _pairs(one: Reel, other: Reel) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(one.frames, other.frames, strict=True))


def _draw_shapes(folder: Path) -> None:
    """One shape of each kind, as the damage simulator stores them: in the alpha channel."""
    from restoration.stages.material import SHAPES

    for number, kind in enumerate(SHAPES):
        shape = np.zeros((120, 120, 4), np.uint8)
        cv2.circle(shape, (60, 60), 20 + 5 * number, (0, 0, 0, 255), -1)
        (folder / kind).mkdir()
        cv2.imwrite(str(folder / kind / f"{kind}-001.png"), shape)
