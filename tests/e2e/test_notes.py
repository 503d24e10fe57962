"""In the review room a note is drawn on the picture, answered, and nothing typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from review import notes
from review.models import Note
from tests.e2e.player import open_player
from tests.e2e.test_repair_decisions import point

pytestmark = pytest.mark.browser

DRAWN_IN = """colour => [...document.querySelectorAll("canvas.marks")].reduce((sum, canvas) => {
  if (canvas.hidden) return sum;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    count += colour.every((value, channel) => Math.abs(data[at + channel] - value) < 3);
  return sum + count;
}, 0)"""
"""How many pixels of what lies over the picture have a colour."""


def test_a_note_is_drawn_by_pointer_and_by_keys(page: Page, log_in, scene_with_takes, reviewer):
    scene = scene_with_takes
    log_in(reviewer)
    open_player(page, f"/scenes/{scene.pk}/")
    page.keyboard.press("n")
    page.locator("#id_text").fill("what is this?")
    page.get_by_role("button", name="Arrow", exact=True).click()
    page.mouse.move(*point(page, 20, 30))
    page.mouse.down()
    page.mouse.move(*point(page, 60, 70))
    page.mouse.up()
    expect(page.locator("#draw-said")).to_contain_text("1 shape drawn.")
    page.get_by_role("button", name="Box", exact=True).click()
    for key in ("Enter", "Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#draw-said")).to_contain_text("2 shapes drawn.")
    page.keyboard.press("Escape")
    page.locator("#id_last").fill("2")
    open_player(page, f"/scenes/{scene.pk}/?again#frame=5")  # nothing of it was sent
    expect(page.locator("#draw-said")).to_contain_text("2 shapes drawn.")
    expect(page.locator("#id_text")).to_have_value("what is this?")
    expect(page.locator("#id_last")).to_have_value("2")
    page.keyboard.press("Home")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#notes-said")).to_contain_text("Note kept.")
    assert (Note.objects.get().start_frame, Note.objects.get().end_frame) == (0, 3)
    arrow, box = Note.objects.get().drawing
    drawn = [value for at in arrow["points"] for value in at]
    assert all(abs(a - b) <= 1 for a, b in zip(drawn, [20, 30, 60, 70], strict=True))
    assert box["points"] == [[96, 72], [106, 82]]
    expect(page.locator("body")).to_have_attribute("data-notes", "0 1")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("body")).to_have_attribute("data-notes", "10 0")
    page.get_by_role("button", name="Make it a protected region").click()
    expect(page.locator("#notes-said")).to_contain_text("Protected")
    expect(page.locator(".brought-back")).to_have_count(0)


@pytest.mark.slow
def test_an_unsent_answer_comes_back_and_goes_when_sent(
    page: Page, log_in, scene_with_takes, reviewer, restorer
):
    scene = scene_with_takes
    box = {"kind": "box", "points": [[20, 20], [90, 80]], "colour": "#b0523a"}
    note = notes.add(scene, by=restorer, start_frame=0, end_frame=2, text="a hair?", drawing=[box])
    log_in(reviewer)
    address = f"/scenes/{scene.pk}/"
    open_player(page, address)
    expect(page.locator("body")).to_have_attribute("data-notes", "0 1")
    assert page.evaluate(DRAWN_IN, [176, 82, 58]) > 100, "a colour that somebody proposes is seen"
    page.locator("#comment").fill("the sky breathes")
    page.get_by_text("Answer the note on frame 0").click()
    page.locator(f"#answer-{note.pk}").fill("no, a mast")
    page.goto("/")
    open_player(page, address)
    expect(page.locator("#comment")).to_have_value("the sky breathes")
    expect(page.locator(".brought-back")).to_have_count(2)
    expect(page.locator(f"#answer-{note.pk}")).to_have_value("no, a mast")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.locator("#notes-said")).to_contain_text("Answer kept.")
    expect(page.locator(f"#answer-{note.pk}")).to_have_value("")
    page.get_by_role("button", name="Discard it").click()
    open_player(page, address)
    expect(page.locator("#comment")).to_have_value("")
    assert note.answers.get().text == "no, a mast"
