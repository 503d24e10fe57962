"""Two pictures are compared by a wipe at any angle, an onion, a range that loops, another view."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.acting import act, wrong
from tests.e2e.player import open_player

pytestmark = pytest.mark.browser

BRIGHTNESS = """(points) => {
  const canvas = document.querySelector("canvas.picture");
  const context = canvas.getContext("2d");
  return points.map(([x, y]) => {
    const [left, top] = [canvas.width / 2 + x - 3, canvas.height / 2 + y - 3];
    const { data } = context.getImageData(left, top, 7, 7);
    let sum = 0;
    data.forEach((value, place) => (sum += place % 4 === 3 ? 0 : value / 3));
    return sum / (data.length / 4);
  });
}"""
CORNERS = [[-120, -120], [120, 120], [-120, 120], [120, -120]]
"""Around the middle of the picture, in pixels of the screen."""


def brightness(page: Page) -> list[float]:
    found: list[float] = page.evaluate(BRIGHTNESS, CORNERS)
    return found


def at_rest(page: Page, frame: int) -> None:
    """Exact pixels of a frame whose scan and take differ."""
    open_frame = f"body[data-frame='{frame}']"
    page.wait_for_selector(open_frame)
    expect(page.locator("#precision")).to_have_text("exact pixels")


def test_the_wipe_is_turned_and_moved_by_pointer_and_keys(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/#frame=2")
    at_rest(page, 2)
    take = brightness(page)
    page.keyboard.press("f")
    scan = brightness(page)
    assert all(abs(one - other) > 4 for one, other in zip(scan, take, strict=True))
    page.keyboard.press("w")
    box: Any = page.locator("canvas.picture").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0], middle[1] - 84)
    page.mouse.down()
    page.mouse.move(middle[0] + 70, middle[1] - 70, steps=3)
    page.mouse.up()
    expect(page.locator("body")).to_have_attribute("data-wipe", "0.500 0.500 45")
    assert brightness(page)[:2] == pytest.approx([scan[0], take[1]], abs=1)
    for _ in range(3):
        page.keyboard.press("q")
    expect(page.locator("body")).to_have_attribute("data-wipe", re.compile(" 90$"))
    assert brightness(page) == pytest.approx([scan[0], take[1], take[2], scan[3]], abs=1)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] + 200, steps=3)
    page.mouse.up()
    assert brightness(page) == pytest.approx(scan, abs=1), "the line lies below all four"
    for _ in range(50):
        page.keyboard.press(",")
    assert brightness(page) == pytest.approx(take, abs=1)
    page.keyboard.press("b")
    expect(page.locator("#mix")).to_be_visible()
    both = [(one + other) / 2 for one, other in zip(scan, take, strict=True)]
    assert brightness(page) == pytest.approx(both, abs=2)
    for _ in range(25):
        page.keyboard.press(".")
    assert brightness(page) == pytest.approx(take, abs=1)


def test_the_view_changes_what_is_seen_and_nothing_that_is_recorded(
    page: Page, log_in, scene_with_takes, restorer
):
    log_in(restorer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/#frame=2")
    at_rest(page, 2)
    plain = brightness(page)
    said = page.locator("#view-said")
    expect(said).to_be_hidden()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    expect(said).to_contain_text("View only: exposure +1 EV. Nothing of it is recorded.")
    gain = 2 ** (1 / 2.4)
    bright = [min(value * gain, 255) for value in plain]
    assert brightness(page) == pytest.approx(bright, abs=4)
    colour = page.locator("#brush-colour")
    page.keyboard.press("e")
    box: Any = page.locator("canvas.picture").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 120, box["y"] + box["height"] / 2 + 120)
    picked = colour.input_value()
    assert abs(int(picked[1:3], 16) - plain[1]) < 12, "the colour of the view was picked"
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(said).to_contain_text("the red channel alone")
    page.keyboard.press("Shift+V")
    expect(said).to_be_hidden()
    assert brightness(page) == pytest.approx(plain, abs=1)
    page.locator("#view summary").click()
    page.locator("#gamma").focus()
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("gamma 1.10")
    expect(page.locator("#frame")).to_have_text("2")


def test_a_marked_range_loops(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    mark = ["seek : 5", "key : i", "seek : 11", "key : o", "key : L", "key : s", "key :  "]
    watched = act(page, [(action, 30) for action in mark], width=192, height=144)
    frames: list[int] = []
    for _ in range(20):  # a slow machine shows few of them in its time
        seen = act(page, [("key : n/a", 600)], width=192, height=144)
        watched += seen
        frames += [said for _, said, *_ in seen]
        if wraps(frames) >= 2:
            break
    assert wrong(watched) == []
    assert set(frames) <= set(range(5, 12))
    assert wraps(frames) >= 2
    expect(page.locator("#range")).to_contain_text("5–11")
    page.keyboard.press("k")
    page.keyboard.press("n")
    assert [page.locator(name).input_value() for name in ("#id_first", "#id_last")] == ["5", "11"]


def wraps(frames: list[int]) -> int:
    return sum(later < earlier for earlier, later in pairwise(frames))


@pytest.mark.slow
def test_speeds_are_chosen_by_keys(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    speed = page.locator("#speed")
    for key, shown in [
        ("ArrowDown", "0.5"),
        ("ArrowDown", "0.25"),
        ("ArrowDown", "0.25"),
        ("ArrowUp", "0.5"),
    ]:
        page.keyboard.press(key)
        expect(speed).to_have_value(shown)


def test_the_most_synthesised_frames_are_walked_and_an_address_moves_the_player(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    page.evaluate("() => (location.hash = '#frame=9')")
    page.wait_for_selector("body[data-frame='9']")
    page.wait_for_selector("#next-made:not([disabled])")
    visited = []
    for key in ("m", "ArrowRight", "m", "Shift+M"):
        before = page.locator("body").get_attribute("data-frame")
        page.keyboard.press(key)
        page.wait_for_selector(f"body[data-frame]:not([data-frame='{before}'])")
        visited.append(int(page.locator("#frame").inner_text()))
    first, beside, second, again = visited
    assert beside == first + 1
    assert second not in (first, beside), "it does not walk on"
    assert again == first


def test_a_pixel_is_told_with_its_values_before_and_after(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/#frame=3")
    at_rest(page, 3)
    box: Any = page.locator("canvas.picture").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 - 20, box["y"] + box["height"] / 2 + 20)
    expect(page.locator("#pixel")).to_have_text(
        re.compile(r"structure \w+ · colour \w+.* · Y \d+ \(8 bit\) → Y \d+ \(8 bit\)")
    )
