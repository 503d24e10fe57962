"""Masks of few pixels are told by the places and connected parts that they hold."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.stages.repair.parts import Parts, connected_to, places_of
from restoration.stages.repair.settling import unsure_cells


@pytest.mark.parametrize("shape", [(48, 64), (7, 9), (1, 3), (13, 5)])
def test_every_place_is_found_whatever_marks_it(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    bits = (rng.random(shape) < 0.2).astype(np.uint8) * np.uint8(255)
    assert np.array_equal(places_of(bits), np.flatnonzero(bits))


def test_parts_are_kept_as_a_whole_and_their_values_are_summed() -> None:
    bits = np.zeros((20, 30), np.uint8)
    bits[2:4, 3:8] = bits[10:13, 20:24] = 1
    parts = Parts.of(bits)
    assert parts.count == 3 and parts.area[1:].tolist() == [10, 12]
    assert parts.sums(np.full(22, 2.0)).tolist() == [0.0, 20.0, 24.0]
    kept = parts.only(parts.area > 10)
    assert kept.sum() == 12 and kept[10:13, 20:24].all()


def test_more_parts_than_sixteen_bits_number_are_still_told_apart() -> None:
    bits = np.zeros((600, 600), np.uint8)
    bits[::2, ::2] = 1
    parts = Parts.of(bits)
    assert parts.count == 300 * 300 + 1 and len(np.unique(parts.which)) == 300 * 300


def test_only_what_is_joined_to_a_seed_stays() -> None:
    wide = np.zeros((20, 30), np.uint8)
    wide[2:4, 3:8] = wide[10:13, 20:24] = 255
    seeds = np.zeros_like(wide)
    seeds[2, 3] = 255
    kept = connected_to(seeds, wide)
    assert kept[2:4, 3:8].all() and kept.sum() == 10
    assert not connected_to(np.zeros_like(wide), wide).any()


def test_a_cell_is_unsure_by_the_share_that_is_marked() -> None:
    bits = np.zeros((18, 22), np.uint8)
    bits[4:6, 8:10] = 1  # four of sixteen
    bits[17, 21] = 1
    assert unsure_cells(bits, held=0.25, reach=0).sum() == 2  # the last cell is two pixels wide
    assert unsure_cells(bits, held=0.3, reach=0).sum() == 1
    assert unsure_cells(bits, held=0.3, reach=1)[3:, 4:].all()
