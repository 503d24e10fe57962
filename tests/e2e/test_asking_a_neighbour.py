"""In the review room a repair that was made up is asked of a neighbour by keys, and run again."""

from __future__ import annotations

from fractions import Fraction

import pytest
from playwright.sync_api import Page, expect

from restoration import nursery, runs, viewing
from restoration.models import StageRun
from tests import factories
from tests.e2e.player import open_player
from tests.e2e.test_accessible import faults
from tests.restoration.test_neighbour_requests import LARGEST, TORN, torn
from tests.review.approved_reel import make_real_take

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_was_made_up_is_copied_after_a_key(page: Page, log_in, film, restorer):
    scan = film(frames=6, rate=Fraction(16), width=160, height=120, paint=torn)
    scene = factories.make_scene(scan=scan, frames=(0, 6), settings={"repair": LARGEST})
    viewing.make_view(make_real_take(scene, stage="repair", **LARGEST))
    log_in(restorer)
    open_player(page, f"/scenes/{scene.pk}/#frame={TORN}")
    page.wait_for_selector(f"body[data-frame='{TORN}']")
    here = page.locator("#repair-here")
    for _ in range(40):
        page.keyboard.press("c")
        expect(here).to_contain_text("Repair")
        if page.locator("#ask-neighbour").is_visible():
            break
    expect(page.locator("#ask-neighbour")).to_have_text("Take it from a neighbour Shift N")
    page.keyboard.press("Shift+N")
    section = page.locator("#repairs")
    expect(section).to_contain_text("the next run copies this place from a frame beside it")
    expect(section).to_contain_text("1 neighbour request added since")
    assert faults(page) == []
    page.get_by_role("button", name="Run again from here").press("Enter")
    expect(section).to_contain_text("Started: repair")
    runs.execute_run(StageRun.objects.get(status="queued").pk)
    nursery.discard_idle()
    viewing.make_view(StageRun.objects.latest("pk").take)
    page.get_by_role("link", name="Compare it with the take shown here").press("Enter")
    page.wait_for_url("**/?take=*&against=*")
    expect(section).to_contain_text("pixels copied from frame")
