"""In the review room a person clicks a repair, keeps or undoes it, protects a place, runs again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from restoration import repairs
from restoration.models import ProtectedRegion, RepairDecision, Scene, StageRun
from tests.e2e.player import open_player
from tests.e2e.test_accessible import faults

pytestmark = pytest.mark.browser

TORN = 3
"""The frame with a white tear, at 64 to 81 by 72 to 85."""


def open_torn(page: Page, scene: Scene) -> None:
    """The room at the torn frame, with the map over it and its repairs outlined."""
    open_player(page, f"/scenes/{scene.pk}/#frame={TORN}")
    page.wait_for_selector(f"body[data-frame='{TORN}']")
    page.keyboard.press("p")
    page.wait_for_selector(f"body[data-repairs^='{TORN} ']")


def point(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the picture lies on the page, at the zoom that fits."""
    box: Any = page.locator("canvas.picture").bounding_box()
    scale = min(box["width"] / 192, box["height"] / 144)
    left = box["x"] + (box["width"] - 192 * scale) / 2
    top = box["y"] + (box["height"] - 144 * scale) / 2
    return left + (x + 0.5) * scale, top + (y + 0.5) * scale


def test_a_click_on_a_repair_says_what_it_is_and_offers_no_run_to_a_reviewer(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_torn(page, scene_with_takes)
    here = page.locator("#repair-here")
    expect(here).to_be_hidden()
    page.mouse.click(*point(page, 72, 78))
    expect(here).to_be_visible()
    expect(here).to_contain_text("Repair")
    expect(here).to_contain_text("pixels")
    page.keyboard.press("Escape")
    expect(here).to_be_hidden()
    page.mouse.click(*point(page, 5, 130))
    expect(here).to_be_hidden()
    # A reviewer decides on repairs but starts no runs.
    expect(page.get_by_role("button", name="Draw a region")).to_be_visible()
    expect(page.get_by_role("button", name="Run again from here")).to_have_count(0)


@pytest.mark.slow
def test_undone_by_a_click_and_taken_back(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_torn(page, scene_with_takes)
    page.mouse.click(*point(page, 72, 78))
    page.locator("#repair-reason").fill("a white glove")
    page.get_by_role("button", name="Undo U").click()
    section = page.locator("#repairs")
    expect(section).to_contain_text("Undone in frame 3")
    expect(section).to_contain_text("a white glove")
    expect(section).to_contain_text("1 undone repair added since")
    made = RepairDecision.objects.get()
    assert (made.decision, made.by, made.frame) == ("undo", reviewer, TORN)
    page.get_by_role("button", name="Take back").click()
    expect(section).to_contain_text("No single repair was kept or undone.")
    made.refresh_from_db()
    assert made.withdrawn_by == reviewer


def test_everything_by_keyboard(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/#frame={TORN}")
    page.wait_for_selector(f"body[data-frame='{TORN}']")
    page.keyboard.press("c")  # lays the map over the picture by itself
    here = page.locator("#repair-here")
    expect(here).to_contain_text("Repair 1 of")
    page.keyboard.press("y")
    expect(page.locator("#repairs")).to_contain_text("Kept in frame 3. Its label stays what it is.")
    assert RepairDecision.objects.get().decision == "keep"
    page.keyboard.press("C")
    expect(here).to_contain_text("Repair")
    page.get_by_text("Protect a box in numbers").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Left", exact=True).fill("10")
    page.get_by_label("Top", exact=True).fill("12")
    page.get_by_label("Width", exact=True).fill("30")
    page.get_by_label("Height", exact=True).fill("20")
    page.get_by_label("Height", exact=True).press("Enter")
    expect(page.locator("#repairs")).to_contain_text("30 by 20 pixels at 10, 12")
    region = ProtectedRegion.objects.get()
    assert region.box == (10, 12, 30, 20)
    assert (region.start_frame, region.end_frame) == (0, 24)


def test_a_region_is_drawn_and_removed(page: Page, log_in, scene_with_takes, restorer):
    log_in(restorer)
    open_torn(page, scene_with_takes)
    page.get_by_role("button", name="Draw a region").click()
    for x, y in ((60, 60), (100, 60), (100, 100)):
        page.mouse.click(*point(page, x, y))
    page.keyboard.press("Enter")
    expect(page.locator("#protect-drawn")).to_contain_text("3 corners")
    page.locator("#protect-last").fill("5")
    page.locator("#protect-reason").fill("lettering")
    page.get_by_role("button", name="Protect", exact=True).click()
    section = page.locator("#repairs")
    expect(section).to_contain_text("Protected: the next run changes nothing in there.")
    expect(section).to_contain_text("lettering")
    region = ProtectedRegion.objects.get()
    assert region.polygon == [[60, 60], [100, 60], [100, 100]] or region.box == (60, 60, 41, 41)
    assert (region.start_frame, region.end_frame) == (0, 6)
    page.get_by_role("button", name="Remove").click()
    expect(section).to_contain_text("None. Repair may touch every place.")


def test_a_dragged_box_protects_and_the_run_carries_it(
    page: Page, log_in, scene_with_takes, restorer
):
    log_in(restorer)
    open_torn(page, scene_with_takes)
    page.keyboard.press("g")
    page.mouse.move(*point(page, 60, 60))
    page.mouse.down()
    page.mouse.move(*point(page, 90, 80), steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Protect", exact=True).click()
    section = page.locator("#repairs")
    expect(section).to_contain_text("1 protected region added since")
    page.get_by_role("button", name="Run again from here").click()
    expect(section).to_contain_text("Started: repair")
    expect(section).to_contain_text("waiting: 0 of 24 frames")
    run = StageRun.objects.get(status="queued")
    assert run.params["protect"][0]["frames"] == [0, 24]
    StageRun.objects.filter(pk=run.pk).update(frames_done=12)
    expect(section).to_contain_text("12 of 24 frames")  # in place, without loading the page


@pytest.mark.slow
def test_the_section_has_no_serious_fault(page: Page, log_in, scene_with_takes, archivist):
    scene = scene_with_takes
    take = scene.scan.takes.get(stage="repair")
    repair = max(repairs.repairs_in(take, TORN), key=lambda each: each.pixels)
    repairs.decide(take, TORN, repair.at, decision="undo", by=archivist, reason="a glove")
    repairs.protect(scene, [[1, 1], [40, 1], [40, 40]], (0, 24), by=archivist, reason="title")
    log_in(archivist)
    open_torn(page, scene)
    page.keyboard.press("c")
    expect(page.locator("#repair-here")).to_be_visible()
    page.get_by_text("Protect a box in numbers").click()
    assert faults(page) == []
