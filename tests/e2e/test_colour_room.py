"""A reviewer paints hints on one frame, colours the scene and sees them everywhere in it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from restoration.models import Hint, Scene
from tests.e2e.player import open_player
from tests.e2e.test_accessible import faults
from tests.e2e.test_repair_decisions import point

pytestmark = pytest.mark.browser

FRAME = 8


def open_frame(page: Page, scene: Scene) -> None:
    open_player(page, f"/scenes/{scene.pk}/#frame={FRAME}")
    page.wait_for_selector(f"body[data-hints='{FRAME} 0']")


def test_hints_are_painted_undone_and_kept_by_name(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_frame(page, scene_with_takes)
    section = page.locator("#colour")
    page.locator("#brush-colour").fill("#b4281e")
    page.keyboard.press("h")
    page.mouse.click(*point(page, 40, 60))
    expect(section).to_contain_text("Painted in frame 8: 1 patch of #b4281e.")
    page.mouse.move(*point(page, 100, 80))
    page.mouse.down()
    page.mouse.move(*point(page, 150, 80), steps=10)
    page.mouse.up()
    page.wait_for_selector(f"body[data-hints='{FRAME} 7']")
    page.keyboard.press("Control+z")
    expect(section).to_contain_text("Taken back in frame 8: 6 patches of #b4281e.")
    page.get_by_text("Name the brush's colour").click()
    page.locator("#palette-name").fill("Anna")
    page.locator("#entry-name").fill("hat")
    page.locator("#entry-source").fill("a letter of 1911")
    page.get_by_role("button", name="Keep the colour").click()
    page.get_by_role("button", name="Anna: hat").click()
    expect(page.locator("#brush-entry")).to_contain_text("Anna: hat")
    page.mouse.click(*point(page, 120, 100))
    expect(section.locator(".hints")).to_contain_text("Anna: hat")
    first, second = Hint.objects.standing().order_by("pk")
    assert (first.x, first.y, first.width, first.frame) == (34, 54, 12, FRAME)
    assert str(second.entry) == "Anna: hat" and second.by == reviewer
    page.keyboard.press("Escape")
    assert faults(page) == []
