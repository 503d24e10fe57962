"""Of what was measured, the surest border is kept, doubt is told, and marks are no borders."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.stages.cuts.blanks import Passage
from restoration.stages.cuts.findings import conclude
from restoration.stages.cuts.flashes import Flash
from restoration.stages.cuts.hard import Boundary
from restoration.stages.cuts.measurements import Measurements

FIRST = 100
COUNT = 200
A_PICTURE, A_CARD = (1.0, -1.0, 0.8, -1.0, -0.5), (1.0, 4.6, 1.0, 3.9, 0.3)
"""Looks, as `titles.writing` gives them."""
SAME, OTHER = Passage(9.0, 0.8, 0.3), Passage(80.0, 0.05, 0.97)
"""What stands on both sides of blank frames: behind a wing, and after a fade."""


def _measured(*boundaries: Boundary) -> Measurements:
    """Two hundred calm frames, and these boundaries."""
    measured = Measurements(FIRST)
    measured.boundaries = list(boundaries)
    measured.spreads, measured.flat = [50.0] * COUNT, [False] * COUNT
    measured.steps, measured.looks = [1.0] * COUNT, [A_PICTURE] * COUNT
    measured.drift, measured.carried = [(5.0, 6.0)] * COUNT, [1.0] * COUNT
    measured.strides, measured.slides = [2.0] * COUNT, [0.0] * COUNT
    measured.between = [None] * COUNT
    measured.apart = [(4.0, 4.0, 5.0, 5.0, 6.0)] * COUNT
    measured.single = np.zeros(COUNT, np.float32)
    measured.every = np.zeros(COUNT, np.float32)
    return measured


def _facts(measured: Measurements) -> dict:
    return conclude(measured, strictness=1.0, shortest=4)


def _cut(frame: int, *, carried: float = 0.05) -> Boundary:
    return Boundary(frame, 70.0, 8.0, carried=carried, usual=0.95)


def test_measures_that_contradict_each_other_are_told_as_doubt() -> None:
    unsure = Boundary(150, 25.0, 2.0, carried=0.48, usual=0.9)
    measured = _measured(unsure, _cut(220))
    assert measured.single is not None
    measured.single[[49, 119]] = 0.18, 0.9
    facts = _facts(measured)
    assert facts["cuts"] == [220]
    [doubt] = facts["doubtful"]
    assert (doubt["frame"], doubt["kind"]) == (150, "cut")
    assert 0.2 <= doubt["confidence"] < 0.5
    assert doubt["evidence"] == {"network": 0.18, "ranks": 25.0, "motion": 0.48}


def test_of_two_cuts_that_would_leave_no_shot_between_the_surer_stays() -> None:
    measured = _measured(_cut(150, carried=0.3), _cut(152))
    assert measured.single is not None
    measured.single[49:52] = 0.9
    facts = _facts(measured)
    assert facts["cuts"] == [152] and facts["doubtful"] == []


def test_a_fade_is_one_border_and_swallows_the_cuts_into_and_out_of_black() -> None:
    measured = _measured(_cut(150), _cut(160))
    assert measured.single is not None
    measured.single[[49, 59]] = 0.9
    measured.flat[50:60] = [True] * 10
    measured.spreads[40:70] = [*np.linspace(50, 1, 10), *[1.0] * 10, *np.linspace(1, 50, 10)]
    measured.passages[160] = OTHER
    facts = _facts(measured)
    [border] = facts["borders"]
    assert border["kind"] == "fade" and abs(border["frame"] - 155) <= 1
    assert border["evidence"]["held"] == 0.97
    assert border["range"] == facts["gradual"][0]
    measured.passages[160] = SAME
    facts = _facts(measured)
    assert facts["cuts"] == facts["gradual"] == facts["doubtful"] == []


def test_a_fade_that_might_be_none_is_told_as_doubt() -> None:
    measured = _measured()
    measured.flat[50:60] = [True] * 10
    measured.spreads[40:70] = [*np.linspace(50, 1, 10), *[1.0] * 10, *np.linspace(1, 50, 10)]
    measured.passages[160] = Passage(30.0, 0.6, 0.5)
    [doubt] = _facts(measured)["doubtful"]
    assert doubt["kind"] == "fade" and 0.2 <= doubt["confidence"] < 0.5


def test_long_black_is_a_scene_of_its_own() -> None:
    measured = _measured()
    measured.flat[60:120] = [True] * 60
    measured.spreads[60:120] = [1.0] * 60
    measured.passages[220] = OTHER
    facts = _facts(measured)
    assert facts["cuts"] == [160, 220]
    assert [border["kind"] for border in facts["borders"]] == ["fade", "fade"]


def test_a_run_of_the_network_between_calm_stretches_is_a_dissolve() -> None:
    measured = _measured()
    assert measured.every is not None
    measured.every[80:94] = 0.85
    measured.drift[75:99] = [(45.0, 70.0)] * 24
    measured.carried[75:99] = [0.1] * 24
    measured.apart[75:99] = [(40.0, 50.0, 60.0, 70.0, 70.0)] * 24
    facts = _facts(measured)
    [border] = facts["borders"]
    assert border["kind"] == "dissolve" and border["range"] == [180, 193]
    assert facts["gradual"] == [[180, 193]]


def test_a_pan_that_the_network_takes_for_a_change_is_none() -> None:
    measured = _measured()
    assert measured.every is not None
    measured.every[80:94] = 0.5
    measured.drift = [(35.0, 60.0)] * COUNT
    measured.carried = [0.8] * COUNT
    measured.strides = [9.0] * COUNT
    assert _facts(measured)["cuts"] == []


def _taken_for_a_dissolve() -> Measurements:
    """Frames 180 to 190 change altogether, and the network is nearly sure."""
    measured = _measured()
    assert measured.every is not None
    measured.every[80:91] = 0.6
    measured.drift[75:96] = [(45.0, 70.0)] * 21
    measured.carried[75:96] = [0.1] * 21
    measured.strides[80:91] = [12.0] * 11
    measured.apart[70:101] = [(50.0, 60.0, 70.0, 70.0, 70.0)] * 31
    return measured


def test_a_whip_pan_is_no_dissolve() -> None:
    measured = _taken_for_a_dissolve()
    assert len(_facts(measured)["cuts"]) == 1
    measured.slides[80:91] = [0.7] * 11
    assert _facts(measured)["cuts"] == []


def test_what_passes_the_lens_and_leaves_the_same_picture_is_no_dissolve() -> None:
    measured = _taken_for_a_dissolve()
    measured.apart[70:101] = [(50.0, 5.0, 4.0, 4.0, 4.0)] * 31
    assert _facts(measured)["cuts"] == []


def test_what_turns_or_reaches_in_is_no_dissolve() -> None:
    measured = _taken_for_a_dissolve()
    measured.between[70:101] = [0.15] * 31
    assert _facts(measured)["cuts"] == []


def test_a_cut_beside_two_black_frames_stays_a_cut() -> None:
    measured = _measured(_cut(150, carried=0.02), _cut(154, carried=0.3))
    assert measured.single is not None
    measured.single[[49, 53]] = 0.95, 0.5
    measured.flat[52:54] = [True] * 2
    measured.spreads[51:55] = [25.0, 1.0, 1.0, 25.0]
    measured.passages[154] = Passage(80.0, 0.05, None)
    [border] = _facts(measured)["borders"]
    assert (border["frame"], border["kind"]) == (150, "cut")
    measured.passages[154] = SAME
    assert _facts(measured)["cuts"] == [], "what looks like cuts are the edges of a wing"


def test_foreign_frames_are_marks_with_their_kind_and_confidence() -> None:
    measured = _measured()
    sure = Flash(150, 2, "black", beyond=2.5, around=2.0, edge=60.0, usual=3.0)
    unsure = Flash(180, 1, "flash", beyond=0.3, around=9.0, edge=18.0, usual=8.0)
    measured.flashes = [sure, unsure]
    facts = _facts(measured)
    assert facts["cuts"] == []
    assert [(mark["frame"], mark["kind"]) for mark in facts["marks"]] == [
        (150, "black"),
        (151, "black"),
    ]
    assert facts["marks"][0]["confidence"] == round(sure.confidence, 3) > 0.9


@pytest.mark.parametrize(("step", "sure"), [(0.0, 0.9), (0.05, 0.5), (0.6, 0.0)])
def test_a_repeat_is_the_surer_the_less_it_differs(step: float, sure: float) -> None:
    measured = _measured()
    measured.steps[80] = step
    found = {mark["frame"]: mark["confidence"] for mark in _facts(measured)["marks"]}
    assert found.get(180, 0.0) >= sure
    assert (180 in found) == (sure > 0)


def test_a_card_is_a_scene_and_begins_with_it() -> None:
    measured = _measured(_cut(150), _cut(210))
    assert measured.single is not None
    measured.single[[49, 109]] = 0.9
    measured.looks[51:110] = [A_CARD] * 59
    measured.looks[70] = A_PICTURE  # a flash, or dirt
    facts = _facts(measured)
    assert facts["intertitles"] == [[150, 210]]
    assert facts["intertitle_confidence"][0] > 0.9


def test_what_looks_like_a_card_for_a_part_of_its_shot_is_none() -> None:
    measured = _measured()
    measured.looks[80:95] = [A_CARD] * 15
    assert _facts(measured)["intertitles"] == []
