"""Review room and transcript room, every action of them, without a pointer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from restoration import transcripts
from restoration.models import Hint, ProtectedRegion, RepairDecision, StageRun, Transcript
from review.models import Approval, HandOver, Note
from tests.e2e.player import open_player
from tests.e2e.test_repair_decisions import TORN
from tests.e2e.test_transcript import kept

__all__ = ["kept"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_STEPS = 220
"""Tab stops of the longest page, about twice over."""


@pytest.fixture
def page(page: Page) -> Page:
    """A page whose pointer is taken away."""

    def no_pointer(*_: object, **__: object) -> None:
        raise AssertionError("the pointer was used")

    for name in ("click", "move", "down", "up", "dblclick", "wheel"):
        setattr(page.mouse, name, no_pointer)
    return page


def reach(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Go to an element by Tab, as a person without a pointer must."""
    expect(wanted).to_be_visible()
    for _ in range(MOST_STEPS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{wanted} cannot be reached by Tab")


def press(page: Page, wanted: Locator, key: str = "Enter", *, back: bool = False) -> None:
    reach(page, wanted, back=back)
    page.keyboard.press(key)


def keys(page: Page, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


def picture(page: Page) -> str:
    found: str = page.evaluate("document.querySelector('canvas.picture').toDataURL()")
    return found


def stand_on(page: Page, frame: int) -> None:
    page.wait_for_selector(f"body[data-frame='{frame}']")


def button(page: Page, name: str, *, exact: bool = True) -> Locator:
    return page.get_by_role("button", name=name, exact=exact)


def test_a_scene_is_played_compared_and_read(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    body, frame = page.locator("body"), page.locator("#frame")
    playing = page.locator("[data-act=play][aria-pressed=true]")
    for key in (" ", "l", "j"):
        page.keyboard.press("End" if key == "j" else "Home")
        stand_on(page, 23 if key == "j" else 0)
        page.keyboard.press(key)
        expect(playing).to_have_count(1)
        expect(frame).not_to_have_text("23" if key == "j" else "0")
        page.keyboard.press("k")
        expect(playing).to_have_count(0)
    keys(page, "Home", "Shift+ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft")
    stand_on(page, 9)
    keys(page, "i", "ArrowRight", "ArrowRight", "o")
    expect(page.locator("#range")).to_contain_text("9")
    keys(page, "Shift+L", "ArrowUp")
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#speed")).to_have_value("2")
    keys(page, "Shift+I", "ArrowDown", "Shift+L")

    compare(page)
    expect(page.locator("#precision")).to_have_text("exact pixels")
    before = picture(page)
    keys(page, "+", "+", "+")
    enlarged = picture(page)
    keys(page, "6", "2")
    moved = picture(page)
    assert len({before, enlarged, moved}) == 3
    keys(page, "0", "v", "Shift+ArrowUp")
    expect(body).to_have_attribute("data-view", re.compile("0.5 1 red"))
    page.keyboard.press("Shift+V")

    keys(page, "p", "m")
    switch = page.locator("#shares-now button.switch").first
    press(page, switch, "Space")
    expect(switch).to_have_attribute("aria-pressed", "false")
    pixel = page.locator("#pixel")
    page.keyboard.press("Shift+P")
    expect(pixel).to_have_text(re.compile(r"^96, 72 · structure .* → "))
    keys(page, "ArrowRight", "Shift+ArrowDown")
    expect(pixel).to_have_text(re.compile(r"^97, 82 "))
    page.keyboard.press("Escape")
    expect(pixel).to_have_text("")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    page.wait_for_url(re.compile(f"/scenes/(?!{scene_with_takes.pk}/)"))


def compare(page: Page) -> None:
    body = page.locator("body")
    mode = page.locator("[data-mode][aria-pressed=true]")
    for key, name in (("s", "Side by side"), ("d", "Difference ×1"), ("d", "Difference ×4"),
                      ("f", "Take"), ("f", "Scan"), ("b", "Onion"), ("w", "Wipe")):  # fmt: skip
        page.keyboard.press(key)
        expect(mode).to_have_text(name)
    keys(page, ".", "q")
    expect(body).to_have_attribute("data-wipe", "0.520 0.500 15")
    keys(page, "Shift+Q", ",")
    expect(body).to_have_attribute("data-wipe", "0.500 0.500 0")


def test_notes_hints_and_regions_are_made(page: Page, log_in, scene_with_takes, archivist):
    log_in(archivist)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    page.keyboard.press("n")
    page.keyboard.type("what is this?")
    press(page, button(page, "Arrow"))
    keys(page, "Enter", "Enter", "Shift+ArrowRight", "Enter")
    press(page, button(page, "Box"))
    keys(page, "Enter", "Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter", "Escape", "n")
    press(page, button(page, "Keep the note"))
    expect(page.locator("#notes-said")).to_contain_text("Note kept.")
    arrow, box = Note.objects.get().drawing
    assert arrow["points"] == [[96, 72], [106, 72]] and box["points"] == [[96, 72], [106, 82]]
    press(page, page.locator("#notes summary", has_text="Answer"))
    reach(page, page.get_by_label("Answer", exact=True))
    page.keyboard.type("a mast")
    press(page, button(page, "Send the answer"))
    expect(page.locator("#notes-said")).to_contain_text("Answer kept.")
    press(page, button(page, "Resolve", exact=False))
    expect(page.locator("#notes .resolved")).to_have_count(1)

    page.locator("canvas.picture").focus()
    keys(page, "h", "Enter", "Shift+ArrowRight", "Enter")
    colour = page.locator("#colour")
    expect(colour).to_contain_text("1 patch")
    assert Hint.objects.standing().count() == 1
    page.keyboard.press("Control+z")
    expect(colour).to_contain_text("None. With no hint")
    keys(page, "Escape", "Escape", "g", "Enter", "Enter")
    keys(page, "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter", "Enter")
    expect(page.locator("#protect-drawn")).to_contain_text("3 corners")
    press(page, button(page, "Protect"))
    expect(page.locator("#repairs")).to_contain_text("Protected: the next run changes nothing")
    assert ProtectedRegion.objects.get().box == (96, 72, 11, 11)


def test_repairs_and_takes_are_decided_on_and_run_again(
    page: Page, log_in, scene_with_takes, archivist, reviewer
):
    scene = scene_with_takes
    log_in(archivist)
    open_player(page, f"/scenes/{scene.pk}/#frame={TORN}")
    stand_on(page, TORN)
    keys(page, "a", "Enter")
    standing = page.locator(".decide .standing").first
    expect(standing).to_contain_text("Checked by anna")
    page.wait_for_selector("body[data-frame]")
    page.keyboard.press("r")
    page.keyboard.type("the sky breathes")
    press(page, page.locator("#request-changes"))
    expect(standing).to_contain_text("anna asked for changes")
    assert [each.decision for each in Approval.objects.order_by("pk")] == ["approved", "changes"]
    press(page, page.locator(".hand-over summary"))
    reach(page, page.locator("#hand-to"))
    page.keyboard.type("vera")
    reach(page, page.locator("#hand-word"))
    page.keyboard.type("your eyes, please")
    press(page, button(page, "Hand it over"))
    expect(page.locator(".decide")).to_contain_text("Handed to vera")
    assert HandOver.objects.get().to == reviewer

    open_player(page, f"/scenes/{scene.pk}/?again#frame={TORN}")
    stand_on(page, TORN)
    section, here = page.locator("#repairs"), page.locator("#repair-here")
    page.keyboard.press("c")
    expect(here).to_contain_text("Repair 1 of")
    page.keyboard.press("y")
    expect(section).to_contain_text("Kept in frame 3.")
    page.keyboard.press("c")
    expect(here).to_contain_text("Repair 1 of")
    page.keyboard.press("u")
    expect(section).to_contain_text("Undone in frame 3")
    assert RepairDecision.objects.standing().latest("pk").decision == "undo"
    page.keyboard.press("Control+z")
    said = page.locator("#messages")
    expect(said).to_contain_text("Taken back: your word on a repair of frame 3 (undone)")
    expect(section).to_contain_text("Taken back: frame 3 is decided by the stage.")
    page.keyboard.press("c")
    expect(here).to_contain_text("Repair 1 of")
    page.keyboard.press("u")
    expect(section).to_contain_text("Undone in frame 3")
    press(page, button(page, "Run again from here"))
    expect(section).to_contain_text("Started: repair")
    assert StageRun.objects.filter(status="queued").exists()


def test_a_stage_is_sent_back_by_itself_and_that_is_taken_back(
    page: Page, log_in, scene_with_takes, reviewer
):
    scene = scene_with_takes
    log_in(reviewer)
    open_player(page, f"/scenes/{scene.pk}/")
    press(page, page.locator(".stages a").first)
    expect(page.locator("#alone")).to_contain_text("You decide on deflicker take 1 by itself.")
    page.wait_for_selector("body[data-frame]")
    page.keyboard.press("r")
    page.keyboard.type("it pumps")
    press(page, page.locator("#request-changes"))
    expect(page.locator("#alone")).to_contain_text("changes requested")
    word = Approval.everything.get()
    assert word.alone and word.digest == word.take.digest
    press(page, page.locator("#alone a"))
    back = page.locator(".decide .standing.warn")
    expect(back).to_contain_text("Deflicker take 1 was sent back by itself")
    expect(page.locator("#approve")).to_be_disabled()
    page.wait_for_selector("body[data-frame]")
    page.keyboard.press("Control+z")
    expect(page.locator("#undo-ask")).to_contain_text("Withdraw your request for changes")
    press(page, button(page, "Take it back"))
    expect(page.locator("#approve")).to_be_enabled()
    word.refresh_from_db()
    assert word.withdrawn_by == reviewer


def test_a_transcript_is_corrected(
    page: Page, log_in: Callable[[User], None], kept: Transcript, reviewer: User
) -> None:
    log_in(reviewer)
    page.goto(f"/reels/{kept.scan.reel_id}/transcript/")
    page.wait_for_function("() => document.getElementById('player').readyState > 0")
    said = page.locator("#spoken-said")
    keys(page, "ArrowDown", "ArrowRight", "ArrowRight")
    expect(page.locator("#m0 .w.picked")).to_have_text("cat")
    page.wait_for_function("() => document.getElementById('player').currentTime >= 0.3")
    keys(page, "p", " ", "ArrowRight", "ArrowRight", "e")
    page.keyboard.press("Control+Enter")
    expect(said).to_contain_text("split")
    first = page.locator("#said .line").first
    expect(first.locator(".text")).to_have_text("The cat is")
    expect(first).to_be_focused()
    page.keyboard.press("m")
    expect(first.locator(".text")).to_have_text("The cat is not in pressed")
    expect(first).to_be_focused()
    page.keyboard.press("e")
    page.keyboard.type("The cat is not impressed.")
    page.keyboard.press("Enter")
    expect(first.locator(".text")).to_have_text("The cat is not impressed.")
    page.keyboard.press("Alt+ArrowRight")
    expect(said).to_contain_text("moved")
    keys(page, "ArrowDown", "x")
    expect(page.locator("#m1 .badge")).to_contain_text("no speech, by")
    page.keyboard.press("Control+z")
    expect(page.locator("#m1 .badge")).to_contain_text("machine-made, doubtful")

    page.locator("#m1").focus()
    page.keyboard.press("1")
    expect(page.locator("#m1 .speaker")).to_have_text("Announcer")
    page.keyboard.press("s")
    press(page, page.get_by_label("This line"), "ArrowDown")
    expect(page.get_by_label("This voice")).to_be_checked()
    page.keyboard.press("ArrowUp")
    reach(page, page.locator("#new-speaker"), back=True)
    page.keyboard.type("Miss Pym")
    page.keyboard.press("Enter")
    expect(page.locator("#m1 .speaker")).to_have_text("Miss Pym")
    tint = page.get_by_label("Tint words by confidence")
    press(page, tint, "Space", back=True)
    expect(tint).not_to_be_checked()
    laid = transcripts.layered(kept)
    assert laid.shown[0].text == "The cat is not impressed." and len(laid.shown) == 3
    look_at_cues(page)


def look_at_cues(page: Page) -> None:
    press(page, page.get_by_role("link", name="See the cues"))
    page.wait_for_url(re.compile("/cues/"))
    reach(page, page.locator("#profile"))
    page.keyboard.type("Netflix")
    expect(page.locator("#cues-title")).to_contain_text("Netflix")
    press(page, page.get_by_role("link", name="That break a rule"))
    page.wait_for_url(re.compile("rule=broken"))
    press(page, page.get_by_role("link", name="All", exact=True))
    press(page, page.locator("#cues li > a").first)
    page.wait_for_url(re.compile("/transcript/"))
