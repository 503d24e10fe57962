"""The bench of repair gives the figures that the protocol defines, on frames made in code."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip, Planted
from restoration.stages.repair import bench
from restoration.stages.repair.bench_bars import BARS, judge
from restoration.stages.repair.bench_film import LINES, Run, bench_runs
from restoration.stages.repair.bench_score import Sums, Truth, figures, score_run
from restoration.stages.repair.bench_sheet import Shown, write_sheet
from restoration.stages.repair.peers import PEERS, Around
from tests.restoration.stages.films import moving

SPECK, BLOTCH, FAINT, LINE = (20, 20), (60, 40), (90, 100), 120
KINDS = ("dust", "blotch", "line")


def clip_of_codes(frames: list[np.ndarray]) -> MemoryClip:
    height, width = frames[0].shape
    pixel = PIXEL_FORMATS["gray"]
    form = PictureFormat(width, height, pixel, Fraction(18))
    return MemoryClip([Picture(pixel, (frame,)) for frame in frames], form)


@pytest.fixture(scope="module")
def run() -> Run:
    """Six frames with a speck, a blotch, a faint blotch and a broken line in each."""
    clean = [np.rint(40 + 160 * light).astype(np.uint8) for light in moving(6)]
    spoiled, masks, kinds = [], [], []
    for frame in clean:
        alpha = np.zeros(frame.shape, np.uint8)
        cv2.rectangle(alpha, SPECK, (21, 21), 1, -1)
        cv2.circle(alpha, BLOTCH, 8, 2, -1)
        alpha[:50, LINE] = alpha[60:, LINE] = 3
        made = np.where(alpha > 0, 250, frame).astype(np.uint8)
        cv2.circle(alpha, FAINT, 4, 4, -1)
        made = np.where(alpha == 4, frame + 8, made).astype(np.uint8)
        spoiled.append(made)
        masks.append(np.abs(made.astype(int) - frame) > 2)
        kinds.append(np.where(alpha == 4, 2, alpha).astype(np.uint8))
    planted = Planted(clip_of_codes(spoiled), masks, kinds)
    return Run("made", clip_of_codes(clean), planted, KINDS, LINES)


@pytest.fixture(scope="module")
def truth(run) -> Truth:
    return Truth.of(run)


def test_a_perfect_repair_finds_and_mends_everything(truth):
    told = figures(score_run(truth, truth.clean, truth.inside))
    assert told["psnr_in"] == 99.0
    assert told["f1"] == told["precision"] == told["recall"] == 1.0
    assert told["false_objects_a_megapixel"] == 0
    assert told["warping_ratio"] == pytest.approx(1.0)
    assert {row["mended"] for row in told["objects"].values()} == {1.0}
    assert {row["found"] for row in told["objects"].values()} == {1.0}


def test_doing_nothing_gains_nothing_and_harms_nothing(truth):
    told = figures(score_run(truth, truth.damaged, [np.zeros_like(m) for m in truth.inside]))
    assert told["gain"] == told["gain_frames"] == told["gain_without_lines"] == 0.0
    assert told["harm_percent"] == 0.0
    assert told["recall"] == 0.0
    assert told["warping_ratio"] > 1.0
    assert {row["mended"] for row in told["objects"].values()} == {0.0}


def test_objects_are_counted_by_kind_and_size_with_faint_ones_and_lines_apart(truth):
    objects = figures(score_run(truth, truth.damaged, truth.inside))["objects"]
    counts = {name: row["objects"] for name, row in objects.items()}
    assert counts == {
        "kind blotch": 12, "kind dust": 6, "kind line": 6,
        "size <= 2 px": 6, "size > 8 px": 6, "faint": 6, "lines": 6,
    }  # fmt: skip


def test_found_is_not_mended(truth):
    """A method that marks everything and changes nothing found all and mended none."""
    told = figures(score_run(truth, truth.damaged, truth.inside))["objects"]
    assert {row["found"] for row in told.values()} == {1.0}
    assert {row["mended"] for row in told.values()} == {0.0}


def test_a_change_far_from_damage_is_harm_and_one_false_object(truth):
    restored = [frame.copy() for frame in truth.clean]
    marked = [mask.copy() for mask in truth.inside]
    restored[2][100:104, 20:24] += 5
    marked[2][100:104, 20:24] = True
    sums = score_run(truth, restored, marked)
    assert sums["harmed"] == 16
    assert sums["false_objects"] == 1
    assert figures(sums)["precision"] < 1.0


def test_a_rim_of_one_pixel_is_no_false_detection(truth):
    kernel = np.ones((3, 3), np.uint8)
    wider = [cv2.dilate(mask.astype(np.uint8), kernel).astype(bool) for mask in truth.inside]
    told = figures(score_run(truth, truth.clean, wider))
    assert told["precision"] == 1.0
    assert told["false_objects_a_megapixel"] == 0


def test_smoothing_shows_in_the_grain(truth):
    smooth = [cv2.GaussianBlur(frame, (0, 0), 1.0) for frame in truth.damaged]
    assert figures(score_run(truth, smooth, truth.inside))["grain_ratio"] < 0.8


def test_sums_of_runs_are_pooled_not_averaged(truth):
    nothing = [np.zeros_like(mask) for mask in truth.inside]
    perfect = score_run(truth, truth.clean, truth.inside)
    idle = score_run(truth, truth.damaged, nothing)
    both = figures(Sums.total([perfect, idle]))
    assert both["recall"] == pytest.approx(0.5)
    assert both["gain"] == pytest.approx(10 * np.log10(2))


def test_every_bar_says_what_was_wanted_measured_and_whether_it_is_met(truth, run):
    around = Around.of(run.planted.clip)
    methods = {}
    for name, peer in PEERS.items():
        (restored, marked), seconds = peer.timed(around)
        sums = score_run(truth, restored, marked)
        sums["seconds"] = seconds
        methods[name] = [sums, sums]
    perfect = score_run(truth, truth.clean, truth.inside)
    perfect["seconds"] = 0.001
    methods["repair"] = [perfect, perfect]
    rows = judge({"problems": []}, methods, "repair")
    assert len(rows) == len(BARS) + 1
    missed = {row["bar"] for row in rows if not row["met"]}
    # No object of 3 to 8 pixels was planted, so none of them was found.
    assert missed == {"objects found, 3-8 px"}
    worse = judge({"problems": ["one"]}, methods, "repair")[-1]
    assert not worse["met"]


def test_the_sheet_is_a_picture(truth, tmp_path):
    labels = np.zeros(truth.clean[0].shape, np.uint8)
    shown = Shown("frame 0", truth.damaged[0], truth.clean[0], truth.clean[0], labels)
    path = tmp_path / "out" / "sheet.png"
    write_sheet(path, [shown], [shown.part("blotch", (52, 32, 17, 17))] * 3)
    sheet = cv2.imread(str(path))
    assert sheet is not None
    assert sheet.shape[1] > 4 * 300


def test_more_runs_than_there_are_is_refused_with_the_range(tmp_path):
    with pytest.raises(StageError, match="1 to 10, not 11"):
        next(bench_runs(tmp_path, 11))


def test_a_folder_without_the_clips_is_refused_by_name(tmp_path):
    with pytest.raises(StageError, match="05_default_juggle"):
        next(bench_runs(tmp_path, 1))


@pytest.mark.parametrize("frames", [3, 25])
def test_it_says_how_many_frames_a_run_can_have(frames: int, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="--frames must lie in 4 to 24"):
        bench.main(tmp_path, frames=frames)
