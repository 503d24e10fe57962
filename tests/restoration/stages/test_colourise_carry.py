"""What cannot be followed is filled from nearby as far as the carried colour may be wrong."""

from __future__ import annotations

import numpy as np

from restoration.stages.colourise.field import Field, Way, carry

SHAPE = (48, 64)
RED, BLUE = (50.0, 20.0), (-10.0, -50.0)
DOUBTED = (slice(16, 32), slice(24, 40))


def two_colours() -> Field:
    """Equally light: the left half red, the right half blue."""
    ab = np.empty((*SHAPE, 2), np.float32)
    ab[:, :32], ab[:, 32:] = RED, BLUE
    return Field(ab, np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.int16))


def standing_still(missed_by: float = 0.0, other: float = 0.0) -> Way:
    """Nothing moves; in a block the way cannot be trusted."""
    trust, unlike = np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    missed = np.zeros((*SHAPE, 2), np.float32)
    trust[DOUBTED], unlike[DOUBTED], missed[DOUBTED] = 0.0, other, (0.0, missed_by)
    return Way(np.zeros((*SHAPE, 2), np.float32), trust, missed, unlike)


LIGHT = np.full(SHAPE, 50.0, np.float32)


def test_a_way_that_misses_along_one_colour_leaves_that_colour_as_it_is() -> None:
    held = two_colours()
    carried, lost = carry(held, standing_still(missed_by=3.0), LIGHT)
    assert np.abs(carried.ab - held.ab).max() < 0.01
    assert lost.max() < 0.01
    assert carried.evidence[DOUBTED].max() < 1, "it is less certain for all that"


def test_where_luma_shows_another_thing_what_lies_nearby_takes_over() -> None:
    held = two_colours()
    held.ab[DOUBTED] = (0.0, 90.0)
    carried, lost = carry(held, standing_still(other=1.0), LIGHT)
    middle = carried.ab[24, 28]
    assert np.linalg.norm(middle - (0.0, 90.0)) > np.linalg.norm(middle - RED)
    assert lost[24, 28] > 100 and not lost[4, 4]
