"""axe-core finds no serious fault on any page (WCAG 2.2 AA), in light and in dark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page

from restoration import borders, scenes, transcripts
from restoration.models import Scene
from restoration.speech.transcript import Transcript
from review import decisions, handing, notes
from tests import factories
from tests.e2e.player import open_player
from tests.restoration.speech.said import line

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BRIEF = {"resultTypes": ["violations"]}
"""Of what passes the first of each rule is told, and not every element of the page."""


def faults(page: Page) -> list[str]:
    """What axe calls serious or critical, as one line each; colours in light and in dark."""
    page.emulate_media(color_scheme="light")
    found = serious(page, Axe().run(page, options={**BRIEF, "runOnly": RULES}).response)
    page.emulate_media(color_scheme="dark")
    # It lies in the page by now: to put in half a megabyte again costs more than to run it.
    colours = {**BRIEF, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
    return found + serious(page, page.evaluate("options => axe.run(options)", colours))


def serious(page: Page, response: dict[str, Any]) -> list[str]:
    assert response["passes"], "axe looked at nothing"
    return [
        f"{page.url}: {fault['id']} {node['target']} {node.get('failureSummary', '')[:160]}"
        for fault in response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def said(*texts: str) -> Transcript:
    return Transcript(
        tuple(line(text, 0.2 * at, 0.2 * at + 0.2) for at, text in enumerate(texts)), "en"
    )


@pytest.fixture
def worked_on(scene_with_takes: Scene, archivist: User, reviewer: User) -> Scene:
    """A scene that was sent back and handed over, with a note, words and a splice; the other one
    has runs that failed and that go on, and a doubtful cut before it."""
    scene = scene_with_takes
    decisions.request_changes(scene, scenes.head_take(scene), by=reviewer, reason="a hair")
    box = {"kind": "box", "points": [[9, 9], [60, 50]], "colour": "#b0523a"}
    notes.add(scene, by=reviewer, start_frame=3, end_frame=5, text="a hair", drawing=[box])
    other = scene.scan.scenes.current().last()
    factories.make_run(scene=other, status="failed", error="no space left on device")
    factories.make_run(
        scene=other, stage="repair", status="running", frames_total=12, lease_until=timezone.now()
    )
    handing.hand_over(scene, scenes.RESTORATION, by=reviewer, to=archivist, word="The sky?")
    transcripts.keep(
        scene.scan, said("A last farewell", "from the harbour"), source="test", maker="machine"
    )
    scene.scan.scenes.filter(start_frame=24).update(confidence=0.5)
    borders.mark_splice(scene, 20, is_splice=True, by=archivist)
    return scene


def faults_of(page: Page, addresses: Iterable[str]) -> list[str]:
    found = []
    for address in addresses:
        page.goto(address)
        found += faults(page)
    return found


def test_no_page_that_people_work_on_has_a_serious_fault(page: Page, log_in, worked_on, archivist):
    page.goto("/login/")
    found = faults(page)
    log_in(archivist)
    reel = f"/reels/{worked_on.scan.reel_id}/"
    found += faults_of(
        page, ("/", "/queue/", "/catalogue/", reel, f"{reel}describe/", "/search/?q=farewell")
    )
    page.goto(f"{reel}storyboard/")
    page.wait_for_selector("body[data-pair]")
    found += faults(page)
    open_player(page, f"/scenes/{worked_on.pk}/")
    page.wait_for_selector("#frame-shares li")
    for key in ("b", "i", "Shift+ArrowUp"):
        page.keyboard.press(key)
    page.locator("#view summary").click()
    found += faults(page)
    assert found == []


@pytest.mark.slow
def test_no_other_page_has_a_serious_fault(page: Page, log_in, worked_on, archivist):
    log_in(archivist)
    reel = f"/reels/{worked_on.scan.reel_id}/"
    other = worked_on.scan.scenes.current().last()
    found = faults_of(page, (
        *(f"{reel}{place}/" for place in ("batch", "condition", "history", "cite/1")),
        *("/trash/", "/work/", "/upload/", "/nowhere/", "/search/", "/search/?q=farwell"),
        f"/scenes/{other.pk}/",
    ))  # fmt: skip
    page.goto(f"{reel}storyboard/?border=24&at=21")
    page.wait_for_selector("body[data-pair]")
    found += faults(page)
    assert found == []


@pytest.mark.slow
def test_empty_pages_have_no_serious_fault_either(page: Page, log_in, transactional_db, archivist):
    log_in(archivist)
    found = []
    for address in ("/", "/catalogue/", "/work/"):
        page.goto(address)
        found += faults(page)
    assert found == []


@pytest.mark.slow
def test_pages_of_words_and_doors_have_no_serious_fault(
    page: Page, log_in, scene_with_takes, archivist, settings
):
    scene = scene_with_takes
    settings.PUBLIC_CATALOGUE = True
    reel = scene.scan.reel
    type(reel).objects.filter(pk=reel.pk).update(access="public")
    texts = ("A last farewell", "from the harbour, said far too fast to be read by anybody at all")
    transcripts.keep(scene.scan, said(*texts), source="test", maker="machine")
    decisions.approve(scene, scenes.head_take(scene), by=archivist)
    log_in(archivist)
    found = []
    at = f"/reels/{reel.pk}/transcript/"
    for address in (
        f"{at}cues/",
        f"{at}cues/?profile=netflix-en&rule=broken",
        f"{at}replace/?version=1&find=farewell&by=goodbye",
        f"/embed/scenes/{scene.pk}/",
        f"/open/reels/{reel.pk}/",
        "/verify/",
        "/characters/",
        f"/reels/{reel.pk}/cast/",
    ):
        answer = page.goto(address)
        assert answer is not None and answer.ok and page.url.endswith(address), address
        found += faults(page)
    page.goto(at)
    page.wait_for_function("() => document.getElementById('player').readyState > 0")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#beside:not([hidden])")
    page.keyboard.press("ArrowRight")
    found += faults(page)
    page.keyboard.press("e")
    found += faults(page)
    page.goto("/verify/")
    page.locator("#id_files").set_input_files(
        {"name": "unknown.txt", "mimeType": "text/plain", "buffer": b"?"}
    )
    page.get_by_role("button", name="Look at them").click()
    page.wait_for_selector(".verified")
    found += faults(page)
    assert found == []
