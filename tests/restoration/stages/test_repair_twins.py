"""A suspect's shape is found where a neighbour shows it."""

from __future__ import annotations

import numpy as np

from restoration.stages.repair.parts import Parts
from restoration.stages.repair.twins import find_twins
from restoration.stages.repair.views import Motion

SHAPE = (96, 128)
CELLS = (24, 32)


def _still(seen: np.ndarray) -> Motion:
    nothing = np.zeros(CELLS, np.float32)
    return Motion(1, np.zeros((*CELLS, 2), np.float32), seen, nothing, nothing > 0)


def _frames() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two frames of noise, specks and blots in the first; the next shows every second elsewhere."""
    rng = np.random.default_rng(4)
    ground = rng.integers(100, 110, SHAPE).astype(np.uint8)
    here, other, mask = ground.copy(), ground.copy(), np.zeros(SHAPE, np.uint8)
    for number, (y, x) in enumerate((y, x) for y in (20, 48, 72) for x in (20, 44, 70, 96)):
        size = 1 + number % 2 if number < 8 else 4
        here[y : y + size, x : x + size] = 200
        mask[y : y + size, x : x + size] = 1
        if number % 2:
            other[y + 3 : y + 3 + size, x - 2 : x - 2 + size] = 200
    return here, other, mask


def test_what_moved_is_found_and_what_is_in_one_frame_only_is_not() -> None:
    here, other, mask = _frames()
    parts = Parts.of(mask)
    which = np.arange(1, parts.count)
    found = find_twins(here, parts, which, _still(other), other)
    moved = parts.boxes[1:, 0] % 52 > 40  # the columns at 44 and 96
    assert (found.misfit[moved] < 0.2).all() and not found.is_scenery[moved].any()
    assert (found.misfit[~moved] > 0.6).all()


def test_a_large_shape_is_found_by_some_of_its_pixels_as_by_all() -> None:
    rng = np.random.default_rng(5)
    ground = rng.integers(100, 140, SHAPE).astype(np.uint8)
    here, other, mask = ground.copy(), ground.copy(), np.zeros(SHAPE, np.uint8)
    blotch = rng.integers(0, 90, (17, 13)).astype(np.uint8)
    here[40:57, 60:73], mask[40:57, 60:73] = blotch, 1
    parts = Parts.of(mask)
    which = np.arange(1, parts.count)
    assert find_twins(here, parts, which, _still(other), other).misfit[0] > 0.5
    other[49:66, 43:56] = blotch
    found = find_twins(here, parts, which, _still(ground), other)
    assert found.misfit[0] < 0.5 and not found.is_scenery[0]
