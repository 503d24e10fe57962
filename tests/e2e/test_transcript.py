"""A reviewer goes through a transcript with the keyboard alone, and hears a word by a click."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from restoration import transcripts
from restoration.models import Scene, Transcript
from restoration.speech import transcript as speech
from tests.e2e.test_accessible import faults
from tests.restoration.speech.said import line

pytestmark = pytest.mark.browser


def sure(said: speech.Line, *confidence: float) -> speech.Line:
    words = [
        replace(word, confidence=confidence[number % len(confidence)])
        for number, word in enumerate(said.words)
    ]
    return replace(said, words=tuple(words))


@pytest.fixture
def kept(scene_with_takes: Scene, archivist: User) -> Transcript:
    """2.25 seconds of film with three lines, an invented one among them."""
    said = (
        sure(line("The cat is not in pressed", 0.2, 0.9, speaker="Announcer"), 0.97, 0.6, 0.9),
        sure(line("Thank you for watching", 1.0, 1.4, doubts=("no speech is heard here",)), 0.3),
        sure(line("And now, farewell to Earth.", 1.5, 2.2), 0.95),
    )
    scan = scene_with_takes.scan
    first = transcripts.keep(
        scan, speech.Transcript(said[2:], "en"), source="tiny.en", maker="machine"
    )
    transcripts.correct(first, "text", ["m0"], {"text": "And now, farewell to Mars."}, by=archivist)
    english = [{"text": "Said in English.", "start": 0.2, "end": 0.9, "doubts": ["unsure"]}]
    facts = {"translation": english}
    return transcripts.keep(
        scan, speech.Transcript(said, "en", facts), source="fast, whisper tiny.en", maker="machine"
    )


def test_a_transcript_is_corrected_by_keys(
    page: Page, log_in: Callable[[User], None], kept: Transcript, reviewer: User
) -> None:
    log_in(reviewer)
    page.goto(f"/reels/{kept.scan.reel_id}/transcript/")
    page.wait_for_function("() => document.getElementById('player').readyState > 0")
    assert faults(page) == []
    english = page.locator("#m0 .english")
    expect(english).to_have_text("machine-made, doubtful, in English Said in English.")
    page.get_by_label("English by a machine").uncheck()
    expect(english).to_be_hidden()
    page.locator("#m0 .w").nth(1).click()
    page.wait_for_function("() => document.getElementById('player').currentTime >= 0.3")
    page.keyboard.press(" ")
    page.keyboard.press("e")
    page.keyboard.type("The cat is not impressed.")
    page.keyboard.press("Enter")
    expect(page.locator("#spoken-said")).to_contain_text("rewritten")
    expect(page.locator("#m0 .text")).to_have_text("The cat is not impressed.")
    page.keyboard.press("Enter")
    expect(page.locator("#m0 .badge")).to_contain_text("speaker machine-made")
    expect(page.locator("#m1")).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#m1 .badge")).to_contain_text("no speech, by")
    page.keyboard.press("Control+z")
    expect(page.locator("#m1 .badge")).to_contain_text("machine-made, doubtful")
    page.locator("#m0").get_by_role("button", name="Confirm the speaker").click()
    expect(page.locator("#m0 .badge")).to_contain_text(f"checked by {reviewer.get_username()}")
    laid = transcripts.layered(kept)
    assert [each.text for each in laid.shown] == [
        "The cat is not impressed.", "Thank you for watching", "And now, farewell to Mars.",
    ]  # fmt: skip
    assert {said.by for said in laid.shown[0].words} == {reviewer.get_username()}


def test_a_key_pressed_as_the_answer_comes_in_is_answered_in_place(
    page: Page, log_in: Callable[[User], None], kept: Transcript, reviewer: User
) -> None:
    log_in(reviewer)
    page.goto(f"/reels/{kept.scan.reel_id}/transcript/")
    page.evaluate(
        """() => new MutationObserver((seen, watch) => {
            watch.disconnect();
            const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true });
            document.getElementById("m1").focus();
            document.activeElement.dispatchEvent(enter);
        }).observe(document.getElementById("spoken"), { childList: true })"""
    )
    page.locator("#m0").get_by_role("button", name="Confirm").click()
    expect(page.locator("#m0 .badge")).to_contain_text("speaker machine-made")
    expect(page.locator("#m1 .badge")).to_contain_text("checked by")
    expect(page.locator("#m2")).to_be_focused()
