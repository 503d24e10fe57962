"""A guest opens a link in a browser: plays marked pictures, sees what was made, leaves a note."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from review.guests import links
from review.guests.links import Made
from review.models import Note
from tests.e2e.test_accessible import faults
from tests.review.guests.guest import make_link

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "harbour lights"


@pytest.fixture
def made(restored_scene, reviewer) -> Made:
    return make_link(
        restored_scene.scan.reel, reviewer, password=PASSWORD, word="Is the sky right?"
    )


def come_in(page: Page, made: Made) -> None:
    page.goto(f"/guest/{made.secret}/")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Look at it").click()
    page.wait_for_selector("body[data-frame]")


def test_a_guest_plays_looks_and_writes(page: Page, made, restored_scene, reviewer):
    page.goto(f"/guest/{made.secret}/")
    found = faults(page)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    come_in(page, made)
    assert made.secret not in page.url
    found += faults(page)
    frame = page.locator("#frame")
    page.keyboard.press("ArrowRight")
    expect(frame).to_have_text("1")
    page.keyboard.press("p")
    page.wait_for_selector("body[data-map='1 structure']")
    expect(page.locator("#frame-shares li").first).to_be_visible()
    page.keyboard.press("End")
    expect(frame).to_have_text("23")
    page.keyboard.press("n")
    page.keyboard.type("the mast leans")
    page.get_by_role("button", name="Send the note").click()
    expect(page.locator("#notes-said")).to_contain_text("Note kept. vera is told of it.")
    expect(page.locator(".notes li")).to_contain_text("Ada (guest)")
    note = Note.objects.get()
    assert (note.start_frame, note.text, note.author) == (23, "the mast leans", "Ada (guest)")
    assert found == []


def test_a_page_that_is_open_goes_dark_when_the_link_is_revoked(page: Page, made, reviewer):
    page.clock.install()
    come_in(page, made)
    links.revoke(made.link, by=reviewer)
    page.clock.run_for(25_000)
    expect(page.locator("#wait")).to_contain_text("This link is closed.")
    expect(page.locator("canvas.picture")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading")).to_contain_text("Nothing to see here")


def test_another_browser_has_nothing_of_it(page: Page, made, browser: Browser, live_server):
    come_in(page, made)
    other = browser.new_context(base_url=live_server.url)
    answer = other.new_page().goto(page.url)
    assert answer is not None and answer.status == 404
    other.close()


def test_links_are_made_and_revoked_on_a_page(page: Page, log_in, restored_scene, reviewer):
    log_in(reviewer)
    page.goto(f"/scenes/{restored_scene.pk}/")
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_label("For", exact=True).fill("Ada Byron")
    expect(page.get_by_label("What", exact=True)).to_have_value(str(restored_scene.pk))
    page.get_by_role("button", name="Make the link").click()
    address = page.locator("#made-address").input_value()
    assert "/guest/" in address
    found = faults(page)
    page.get_by_role("button", name="Revoke the link for Ada Byron").click()
    expect(page.locator("tr.closed")).to_contain_text("revoked by vera")
    assert found == []
    answer = page.goto(address)
    assert answer is not None and answer.status == 410
