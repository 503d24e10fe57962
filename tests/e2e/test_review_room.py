"""A person finds a scene, compares, decides, and sees when a decision no longer holds."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from restoration import viewing
from review import decisions
from review.models import Approval, Note
from tests import factories
from tests.e2e.player import KEEP_VIDEOS, open_player
from tests.review.approved_reel import make_real_take

pytestmark = pytest.mark.browser

PIXELS = """() => {
  const canvas = document.querySelector("canvas.picture");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let coloured = 0, bright = 0;
  for (let place = 0; place < data.length; place += 4) {
    const [red, green, blue] = [data[place], data[place + 1], data[place + 2]];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > 12) coloured += 1;
    if (red + green + blue > 120) bright += 1;
  }
  return { coloured, bright, all: data.length / 4 };
}"""


def test_from_the_door_to_the_scene(page: Page, live_server, reel, archivist):
    page.goto(f"/reels/{reel.pk}/")
    expect(page).to_have_url(re.compile("/login/"))
    page.get_by_label("Name").fill(archivist.username)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_label("Name").fill(archivist.username)
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name=reel.title.name)).to_be_visible()
    page.get_by_role("link", name="Catalogue").first.click()
    expect(page.get_by_role("heading", name="Catalogue")).to_be_visible()
    page.wait_for_load_state()  # what is typed before the page's script runs asks nothing
    page.get_by_label("Words of the description").fill("nothing like it")
    expect(page.get_by_text("No reel matches")).to_be_visible()
    page.get_by_label("Words of the description").fill("harbour")
    expect(page.get_by_role("link", name=reel.title.name)).to_be_visible()
    page.get_by_label("State").select_option("approved")
    expect(page.get_by_text("No reel matches")).to_be_visible()
    page.get_by_label("State").select_option("")
    page.get_by_role("link", name=reel.title.name).click()
    page.get_by_role("link", name="Scene 1").first.click()
    expect(page.locator("#frame")).to_have_text("0")


def test_the_take_is_compared_with_the_scan(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    pressed = page.locator("[data-mode][aria-pressed=true]")
    expect(pressed).to_have_text("Take")
    assert page.evaluate(PIXELS)["coloured"] == 0, "something tints the picture"
    page.keyboard.press("p")
    expect(page.locator("#overlay")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#frame-shares li").first).to_be_visible()
    page.wait_for_selector("body[data-map='0 structure']")
    assert page.evaluate(PIXELS)["coloured"] > 1000, "the overlay is not drawn"
    page.keyboard.press("p")
    page.keyboard.press("w")
    expect(pressed).to_have_text("Wipe")
    box = page.locator("canvas.picture").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 100, steps=3)
    page.mouse.up()
    page.keyboard.press("d")
    expect(pressed).to_have_text("Difference ×1")
    quiet = page.evaluate(PIXELS)["bright"]
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(pressed).to_have_text("Difference ×8")
    assert page.evaluate(PIXELS)["bright"] >= quiet
    page.keyboard.press("f")
    expect(pressed).to_have_text("Take")
    page.keyboard.press("f")
    expect(pressed).to_have_text("Scan")


def test_two_takes_are_compared(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    page.add_init_script(KEEP_VIDEOS)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    page.get_by_role("link", name="compare with deflicker take 1").click()
    expect(page).to_have_url(re.compile("against="))
    page.wait_for_selector("body[data-frame]")
    expect(page.locator("[data-mode=scan]")).to_have_text("deflicker 1")
    first = scene_with_takes.scan.takes.get(stage="deflicker")
    seen = page.evaluate("() => window.videos.map((v) => v.src)")
    assert any(f"/takes/{first.pk}/view.mp4" in address for address in seen)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#frame")).to_have_text("1")


def test_keys_move_by_frames_and_open_the_list_of_keys(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    frame = page.locator("#frame")
    for key, shown in [
        ("ArrowRight", "1"),
        ("Shift+ArrowRight", "11"),
        ("ArrowLeft", "10"),
        ("End", "23"),
        ("ArrowRight", "23"),
        ("Home", "0"),
    ]:
        page.keyboard.press(key)
        expect(frame).to_have_text(shown)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    expect(page.get_by_role("heading", name="Scene 2")).to_be_visible()


def test_approving_says_what_is_approved(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    take = scene_with_takes.scan.takes.get(stage="repair")
    side = page.get_by_label("Decision and notes")
    expect(side).to_contain_text("repair take 1")
    expect(side).to_contain_text(take.digest[:12])
    expect(side).to_contain_text("Machine-made")
    page.keyboard.press("a")
    expect(page.locator("#approve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(side).to_contain_text(f"Checked by {reviewer}")
    approval = Approval.objects.get()
    assert (approval.digest, approval.decision) == (take.digest, "approved")


@pytest.mark.slow
def test_a_request_for_changes_needs_words(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    page.locator("#request-changes").click()
    expect(page.get_by_text("Say what should change")).to_be_visible()
    assert not Approval.objects.exists()
    page.keyboard.press("r")
    page.keyboard.type("hair at the left, frame 3")
    page.locator("#request-changes").click()
    expect(page.get_by_text(f"{reviewer} asked for changes")).to_be_visible()
    assert Approval.objects.get().reason == "hair at the left, frame 3"


@pytest.mark.slow
def test_a_newer_take_makes_the_decision_stale_in_sight(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    scene = scene_with_takes
    old = scene.scan.takes.get(stage="repair")
    decisions.approve(scene, old, by=reviewer)
    open_player(page, f"/scenes/{scene.pk}/")
    expect(page.locator(".decide .badge").first).to_have_text("approved")
    first = scene.scan.takes.get(stage="deflicker")
    viewing.make_view(make_real_take(scene, stage="repair", after=first, **slightly_different()))
    page.reload()
    expect(page.get_by_text("This decision is stale:")).to_be_visible()
    expect(page.locator(".standing.warn")).to_contain_text("take 2")
    page.goto("/")
    expect(page.get_by_role("heading", name="Decisions that went stale")).to_be_visible()


def slightly_different() -> dict[str, object]:
    """A repair parameter with another value than the default."""
    import dataclasses

    from restoration.stages import find_stage

    for entry in dataclasses.fields(find_stage("repair").params):
        if isinstance(entry.default, float) and entry.default > 0:
            return {entry.name: entry.default * 1.01}
    raise AssertionError("repair has no parameter that is a float")


@pytest.mark.slow
def test_a_decision_on_a_page_left_open_is_refused(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    factories.make_take(scene=scene_with_takes, stage="repair")
    page.locator("#approve").click()
    expect(page.get_by_text("Nothing was recorded")).to_be_visible()
    assert not Approval.objects.exists()


@pytest.mark.slow
def test_a_note_is_written_at_the_frame_shown_and_resolved(
    page: Page, log_in, scene_with_takes, restorer
):
    log_in(restorer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#frame")).to_have_text("10")
    page.keyboard.press("n")
    page.keyboard.type("a hair")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_text("a hair")).to_be_visible()
    note = Note.objects.get()
    assert (note.start_frame, note.end_frame) == (10, 11)
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Open again")).to_be_visible()


def test_a_cut_is_made_where_the_player_stands(page: Page, log_in, scene_with_takes, restorer):
    log_in(restorer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#id_frame")).to_have_value("10")
    page.get_by_role("button", name="Split here").click()
    expect(page.get_by_text("The scene was cut in two")).to_be_visible()
    current = scene_with_takes.scan.scenes.current()
    assert [(scene.start_frame, scene.end_frame) for scene in current] == [
        (0, 10),
        (10, 24),
        (24, 36),
    ]


def test_without_scripts_the_stills_and_the_decision_are_there(
    browser, live_server, scene_with_takes, reviewer
):
    plain = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = plain.new_page()
    page.goto(f"/login/?next=/scenes/{scene_with_takes.pk}/")
    page.get_by_label("Name").fill(reviewer.username)
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    for name in ("Scan, frame 12", "Take, frame 12", "Provenance map, frame 12"):
        picture = page.get_by_role("img", name=name)
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") == 192
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"Checked by {reviewer}")).to_be_visible()
    plain.close()


@pytest.mark.slow
def test_the_error_to_expect_of_an_enlargement_lies_over_it(
    page: Page, log_in, scene_with_takes, reviewer
):
    made = {"engine": "compact", "scale": 2, "tile": 64}
    large = make_real_take(scene_with_takes, stage="upscale", **made)
    viewing.make_view(large)
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/?take={large.pk}")
    page.get_by_label("Plane of the map").select_option("expected error")
    page.keyboard.press("p")
    expect(page.locator("body")).to_have_attribute("data-map", re.compile(r"^\d+ heat$"))
    expect(page.locator("#heat-words")).to_be_visible()
    assert page.evaluate(PIXELS)["coloured"] > 0


@pytest.mark.slow
def test_ctrl_z_takes_back_what_was_done_last_and_asks_before_a_decision(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    said = page.locator("#messages")
    page.keyboard.press("Control+z")
    expect(said).to_have_text("There is nothing of yours to take back on this scene.")
    page.keyboard.press("n")
    page.get_by_label("Note", exact=True).fill("dust")
    page.get_by_role("button", name="Box").click()
    corners = ("Enter", "ArrowRight", "ArrowDown", "Enter")
    for key in ("Enter", *corners, *corners):  # a cross, and two boxes with it
        page.keyboard.press(key)
    expect(page.locator("#draw-said")).to_contain_text("shapes drawn")
    page.keyboard.press("Control+z")
    expect(said).to_contain_text("Taken back: the last shape of your note. 1 is left.")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#notes-said")).to_contain_text("Note kept.")
    page.locator("canvas.picture").focus()
    page.keyboard.press("Control+z")
    expect(said).to_contain_text("Taken back: your note on frame")
    expect(page.locator("#notes .resolved")).to_have_count(1)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"Checked by {reviewer}")).to_be_visible()
    page.wait_for_selector("canvas.picture")
    for answer, words in (("Leave it", "Nothing was taken back."), ("Take it back", "withdrawn")):
        page.keyboard.press("Control+z")
        asked = page.get_by_role("dialog", name="Withdraw your approval")
        expect(asked).to_be_visible()
        asked.get_by_role("button", name=answer).click()
        expect(said).to_contain_text(words)
    assert decisions.current_approval(scene_with_takes) is None
