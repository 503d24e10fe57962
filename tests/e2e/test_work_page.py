"""The work page says what runs, what waits and what failed, and lets a person steer it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests import factories

pytestmark = pytest.mark.browser


def test_a_waiting_run_is_cancelled_and_retried(page: Page, log_in, transactional_db, operator):
    run = factories.make_run(scene=factories.make_scene())
    log_in(operator)
    page.goto("/work/")
    row = page.locator(f"#run-{run.pk}")
    expect(row).to_contain_text("waiting")
    row.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled. Takes that were made before are kept.")).to_be_visible()
    run.refresh_from_db()
    assert run.status == "cancelled"
    row.get_by_role("button", name="Retry").click()
    expect(row).to_contain_text("waiting")
    run.refresh_from_db()
    assert run.status == "queued"


def test_a_failed_run_shows_the_tools_own_words(page: Page, log_in, transactional_db, restorer):
    words = "FFV1: slice 3 is damaged at byte 4711"
    factories.make_run(scene=factories.make_scene(), status="failed", error=words)
    log_in(restorer)
    page.goto("/work/")
    expect(page.get_by_text(words)).to_be_visible()
    page.goto("/")
    expect(page.get_by_text(words)).to_be_visible()


def in_a_minute():
    return timezone.now() + timedelta(minutes=1)


def test_the_page_follows_a_run_without_being_reloaded(
    page: Page, log_in, transactional_db, restorer
):
    run = factories.make_run(
        scene=factories.make_scene(),
        status="running",
        frames_done=3,
        frames_total=24,
        lease_until=in_a_minute(),
    )
    log_in(restorer)
    page.goto("/work/")
    expect(page.get_by_text("3 of 24 frames")).to_be_visible()
    type(run).objects.filter(pk=run.pk).update(frames_done=17)
    expect(page.get_by_text("17 of 24 frames")).to_be_visible()


def test_a_run_whose_lease_ran_out_is_shown_as_stalled(
    page: Page, log_in, transactional_db, operator
):
    late = timezone.now() - timedelta(minutes=2)
    factories.make_run(scene=factories.make_scene(), status="running", lease_until=late)
    log_in(operator)
    page.goto("/work/")
    expect(page.get_by_role("heading", name="Stalled")).to_be_visible()
