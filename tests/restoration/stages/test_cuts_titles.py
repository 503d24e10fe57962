"""Cards with writing are told from pictures: light on dark or dark on light, printed or not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restoration.stages.cuts.thumbnails import make_thumbnail
from restoration.stages.cuts.titles import is_title, title_confidence, writing
from tests.restoration.stages.films import Light, moving, picture_of

SIZE = (160, 120)


def _card(
    paper: float, ink: float, *, lines: int = 3, font: int = cv2.FONT_HERSHEY_TRIPLEX
) -> Light:
    card = np.full((480, 640), paper)
    for line in range(lines):
        at = (110, 150 + 90 * line)
        cv2.putText(card, "Harbour, at dawn", at, font, 1.5, ink, 4)
    grain = np.random.default_rng(1).normal(0, 0.02, card.shape)
    return np.clip(card + grain, 0, 1)


def _shows_a_title(light: Light) -> bool:
    return is_title(make_thumbnail(0, picture_of(cv2.resize(light, SIZE, interpolation=3))))


@pytest.mark.parametrize("font", [cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX])
@pytest.mark.parametrize(("paper", "ink"), [(0.06, 0.85), (0.85, 0.1), (0.7, 0.15)])
def test_writing_on_an_even_card_is_a_title(paper: float, ink: float, font: int) -> None:
    assert _shows_a_title(_card(paper, ink, font=font))


def test_a_letter_between_black_bars_is_a_title() -> None:
    card = _card(0.75, 0.15, font=cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
    card[:, :100] = card[:, 540:] = 0.02
    assert _shows_a_title(card)


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


def test_a_night_sky_with_moon_and_stars_is_no_title() -> None:
    sky, rng = np.full((480, 640), 0.05), np.random.default_rng(2)
    cv2.circle(sky, (420, 150), 60, 0.8, -1)
    for _ in range(60):
        at = (int(rng.integers(640)), int(rng.integers(480)))
        cv2.circle(sky, at, int(rng.integers(1, 5)), float(rng.uniform(0.4, 0.9)), -1)
    assert not _shows_a_title(sky)


def test_a_card_is_the_surer_the_stiller_and_the_longer_it_stands() -> None:
    looks = writing(make_thumbnail(0, picture_of(cv2.resize(_card(0.7, 0.3), SIZE))))
    short, restless = title_confidence([looks] * 12, [1.0] * 12), [12.0] * 60
    assert short < title_confidence([looks] * 60, [1.0] * 60)
    assert title_confidence([looks] * 60, restless) < title_confidence([looks] * 60, [1.0] * 60)
