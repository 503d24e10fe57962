"""A reviewer paints hints on one frame, colours the scene and sees them everywhere in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from restoration import hints, nursery, palettes, runs, viewing
from restoration.models import ColourCorrection, Hint, Scene, StageRun, Take
from tests.e2e.player import open_player
from tests.e2e.test_accessible import faults
from tests.e2e.test_repair_decisions import point

pytestmark = pytest.mark.browser

FRAME = 8


@pytest.fixture(scope="module", autouse=True)
def no_nursery_left() -> Iterator[None]:
    """The process that a run's children are forked from ends with these tests."""
    yield
    nursery.discard_idle()


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
    page.keyboard.press("t")
    page.mouse.click(*point(page, 150, 20))
    expect(section).to_contain_text("There is no hint.")
    page.mouse.click(*point(page, 44, 64))
    expect(section).to_contain_text("Taken back in frame 8: 1 patch of #b4281e.")
    page.keyboard.press("h")
    page.mouse.click(*point(page, 40, 60))
    page.wait_for_selector(f"body[data-hints='{FRAME} 1']")
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
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#brush-entry")).to_contain_text("Anna: hat")


@pytest.mark.slow
def test_three_hints_are_painted_with_the_keyboard_alone(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_frame(page, scene_with_takes)
    section = page.locator("#colour")
    page.keyboard.press("h")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-cursor='96 72']")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"body[data-hints='{FRAME} 1']")
    for times, key in ((5, "ArrowLeft"), (3, "ArrowUp"), (2, "Shift+ArrowUp")):
        for _ in range(times):
            page.keyboard.press(key)
    page.wait_for_selector("body[data-cursor='71 55']")
    page.keyboard.press(" ")
    page.wait_for_selector(f"body[data-hints='{FRAME} 2']")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"body[data-frame='{FRAME + 1}']")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"body[data-hints='{FRAME + 1} 1']")
    expect(section).to_contain_text(f"Painted in frame {FRAME + 1}")
    first, second, third = Hint.objects.standing().order_by("pk")
    assert [(hint.x, hint.y) for hint in (first, second)] == [(90, 66), (65, 49)]
    assert third.frame == FRAME + 1
    page.keyboard.press("t")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(section).to_contain_text(f"Taken back in frame {FRAME + 1}")


