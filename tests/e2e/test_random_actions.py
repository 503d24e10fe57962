"""Whatever a person does, the frame number on the page is that of every picture that is seen."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from playwright.sync_api import Page

from archive.models import Scan
from restoration import viewing
from tests import factories
from tests.e2e.acting import act, random_actions, wrong
from tests.e2e.player import open_player
from tests.e2e.test_frame_accuracy import EVERY_RATE
from tests.review.approved_reel import make_real_take

pytestmark = pytest.mark.browser

SIZE = {"width": 192, "height": 144}


def acted(page: Page, scan: Scan, frames: tuple[int, int], *, actions: int, seed: int) -> list:
    """What was seen of a scene and its take, and a check that much of all was."""
    scene = factories.make_scene(scan=scan, frames=frames)
    viewing.make_view(make_real_take(scene))
    page.set_viewport_size({"width": 1440, "height": 1040})
    open_player(page, f"/scenes/{scene.pk}/")
    seen = act(page, random_actions(actions, frames=range(*frames), seed=seed), **SIZE)
    assert len(seen) >= actions
    assert {frames[0] <= said < frames[1] for _, said, *_ in seen} == {True}
    return seen


def test_fifty_actions_show_no_wrong_frame(page: Page, log_in, film, archivist):
    log_in(archivist)
    scan = film(frames=48, rate=Fraction(24), **SIZE)
    seen = acted(page, scan, (6, 42), actions=50, seed=18)
    assert len({mode for _, _, mode, *_ in seen}) > 3, "the modes were hardly changed"
    assert wrong(seen) == []


@pytest.mark.slow
@pytest.mark.parametrize("rate", EVERY_RATE)
def test_five_hundred_actions_at_every_rate(
    rate: str, page: Page, log_in, film: Callable[..., Scan], archivist
):
    log_in(archivist)
    scan = film(frames=160, rate=Fraction(rate), **SIZE)
    seen = acted(page, scan, (10, 150), actions=500, seed=len(rate) + int(rate[:2]))
    read = sum(bool(panes) for *_, panes, _ in seen)
    assert read > 250, "the number was hardly seen"
    assert wrong(seen) == [], f"of {read} that were judged"
