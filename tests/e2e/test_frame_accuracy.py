"""The frame number on the page is the number of the picture that is seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import pytest

from archive.models import Scan
from restoration import viewing
from tests import factories
from tests.e2e.player import open_player, play_to_the_end, seek_and_read
from tests.review.approved_reel import make_real_take

pytestmark = pytest.mark.browser

EVERY_RATE = ["16", "18", "24000/1001", "24", "25", "30000/1001", "50"]
SIZE = {"width": 192, "height": 144}


def miscounted(page, scan: Scan, *, seeks: int) -> list[tuple[int, int, int, str]]:
    """(asked, said, burned in, source) of each seek where these are not all the same."""
    scene = factories.make_scene(scan=scan, frames=(0, scan.frames))
    open_player(page, f"/scenes/{scene.pk}/")
    frames = [random.Random(seeks).randrange(scan.frames) for _ in range(seeks)]
    found = seek_and_read(page, frames, **SIZE)
    assert len(found) == seeks
    assert {source for *_, source in found} == {"viewing copy"}, "the proxy itself was not judged"
    return [
        (asked, said, burned, source)
        for asked, (said, burned, source) in zip(frames, found, strict=True)
        if not asked == said == burned
    ]


def test_a_seek_shows_the_frame_that_was_asked_for(
    page, log_in, film: Callable[..., Scan], archivist
):
    log_in(archivist)
    scan = film(frames=120, rate=Fraction(24000, 1001), **SIZE)
    assert miscounted(page, scan, seeks=20) == []


@pytest.mark.slow
@pytest.mark.parametrize("rate", EVERY_RATE)
def test_two_hundred_seeks_at_every_rate(
    rate: str, page, log_in, film: Callable[..., Scan], archivist
):
    log_in(archivist)
    scan = film(frames=600, rate=Fraction(rate), **SIZE)
    assert miscounted(page, scan, seeks=200) == []


def test_frames_that_play_are_numbered_as_they_are_seen(page, log_in, film, archivist):
    log_in(archivist)
    scan = film(frames=60, rate=Fraction(24), **SIZE)
    scene = factories.make_scene(scan=scan, frames=(0, 60))
    open_player(page, f"/scenes/{scene.pk}/")
    pairs = play_to_the_end(page, 59, **SIZE)
    assert len({said for said, _ in pairs}) > 10, "it hardly played"
    assert [pair for pair in pairs if pair[0] != pair[1]] == []
    assert pairs[-1][0] == 59, "it does not end on the last frame"


def test_scan_and_take_are_shown_in_step(page, log_in, film, archivist):
    log_in(archivist)
    scan = film(frames=48, rate=Fraction(24), **SIZE)
    scene = factories.make_scene(scan=scan, frames=(12, 36))
    viewing.make_view(make_real_take(scene))
    open_player(page, f"/scenes/{scene.pk}/")
    for mode in ("scan", "take"):
        page.locator(f"[data-mode={mode}]").click()
        found = seek_and_read(page, [30, 12, 35, 20, 21], **SIZE)
        assert [(said, burned) for said, burned, _ in found] == [
            (frame, frame) for frame in (30, 12, 35, 20, 21)
        ]
