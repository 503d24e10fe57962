"""The reel's page while a delivery is made: how far it is, cancel, try again, what has left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from archive.models import Reel
from review.delivery import requests
from review.delivery.attempts import execute_delivery
from review.models import Delivery
from tests.e2e.choosing import rules_told
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"


@pytest.fixture
def approved(tmp_path: Path, transactional_db: None, archivist: User) -> Reel:
    return make_approved_reel(tmp_path, by=archivist)


def work() -> threading.Thread:
    """Do what a worker would with the delivery that waits, beside the browser."""

    def execute() -> None:
        try:
            execute_delivery(Delivery.objects.get(status="queued").pk)
        finally:
            connection.close()

    thread = threading.Thread(target=execute)
    thread.start()
    return thread


def test_a_delivery_is_followed_cancelled_tried_again_and_fetched(
    settings: Any, page: Page, log_in: Callable[[User], None], approved: Reel, archivist: User
) -> None:
    log_in(archivist)
    page.goto(f"/reels/{approved.pk}/")
    with rules_told(page):
        page.get_by_label("Format").select_option("all")
    page.get_by_role("button", name="Deliver", exact=True).click()
    deliveries = page.locator("#deliveries")
    expect(deliveries.get_by_text("Everything, for exhibition")).to_be_visible()
    expect(deliveries.get_by_text("No worker is alive to take it")).to_be_visible()
    page.evaluate("window.neverReloaded = true")

    settings.DELIVERY_ASSEMBLER = "tests.review.assemblers:hanging"
    worker = work()
    expect(deliveries.get_by_text("Writing master and map: 3 of 12 frames")).to_be_visible()
    expect(deliveries.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "16")
    assert page.evaluate("window.neverReloaded"), "the page was followed without reloading it"
    deliveries.get_by_role("button", name="Cancel").click()
    expect(deliveries.get_by_text("cancelled", exact=True)).to_be_visible()
    expect(deliveries.get_by_text("What had been written was removed.")).to_be_visible()
    worker.join()

    del settings.DELIVERY_ASSEMBLER
    deliveries.get_by_role("button", name="Try again").click()
    expect(deliveries.get_by_text("waiting", exact=True)).to_be_visible()
    worker = work()
    with page.expect_download() as fetched:
        deliveries.get_by_role("link", name="viewing.mp4").click()
    assert fetched.value.path().stat().st_size > 0
    expect(deliveries.locator(".progress")).to_have_count(0)
    assert deliveries.get_attribute("hx-get") is None, "nothing is left to ask for"
    worker.join()


def test_it_can_be_followed_by_reloading_where_scripts_are_off(
    browser: Browser,
    live_server: Any,
    log_in: Callable[[User], None],
    context: Any,
    approved: Reel,
    archivist: User,
) -> None:
    log_in(archivist)
    requests.ask(approved, format="otio", use="scholarly", by=archivist)
    plain = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    plain.add_cookies(context.cookies())
    page = plain.new_page()
    page.goto(f"/reels/{approved.pk}/")
    expect(page.get_by_text("OpenTimelineIO timeline, for scholarly")).to_be_visible()
    work().join()
    page.get_by_role("link", name="Reload").click()
    expect(page.get_by_role("link", name="timeline.otio")).to_be_visible()
    plain.close()


def test_a_refusal_on_the_way_says_which_scene(
    page: Page, log_in: Callable[[User], None], approved: Reel, archivist: User
) -> None:
    from review import decisions
    from review.models import Approval

    delivery = requests.ask(approved, format="ffv1", use="exhibition", by=archivist)
    decisions.withdraw(Approval.objects.latest("pk"), by=archivist)
    execute_delivery(delivery.pk)
    log_in(archivist)
    page.goto(f"/reels/{approved.pk}/")
    deliveries = page.locator("#deliveries")
    expect(deliveries.get_by_text("refused", exact=True)).to_be_visible()
    expect(deliveries.get_by_text("Scene 2 (frames 5 to 11): nobody has")).to_be_visible()


def test_the_rules_of_the_chosen_use_are_shown_without_reloading(
    page: Page, log_in: Callable[[User], None], approved: Reel, archivist: User
) -> None:
    log_in(archivist)
    page.goto(f"/reels/{approved.pk}/")
    gate = page.locator("#gate")
    expect(gate.get_by_text("may leave", exact=True)).to_be_visible()
    page.evaluate("window.neverReloaded = true")
    page.get_by_label("For", exact=True).select_option("broadcast")
    expect(gate.get_by_text("may not leave yet")).to_be_visible()
    expect(gate.get_by_role("row", name="people who approved")).to_contain_text("1: anna")
    gate.get_by_text("Let it leave against these rules").click()
    gate.get_by_label("Why it may leave all the same").fill("the second reviewer is ill")
    gate.get_by_role("button", name="Override and deliver").click()
    expect(page.get_by_text("OpenTimelineIO timeline, for broadcast")).to_be_visible()
    assert Delivery.objects.get().override["reason"] == "the second reviewer is ill"
