"""A fade is told from what covers the lens: structure holds, and another scene follows."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.imaging.flow import FlowEstimator
from restoration.stages.cuts.blanks import BlankWatch, Passage
from restoration.stages.cuts.fades import FadeEvidence
from restoration.stages.cuts.thumbnails import make_thumbnail, windows
from tests.restoration.stages.films import HEIGHT, WIDTH, Light, moving, picture_of

COUNT, FADING, BLANK = 20, 8, 5


def _faded(shot: list[Light]) -> list[Light]:
    """The shot, its last frames going to black."""
    gains = [*[1.0] * (len(shot) - FADING), *np.linspace(0.9, 0.1, FADING)]
    return [gain * light for gain, light in zip(gains, shot, strict=True)]


def _covered(shot: list[Light]) -> list[Light]:
    """The shot, at last covered from above by something dark with teeth."""
    teeth = 10 * np.abs((np.arange(WIDTH) % 16) - 8) / 8
    made = list(shot)
    for n in range(FADING):
        edge = HEIGHT * (n + 1) / FADING - teeth
        dark = np.arange(HEIGHT)[:, None] < edge[None, :]
        at = len(shot) - FADING + n
        made[at] = np.where(dark, 0.05, shot[at])
    return made


def _measure(lights: list[Light]) -> Passage:
    watch = BlankWatch(FlowEstimator("medium"))
    for window in windows(make_thumbnail(n, picture_of(light)) for n, light in enumerate(lights)):
        watch.feed(window)
    [passage] = watch.found.values()
    return passage


def _confidence(passage: Passage, network: float | None = None) -> float:
    return FadeEvidence(passage, network).confidence()


@pytest.fixture(scope="module")
def fade() -> Passage:
    blank = [np.full((HEIGHT, WIDTH), 0.03)] * BLANK
    after = _faded(moving(COUNT, seed=2, step=0.3)[::-1])[::-1]
    return _measure([*_faded(moving(COUNT, seed=1, step=0.3)), *blank, *after])


@pytest.fixture(scope="module")
def wing() -> Passage:
    shot = moving(2 * COUNT + BLANK, seed=1, step=0.3)
    blank = [np.full((HEIGHT, WIDTH), 0.05)] * BLANK
    after = _covered(shot[COUNT + BLANK :][::-1])[::-1]
    return _measure([*_covered(shot[:COUNT]), *blank, *after])


def test_in_a_fade_the_picture_holds_while_its_contrast_falls(fade: Passage, wing: Passage) -> None:
    assert fade.held is not None and wing.held is not None
    assert fade.held > 0.9
    assert wing.held < 0.7


def test_behind_a_wing_the_same_scene_goes_on(fade: Passage, wing: Passage) -> None:
    assert fade.across is not None and wing.across is not None
    assert wing.across < 20 < fade.across
    assert fade.carried < 0.4 < wing.carried


@pytest.mark.parametrize("network", [None, 0.9])
def test_a_fade_is_sure_and_a_wing_is_none(
    fade: Passage, wing: Passage, network: float | None
) -> None:
    assert _confidence(fade, network) > 0.8
    assert _confidence(wing, network) < 0.2


def test_confidence_of_a_fade_is_measured(fade: Passage) -> None:
    unlike = _confidence(Passage(fade.across, fade.carried, 0.1))
    assert unlike < _confidence(fade)
    assert _confidence(Passage(20.0, 0.6, fade.held)) < unlike


def test_a_film_that_ends_in_black_is_measured_on_its_one_side() -> None:
    lights = [*_faded(moving(COUNT, seed=1)), *[np.full((HEIGHT, WIDTH), 0.03)] * BLANK]
    passage = _measure(lights)
    assert passage.across is None and passage.held is not None
