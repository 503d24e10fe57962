"""A researcher finds a sentence, hears it, cites it, takes the hits along, and comes back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from archive.models import Reel
from restoration import transcripts
from restoration.models import Scene
from restoration.speech.transcript import Transcript as Said
from tests.e2e.test_accessible import faults
from tests.restoration.speech.said import line

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LINES = (("He waved a hat.", 0.1), ("Then the last", 1.1), ("farewell came, and a train.", 1.6))


@pytest.fixture
def said(scene_with_takes: Scene) -> Reel:
    reel = scene_with_takes.scan.reel
    Reel.objects.filter(pk=reel.pk).update(access=Reel.Access.RESEARCH)
    keep(scene_with_takes, *LINES)
    return reel


def keep(scene: Scene, *texts: tuple[str, float]) -> None:
    lines = tuple(line(text, start, start + 0.45, speaker="Anna") for text, start in texts)
    transcripts.keep(scene.scan, Said(lines, "en"), source="test", maker="machine")


def test_a_sentence_is_found_heard_cited_and_kept(
    page: Page,
    log_in: Callable[[User], None],
    said: Reel,
    scene_with_takes: Scene,
    researcher: User,
    tmp_path: Path,
) -> None:
    log_in(researcher)
    page.goto("/search/")
    page.get_by_role("searchbox").fill("farewell OR hat")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="2 hits")).to_be_visible()
    assert faults(page) == []
    marks = page.locator(".concordance mark")
    expect(marks).to_have_text(["hat", "farewell"])
    page.get_by_role("link", name="by the word left of it").click()
    expect(page.locator(".concordance td.left")).to_have_text(["He waved a", "Then the last"])
    expect(page.locator(".concordance .badge").first).to_have_text("machine")

    page.get_by_role("button", name="Keep this search").click()
    expect(page.get_by_text("The search is kept.")).to_be_visible()
    with page.expect_download() as told:
        page.get_by_role("link", name="CSV").click()
    told.value.save_as(tmp_path / "hits.csv")
    rows = list(csv.DictReader((tmp_path / "hits.csv").read_text().splitlines()))
    assert [row["hit"] for row in rows] == ["hat", "farewell"]
    assert rows[1]["start"] and rows[1]["address"].startswith("http")
    assert rows[1]["answered_for"] == "machine"

    page.get_by_role("link", name="Cite “farewell”").click()
    expect(page.locator(".citation").first).to_contain_text("(machine transcription, unreviewed)")
    page.go_back()
    page.locator(".concordance .found a").last.click()
    expect(page.locator("[data-opened] .w.hit")).to_have_text(["farewell"])
    page.wait_for_function("() => document.getElementById('player').currentTime >= 0.5")
    heard = page.evaluate("document.getElementById('player').currentTime")
    assert heard == pytest.approx(0.6, abs=0.15), "a second before the line"
    link = page.url

    keep(scene_with_takes, ("Good day.", 0.0), *LINES, ("A farewell to all.", 2.1))
    page.goto(link)
    expect(page.locator("[data-opened] .w.hit")).to_have_text(["farewell"])
    expect(page.locator("[data-opened]")).to_contain_text("and a train")
    page.goto("/search/")
    expect(page.locator(".choices .badge")).to_have_text("1 new")
    page.locator(".choices").get_by_role("link", name="farewell OR hat", exact=True).click()
    expect(page.get_by_role("heading", name="3 hits")).to_be_visible()
    expect(page.locator(".choices .badge")).to_have_count(0)


def test_a_misspelt_word_and_a_broken_search_say_how_they_were_read(
    page: Page, log_in: Callable[[User], None], said: Reel, researcher: User
) -> None:
    log_in(researcher)
    page.goto("/search/?q=farwel")
    expect(page.get_by_text("Nothing says “farwel”. Sought instead:")).to_be_visible()
    expect(page.locator(".concordance mark")).to_have_text(["farewell"])
    page.goto("/search/?q=%22last+farewell")
    expect(page.get_by_text("A quotation mark had no other half")).to_be_visible()
    expect(page.locator(".concordance mark")).to_have_text(["last farewell"])
    page.goto("/search/?q=zebra")
    expect(page.get_by_text("Nothing was found")).to_be_visible()
    assert faults(page) == []
