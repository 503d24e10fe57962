"""A restorer goes through the doubtful cuts of a reel with the keyboard alone."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from archive import custody
from fixtures.clips import read_number
from restoration import scenes
from restoration.models import BorderFinding, Scene
from tests import factories

pytestmark = pytest.mark.browser


@pytest.fixture
def doubtful(scene_with_takes: Scene) -> Scene:
    """Frames 0 to 35, a cut at 24 that is not sure, and one at 10 that was nearly found."""
    scan = scene_with_takes.scan
    scan.scenes.filter(start_frame=24).update(confidence=0.55)
    BorderFinding.objects.create(
        scan=scan, frame=10, kind="cut", confidence=0.4, accepted=False, evidence={"ranks": 38.2}
    )
    return scene_with_takes


def ranges(scene: Scene) -> list[tuple[int, int]]:
    return [(each.start_frame, each.end_frame) for each in scene.scan.scenes.current()]


def open_storyboard(page: Page, scene: Scene, where: str = "") -> None:
    page.goto(f"/reels/{scene.scan.reel_id}/storyboard/{where}")
    page.wait_for_selector("body[data-pair]")


def expect_at(page: Page, frame: int) -> None:
    page.wait_for_selector(f"body[data-pair='{frame}']")
    expect(page.locator("#name-after")).to_contain_text(f"{frame} ·")


def done(page: Page, words: str) -> None:
    expect(page.locator("#messages")).to_contain_text(words)
    page.wait_for_selector("body[data-pair]")


def numbers_shown(page: Page) -> list[int]:
    """What is burned into the two large pictures."""
    found = []
    for name in ("shown-before", "shown-after"):
        address = page.locator(f"#{name}").get_attribute("src")
        picture = np.frombuffer(page.request.get(address).body(), np.uint8)
        grey = cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE).astype(np.float32)
        found.append(read_number(grey))
    return found


@pytest.mark.slow
def test_a_whole_session_by_keyboard(page: Page, log_in, doubtful, restorer):
    scan, take = doubtful.scan, scenes.head_take(doubtful)
    log_in(restorer)
    page.goto("/")
    expect(page.get_by_text("2 to check")).to_be_visible()
    page.get_by_role("link", name=str(scan.reel)).first.press("Enter")
    page.wait_for_selector("body[data-pair]")
    expect(page.get_by_role("heading", name="Cut at frame 24")).to_be_visible()
    assert numbers_shown(page) == [23, 24]

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect_at(page, 22)
    assert numbers_shown(page) == [21, 22]
    expect(page.locator("#offset")).to_have_text("2 frames before the border")
    page.keyboard.press("Escape")
    expect_at(page, 24)
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("End")
    expect_at(page, 35)
    page.keyboard.press("g")
    page.keyboard.type("22")
    page.keyboard.press("Enter")
    expect_at(page, 22)
    page.keyboard.press("Enter")
    done(page, "The cut was moved from frame 24 to 22")
    assert ranges(doubtful) == [(0, 22), (22, 36)]

    page.keyboard.press("Control+z")
    done(page, "Undone: cut moved from frame 24 to 22")
    assert ranges(doubtful) == [(0, 24), (24, 36)]
    assert scenes.head_take(scan.scenes.current().first()) == take
    page.keyboard.press("Control+Shift+Z")
    done(page, "Done again: cut moved")
    assert ranges(doubtful) == [(0, 22), (22, 36)]
    page.keyboard.press("Control+z")
    done(page, "Undone")

    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Cut at frame 24")).to_be_visible()
    page.wait_for_selector("body[data-pair='24']")
    page.keyboard.press("Enter")
    done(page, "Frame 24 is a cut. 1 left to check.")
    expect(page.get_by_role("heading", name="Not a cut at frame 10")).to_be_visible()
    page.keyboard.press("x")
    done(page, "Frame 10 is no cut. Nothing is left to check.")

    page.keyboard.press("ArrowRight")
    expect_at(page, 11)
    page.keyboard.press("s")
    done(page, "The scene was cut in two at frame 11")
    page.keyboard.press("]")
    expect(page.get_by_role("heading", name="Cut at frame 24")).to_be_visible()
    page.keyboard.press("[")
    expect(page.get_by_role("heading", name="Cut at frame 11")).to_be_visible()
    page.wait_for_selector("body[data-pair='11']")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect_at(page, 15)
    page.keyboard.press("p")
    done(page, "A splice is marked at frame 15")
    expect(page.locator("#frames .chip.splice")).to_have_text(f"splice, {restorer}")
    page.keyboard.press("u")
    done(page, "No splice at frame 15")
    page.keyboard.press("]")
    page.wait_for_selector("body[data-pair='24']")
    page.keyboard.press("[")
    page.wait_for_selector("body[data-pair='11']")
    page.keyboard.press("m")
    done(page, "Joined with the next scene")
    assert ranges(doubtful) == [(0, 24), (24, 36)]

    page.keyboard.press("]")
    page.wait_for_selector("body[data-pair='24']")
    page.keyboard.press("k")
    expect(page.locator("#transition")).to_be_focused()
    page.keyboard.type("diss")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("22")
    page.keyboard.press("Tab")
    page.keyboard.type("27")
    page.keyboard.press("Enter")
    done(page, "Frame 24: dissolve")
    assert scan.scenes.current().last().gradual == [22, 27]

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    edits = page.locator(".edits li")
    expect(edits.filter(has_text="split at frame 11")).to_contain_text(str(restorer))
    assert custody.verify_chain(f"reel:{scan.reel_id}") == []


def test_who_may_not_edit_compares_both_frames_and_is_offered_nothing(
    page: Page, log_in, doubtful, reviewer
):
    log_in(reviewer)
    open_storyboard(page, doubtful)
    brightness = """() => {
      const canvas = document.getElementById("mix");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, value, index) => (index % 4 === 3 ? sum : sum + value), 0);
    }"""
    quiet = page.evaluate(brightness)
    page.keyboard.press("d")
    expect(page.locator("#difference")).to_contain_text("×4")
    assert page.evaluate(brightness) > quiet
    page.keyboard.press("f")
    expect(page.locator("#mix-name")).to_have_text("last before")
    page.keyboard.press("f")
    expect(page.locator("#mix-name")).to_have_text("first after")
    expect(page.get_by_text("Archivists and restorers edit the cuts.")).to_be_visible()
    expect(page.locator("main form:not([method=dialog]), aside form")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect_at(page, 25)
    for key in ("Enter", "s", "m", "x", "p", "Control+z"):
        page.keyboard.press(key)
    page.keyboard.press("]")
    assert ranges(doubtful) == [(0, 24), (24, 36)]


@pytest.mark.slow
def test_an_undo_of_what_somebody_else_has_changed_since_is_refused_in_words(
    page: Page, log_in, doubtful, restorer, archivist
):
    scenes.split(doubtful, 12, by=restorer)
    log_in(restorer)
    open_storyboard(page, doubtful)
    scenes.split(doubtful.scan.scenes.current().last(), 30, by=archivist)
    page.keyboard.press("Control+z")
    done(page, f"the last edit is “split at frame 30” by {archivist} meanwhile; look again")
    assert ranges(doubtful) == [(0, 12), (12, 24), (24, 30), (30, 36)]


def test_a_reel_without_scenes_says_what_to_do(page: Page, log_in, transactional_db, restorer):
    scan = factories.make_scan()
    log_in(restorer)
    page.goto(f"/reels/{scan.reel_id}/storyboard/")
    expect(page.get_by_text("The cuts were not looked for.")).to_be_visible()


def test_without_scripts_cuts_are_split_moved_joined_and_undone(
    browser, live_server, doubtful, restorer
):
    plain = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = plain.new_page()
    page.goto(f"/login/?next=/reels/{doubtful.scan.reel_id}/storyboard/")
    page.get_by_label("Name").fill(restorer.username)
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Cut at frame 24")).to_be_visible()
    page.get_by_role("link", name="ten frames back").click()
    expect(page.get_by_role("img", name="First frame after: 14")).to_be_visible()
    page.get_by_role("button", name="Split here").click()
    expect(page.get_by_text("cut in two at frame 14")).to_be_visible()
    page.get_by_label("At frame").fill("16")
    page.get_by_role("button", name="Move the cut here").click()
    expect(page.get_by_text("The cut was moved from frame 14 to 16")).to_be_visible()
    assert ranges(doubtful) == [(0, 16), (16, 24), (24, 36)]
    page.get_by_role("button", name="Join scenes").click()
    expect(page.get_by_text("Joined with the next scene")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: merged across frame 16")).to_be_visible()
    assert ranges(doubtful) == [(0, 16), (16, 24), (24, 36)]
    expect(page).to_have_url(re.compile("border=16"))
    plain.close()


def test_a_doubtful_mark_is_confirmed_or_refused_by_a_key(page: Page, log_in, doubtful, restorer):
    scene = doubtful.scan.scenes.current().first()
    scene.marks = [{"frame": 12, "kind": "splice", "confidence": 0.52}]
    scene.save()
    log_in(restorer)
    open_storyboard(page, doubtful)
    expect(page.get_by_role("heading", name="Splice at frame 12")).to_be_visible()
    assert numbers_shown(page) == [11, 12]
    page.keyboard.press("Enter")
    done(page, "Frame 12: splice. 2 left to check.")
    page.keyboard.press("Control+z")
    done(page, "Undone: splice at frame 12")
    expect(page.get_by_role("heading", name="Splice at frame 12")).to_be_visible()
    page.wait_for_selector("body[data-pair='12']")
    page.keyboard.press("o")
    done(page, "Frame 12: no splice. 2 left to check.")
    expect(page.get_by_role("heading", name="Cut at frame 24")).to_be_visible()
    scene.refresh_from_db()
    assert scene.marks == []
