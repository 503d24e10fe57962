"""The network's word and what is measured are weighed together, each where the other is blind."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.stages.repair.deciding import (
    Said,
    find_suspects,
    is_defect,
    is_sure,
    odds,
)
from restoration.stages.repair.evidence import Suspects
from restoration.stages.repair.inputs import CHANNELS, HALVES
from restoration.stages.repair.parts import Parts

SHAPE = (40, 60)


def _suspects(
    *, one_sided: bool = False, moved: bool = False, side: int = 3, **measures: float
) -> Suspects:
    """The background and one square suspect, plain unless measures say otherwise."""
    bits = np.zeros(SHAPE, np.uint8)
    bits[10 : 10 + side, 20 : 20 + side] = 1
    usual = {"contrast": 50.0, "disagreement": 2.0, "ring": 3.0, "found": 1.0, "found_twice": 1.0}
    usual |= measures
    return Suspects(
        parts=Parts.of(bits),
        area=np.array([1.0, side * side]),
        moved=np.array([False, moved]),
        one_sided=one_sided,
        **{name: np.array([0.0, value]) for name, value in usual.items()},
    )


def _said(log_odds: float) -> Said:
    return Said(np.array([-6.0, log_odds]), np.array([-6.0, log_odds]))


def test_the_measures_find_a_plain_speck_that_the_network_hardly_sees() -> None:
    assert is_defect(_suspects(), _said(-4.0), 1.0)[1]
    assert not is_defect(_suspects(contrast=8.0), _said(-4.0), 1.0)[1]


def test_the_network_finds_what_is_faint_to_the_measures() -> None:
    assert is_defect(_suspects(contrast=8.0), _said(6.0), 1.0)[1]


def test_the_network_alone_does_not_speak_for_what_the_measures_speak_against() -> None:
    uneven = _suspects(contrast=3.0, disagreement=30.0, ring=30.0, found=0.3)
    assert not is_defect(uneven, _said(8.0), 1.0)[1]


def test_what_was_found_again_near_by_moved_whatever_both_say() -> None:
    assert not is_defect(_suspects(moved=True), _said(8.0), 1.0)[1]


def test_more_is_asked_for_where_a_scene_begins_or_ends() -> None:
    assert _faintest(one_sided=True) > _faintest(one_sided=False)


def _faintest(*, one_sided: bool) -> float:
    levels = np.linspace(4.0, 120.0, 200)
    found = (_suspects(one_sided=one_sided, contrast=level) for level in levels)
    kept = [is_defect(suspects, _said(-2.0), 1.0)[1] for suspects in found]
    return float(levels[kept.index(True)])


@pytest.mark.parametrize("one_sided", [False, True])
def test_what_is_large_and_found_again_bent_is_left_unless_the_network_is_sure(
    one_sided: bool,
) -> None:
    limb = _suspects(one_sided=one_sided, side=12, found=0.6, found_twice=0.65)
    speck = _suspects(one_sided=one_sided, found=0.6, found_twice=0.65)
    assert not is_defect(limb, _said(3.5), 1.0)[1]
    assert is_defect(limb, _said(5.0), 1.0)[1]
    assert is_defect(speck, _said(3.5), 1.0)[1]


def test_what_is_large_is_no_defect_against_the_network_s_word() -> None:
    assert is_defect(_suspects(side=12), _said(1.0), 1.0)[1]
    assert not is_defect(_suspects(side=12, contrast=90.0), _said(-4.0), 1.0)[1]
    assert not is_defect(_suspects(side=12, contrast=90.0, one_sided=True), _said(1.0), 1.0)[1]


@pytest.mark.parametrize("said", [-4.0, 2.0])
def test_more_sensitivity_finds_fainter_things(said: float) -> None:
    faint = _suspects(contrast=6.0)
    assert not is_defect(faint, _said(said), 0.5)[1]
    assert is_defect(faint, _said(said), 8.0)[1]


def test_it_is_sure_only_where_the_network_is_sure_of_every_pixel() -> None:
    assert is_sure(_suspects(), _said(6.0))[1]
    limb = Said(np.array([-6.0, 6.0]), np.array([-6.0, 2.0]))
    assert odds(_suspects(), limb)[1] > 3.0
    assert not is_sure(_suspects(), limb)[1]


def test_what_the_network_said_is_read_part_by_part() -> None:
    damage = np.full(SHAPE, -20.0, np.float32)
    damage[10:13, 20:23] = 2.0
    damage[11, 21] = 5.0
    said = Said.of(damage, _suspects().parts)
    assert said.peak[1] == pytest.approx(5.0, abs=1e-3)
    assert said.mean[1] == pytest.approx((8 * 2.0 + 5.0) / 9, abs=1e-3)


def _planes(*places: tuple[int, int], codes: int = 20) -> np.ndarray:
    planes = np.zeros((CHANNELS, *SHAPE), np.int8)
    for y, x in places:
        planes[[1, 2, 8], y, x] = codes * HALVES
    return planes


def test_suspects_are_what_either_points_at_with_the_network_s_outline_where_it_has_one() -> None:
    damage = np.full(SHAPE, -4.0, np.float32)
    damage[9:14, 9:14] = 3.0
    found = find_suspects(_planes((11, 11), (11, 12), (30, 40)), damage, 1.0)
    expected = np.zeros(SHAPE, np.uint8)
    expected[9:14, 9:14] = 1
    expected[30, 40] = 1
    assert np.array_equal(found, expected)


def test_what_the_network_rules_out_is_no_suspect() -> None:
    damage = np.full(SHAPE, -9.0, np.float32)
    assert not find_suspects(_planes((30, 40)), damage, 1.0).any()
