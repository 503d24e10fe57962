"""Two people in one room: each sees what the other does without loading the page again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from restoration import scenes as cuts
from restoration.models import StageRun
from review import decisions, notes
from review.live import hub
from tests import factories
from tests.e2e.player import open_player
from tests.e2e.test_accessible import faults

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(hub, "EVERY_SECONDS", 0.1)
    monkeypatch.setattr(hub, "HEARTBEAT_SECONDS", 0.5)


@pytest.fixture
def page_of(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """A page of somebody else, in a browser of their own."""
    opened = []

    def make(user: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=live_server.url)
        name = settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
        context.add_cookies([cookie])
        opened.append(context)
        return context.new_page()

    yield make
    for context in opened:
        context.close()


def test_notes_runs_and_decisions_come_by_themselves(
    page: Page, log_in, restored_scene, reviewer, restorer, archivist
):
    scene = restored_scene
    log_in(reviewer)
    open_player(page, f"/scenes/{scene.pk}/")
    page.wait_for_selector("body[data-live=stream]")
    notes.add(scene, by=restorer, start_frame=3, end_frame=4, text="a hair in the gate")
    expect(page.locator("#notes")).to_contain_text("a hair in the gate")
    run = factories.make_run(
        scene=scene, stage="denoise", status="running", frames_total=24, frames_done=6,
        lease_until="2999-01-01T00:00Z",
    )  # fmt: skip
    expect(page.locator("#live-said")).to_contain_text("denoise: 6 of 24 frames")
    StageRun.objects.filter(pk=run.pk).update(status="failed", error="no space left", ended=None)
    expect(page.locator("#live-said")).to_contain_text("denoise failed: no space left")
    decisions.request_changes(scene, cuts.head_take(scene), by=archivist, reason="dust")
    expect(page.locator("#live-said")).to_contain_text(
        "anna asked for changes of deflicker take 1."
    )
    assert faults(page) == []


def test_what_is_being_typed_stays_under_the_hands(
    page: Page, log_in, restored_scene, reviewer, restorer
):
    scene = restored_scene
    log_in(reviewer)
    open_player(page, f"/scenes/{scene.pk}/")
    page.wait_for_selector("body[data-live=stream]")
    page.keyboard.press("n")
    page.keyboard.type("half a sen")
    notes.add(scene, by=restorer, start_frame=3, end_frame=4, text="a hair in the gate")
    expect(page.locator("#live-said")).to_contain_text("rosa wrote a note.")
    page.keyboard.type("tence")
    expect(page.locator("#id_text")).to_have_value("half a sentence")
    page.locator("#live-said").get_by_role("button", name="Show it").click()
    expect(page.locator("#notes .notes")).to_contain_text("a hair in the gate")


def test_who_else_is_here(page: Page, page_of, log_in, restored_scene, reviewer, restorer):
    address = f"/scenes/{restored_scene.pk}/"
    log_in(reviewer)
    page.goto(address)
    page.wait_for_selector("body[data-live=stream]")
    expect(page.locator("#live-here")).to_be_hidden()
    other = page_of(restorer)
    other.goto(address)
    expect(page.locator("#live-here")).to_have_text("Also here: rosa", timeout=20_000)
    expect(other.locator("#live-here")).to_have_text("Also here: vera", timeout=20_000)


def test_without_a_place_for_a_stream_the_page_asks(
    page: Page, log_in, restored_scene, reviewer, restorer, settings
):
    settings.LIVE_STREAMS = 0
    scene = restored_scene
    log_in(reviewer)
    page.goto(f"/scenes/{scene.pk}/")
    page.wait_for_selector("body[data-live=asks]")
    notes.add(scene, by=restorer, start_frame=3, end_frame=4, text="a hair in the gate")
    expect(page.locator("#notes")).to_contain_text("a hair in the gate", timeout=25_000)


def test_the_transcript_room_tells_of_corrections(
    page: Page, log_in, restored_scene, reviewer, restorer
):
    from restoration import transcripts
    from tests.e2e.test_accessible import said

    scan = restored_scene.scan
    transcripts.keep(scan, said("A last farewell"), source="test", maker="machine")
    log_in(reviewer)
    page.goto(f"/reels/{scan.reel_id}/transcript/")
    page.wait_for_selector("body[data-live=stream]")
    transcripts.correct(scan.transcripts.get(), "confirm", ["m0"], {}, by=restorer)
    expect(page.locator("#live-said")).to_contain_text("rosa corrected the transcript.")