def test_a_region_of_a_correction_is_drawn_as_protected_regions_are(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_frame(page, scene_with_takes)
    page.get_by_text("Correct light and colour").click()
    page.locator("#draw-correction").click()
    for at in ((20, 20), (120, 30), (60, 100)):
        page.mouse.click(*point(page, *at))
    page.keyboard.press("Enter")
    expect(page.locator("#correct-corners")).to_have_value("20,20 120,30 60,100")
    page.locator("#correct-softness").fill("6")
    page.locator("#gain-red").fill("1.2")
    page.get_by_role("button", name="Keep the correction").click()
    expect(page.locator("#colour")).to_contain_text("inside the corners 20,20 120,30 60,100, soft")
    row = ColourCorrection.objects.get()
    assert (row.polygon, row.softness) == ([[20, 20], [120, 30], [60, 100]], 6)
    page.get_by_text("Correct light and colour").click()
    page.locator("#draw-correction").click()
    page.mouse.move(*point(page, 10, 12))
    page.mouse.down()
    page.mouse.move(*point(page, 59, 41), steps=4)
    page.mouse.up()
    expect(page.locator("#correct-corners")).to_have_value("")
    numbers = [page.locator(f"#correct-{name}").input_value() for name in BOX]
    assert numbers == ["10", "12", "50", "30"]


BOX = ("left", "top", "width", "height")


def test_no_stroke_is_lost(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_frame(page, scene_with_takes)
    held: list[Route] = []
    page.route("**/hints/", lambda route: held.append(route), times=1)
    page.keyboard.press("h")
    with page.expect_request("**/hints/"):
        page.mouse.click(*point(page, 30, 30))
    for x in (60, 90):
        page.mouse.click(*point(page, x, 30))
    page.mouse.move(*point(page, 120, 60))
    page.mouse.down()
    page.mouse.move(*point(page, 120, 100), steps=4)
    held.pop().continue_()
    page.wait_for_selector(f"body[data-hints='{FRAME} 3']")
    strip = page.locator("#timeline").bounding_box()
    assert strip is not None
    page.mouse.move(strip["x"] + 200, strip["y"] + 5)
    page.mouse.up()
    expect(page.locator("#colour-said")).to_contain_text("patches of #a8744f")
    strokes = Hint.objects.standing().values("stroke").distinct().count()
    assert strokes == 4
    page.mouse.click(*point(page, 150, 120), button="right")
    page.route("**/hints/", lambda route: route.fulfill(status=503))
    page.mouse.click(*point(page, 150, 20))
    expect(page.locator("#colour-said")).to_contain_text("That was not kept")
    assert Hint.objects.standing().values("stroke").distinct().count() == strokes


@pytest.mark.slow
def test_three_hints_on_one_frame_colour_the_whole_scene(
    page: Page, log_in, scene_with_takes, reviewer
):
    log_in(reviewer)
    open_frame(page, scene_with_takes)
    section = page.locator("#colour")
    for colour, (x, y) in {"#c0402a": (30, 60), "#3f8f3a": (96, 80), "#2f5fc0": (160, 100)}.items():
        page.locator("#brush-colour").fill(colour)
        if page.locator("#paint").get_attribute("aria-pressed") == "false":
            page.keyboard.press("h")
        page.mouse.click(*point(page, x, y))
        expect(section).to_contain_text(f"1 patch of {colour}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Colour this scene").click()
    expect(section).to_contain_text("waiting: 0 of 24 frames")
    run = StageRun.objects.get(stage="colourise")
    assert [hint["by"] for hint in run.params["hints"]] == [reviewer.get_username()] * 3
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.take is not None, run.error
    viewing.make_view(run.take)
    page.get_by_role("link", name="colourise take 1 now stands at the end. Show it.").click()
    expect(page.locator(".decide h2")).to_contain_text("Decision on the colour version")
    for frame in (0, FRAME, 23):
        page.goto(f"/scenes/{scene_with_takes.pk}/?version=colour#frame={frame}")
        page.reload()
        page.wait_for_selector(f"body[data-frame='{frame}']")
        expect(page.locator("#precision")).to_have_text("exact pixels")
        seen = [colour_at(page, x, y) for x, y in ((30, 70), (96, 90), (160, 110))]
        assert [max(range(3), key=colour.__getitem__) for colour in seen] == [0, 1, 2], frame
    page.locator("#plane").select_option("doubt")
    page.locator("#overlay").click()
    page.wait_for_selector("body[data-map='23 doubt']")
    expect(page.locator("#doubt-words")).to_contain_text("White fog")
    expect(page.locator("#precision")).to_have_text("exact pixels")
    near, far = colour_at(page, 160, 100), colour_at(page, 10, 20)
    assert max(far) - min(far) < max(near) - min(near) and min(far) > 120, "fog where no hint is"
    assert Take.objects.filter(stage="repair").count() == 1
    expect(section).to_contain_text("You are looking at the colour version")


def test_a_colour_is_put_into_another_scene_by_a_click(
    page: Page, log_in, scene_with_takes, reviewer
):
    entry = palettes.add(
        scene_with_takes, palette="Anna", name="hat", rgb=(180, 60, 40), source="a letter",
        certainty="likely", by=reviewer,
    )  # fmt: skip
    hints.paint(scene_with_takes, FRAME, [(40, 60)], size=9, rgb=RED, by=reviewer, entry=entry)
    other = (
        Scene.objects.current()
        .filter(scan=scene_with_takes.scan)
        .exclude(pk=scene_with_takes.pk)[0]
    )
    log_in(reviewer)
    page.goto(f"/scenes/{scene_with_takes.pk}/palette/{entry.pk}/")
    card = page.locator(f"#place-{other.pk}")
    expect(card.locator(".place-words")).not_to_contain_text("Looking")
    expect(card.get_by_role("checkbox")).not_to_be_checked()
    assert faults(page) == []
    picture = card.locator("img")
    box = picture.bounding_box()
    assert box is not None
    picture.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.5})
    expect(card.get_by_role("checkbox")).to_be_checked()
    expect(card.locator("g.chosen")).to_be_visible()
    page.get_by_label("one run each").uncheck()
    page.get_by_role("button", name="Paint where ticked").click()
    expect(page.get_by_text("Anna: hat painted in 1 scene.")).to_be_visible()
    made = Hint.objects.get(batch__isnull=False)
    assert (made.entry, made.by, made.width) == (entry, reviewer, 9)
    assert abs(made.x + 4 - other.scan.width * 0.25) <= 2
    page.get_by_role("button", name="Take all back").click()
    expect(page.get_by_text("Taken back: 1 hint.")).to_be_visible()
    assert not Hint.objects.standing().filter(batch__isnull=False).exists()


RED = (180, 60, 40)


def colour_at(page: Page, x: int, y: int) -> list[int]:
    """What the canvas shows at a pixel of the picture, red, green, blue."""
    left, top = point(page, x, y)
    box = page.locator("canvas.picture").bounding_box()
    assert box is not None
    seen: list[int] = page.evaluate(
        "([x, y]) => [...document.querySelector('canvas.picture').getContext('2d')"
        ".getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data].slice(0, 3)",
        [left - box["x"], top - box["y"]],
    )
    return seen
