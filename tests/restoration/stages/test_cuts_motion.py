"""What slides is told from what changes, and what the adaptive detector proposes is looked at."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.stages.cuts.motion import slide
from restoration.stages.cuts.stage import Params, measure
from restoration.stages.cuts.thumbnails import Thumbnail, make_thumbnail, ranked
from tests.restoration.stages.films import Light, clip_of, moving, picture_of


def _seen(light: Light) -> Thumbnail:
    return make_thumbnail(0, picture_of(light))


@pytest.mark.parametrize("step", [6.0, 20.0, 40.0])
def test_a_fast_pan_slides(step: float) -> None:
    one, other = moving(2, step=step)
    assert slide(_seen(one), _seen(other)) > 0.25


def test_neither_a_dissolve_nor_a_cut_slides() -> None:
    first, second = moving(1, seed=1)[0], moving(1, seed=2)[0]
    mixed = [share * second + (1 - share) * first for share in (0.3, 0.45)]
    assert slide(_seen(mixed[0]), _seen(mixed[1])) == 0.0
    assert slide(_seen(first), _seen(second)) == 0.0


def test_what_the_adaptive_detector_proposes_is_looked_at() -> None:
    clip = clip_of([*moving(14, seed=1), *moving(14, seed=2), *moving(14, seed=3)])
    measured, _ = measure(clip, Params(network=False), lambda done, total: None)
    assert {14, 28} <= measured.proposals
    assert measured.proposals <= {boundary.frame for boundary in measured.boundaries}


def test_one_dark_speck_does_not_move_the_ranks_of_a_picture_between_black_bars() -> None:
    rng = np.random.default_rng(1)
    codes = np.clip(rng.normal(120, 40, (72, 96)), 30, 255).astype(np.uint8)
    codes[:, :25] = codes[:, 71:] = 16
    speck = codes.copy()
    speck[40, 50] = 15
    moved = np.abs(ranked(codes).astype(int) - ranked(speck))
    moved[40, 50] = 0
    assert moved.max() <= 1
