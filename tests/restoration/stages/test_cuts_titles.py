"""Cards with writing are told from pictures, light on dark and dark on light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restoration.stages.cuts.thumbnails import make_thumbnail
from restoration.stages.cuts.titles import is_title
from tests.restoration.stages.films import Light, moving, picture_of


def _card(paper: float, ink: float, *, lines: int = 3) -> Light:
    card = np.full((480, 640), paper)
    for line in range(lines):
        at = (70, 150 + 90 * line)
        cv2.putText(card, "Harbour, at dawn", at, cv2.FONT_HERSHEY_TRIPLEX, 1.7, ink, 4)
    grain = np.random.default_rng(1).normal(0, 0.02, card.shape)
    return np.clip(card + grain, 0, 1)


def _shows_a_title(light: Light) -> bool:
    return is_title(make_thumbnail(0, picture_of(cv2.resize(light, (160, 120)))))


@pytest.mark.parametrize(("paper", "ink"), [(0.06, 0.85), (0.85, 0.1), (0.7, 0.15)])
def test_writing_on_an_even_card_is_a_title(paper: float, ink: float) -> None:
    assert _shows_a_title(_card(paper, ink))


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_picture_is_no_title(seed: int) -> None:
    assert not _shows_a_title(moving(1, seed=seed)[0])


@pytest.mark.parametrize("paper", [0.06, 0.85])
def test_an_empty_card_is_no_title(paper: float) -> None:
    assert not _shows_a_title(_card(paper, paper, lines=0))


def test_dark_figures_before_a_white_sky_are_no_title() -> None:
    sky = np.full((480, 640), 0.9)
    for x in (90, 300, 470):
        cv2.ellipse(sky, (x, 430), (40, 170), 0, 0, 360, 0.15, -1)
    assert not _shows_a_title(sky)
