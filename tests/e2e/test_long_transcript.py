"""A transcript of ten hours is opened, gone through and corrected as fast as one of a minute."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from restoration import transcripts
from restoration.models import Scene, Transcript
from restoration.speech import transcript as speech
from restoration.speech.transcript import CLOCK, Line, Word

pytestmark = pytest.mark.browser

LINES, WORDS = 7500, 8
"""Of the long one: 60,000 words."""


def long_one(lines: int, words: int = WORDS) -> speech.Transcript:
    """Four words a second, half a second of silence after each line; one word in seven doubtful."""
    chance = random.Random(1)
    made = []
    at = 0
    for _ in range(lines):
        said = []
        for _ in range(words):
            text = f"word{chance.randrange(3000)}"
            said.append(Word(text, at, at + CLOCK // 4, 0.3 if chance.random() < 1 / 7 else 0.95))
            at += CLOCK // 4
        made.append(Line(tuple(said), said[0].start, at, language="en"))
        at += CLOCK // 2
    return speech.Transcript(tuple(made), "en")


def keep_long(scene: Scene, lines: int) -> Transcript:
    """On a scan that says it is as long; its picture is the short one of the tests."""
    said = long_one(lines)
    scan = scene.scan
    scan.frames = int(said.lines[-1].end / CLOCK * scan.rate) + 1
    scan.save(update_fields=["frames"])
    return transcripts.keep(scan, said, source="generated", maker="machine")


PAINTED = """() => {
    window.spent = [];
    document.addEventListener("keydown", (event) => {
        const pressed = event.timeStamp;
        const painted = () => window.spent.push(performance.now() - pressed);
        requestAnimationFrame(() => setTimeout(painted));
    }, { capture: true });
}"""
"""From the key, as the browser took it, until the frame after it has been drawn."""


def p95(spent: list[float]) -> float:
    return sorted(spent)[int(0.95 * len(spent))]


def test_pieces_come_and_go_as_one_scrolls(
    page: Page, log_in: Callable[[User], None], scene_with_takes: Scene, reviewer: User
) -> None:
    kept = keep_long(scene_with_takes, 400)
    log_in(reviewer)
    page.goto(f"/reels/{kept.scan.reel_id}/transcript/")
    page.wait_for_selector("#piece-0 .line")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector("#m399")
    expect(page.locator("#m0")).to_have_count(0)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_selector("#m0")
    expect(page.locator("#m399")).to_have_count(0)
    assert page.locator("#said .line").count() < 200


@pytest.mark.slow
def test_sixty_thousand_words(
    page: Page, log_in: Callable[[User], None], scene_with_takes: Scene, reviewer: User
) -> None:
    kept = keep_long(scene_with_takes, LINES)
    log_in(reviewer)
    told: dict[str, float] = {}
    opened = []
    for _ in range(4):
        begun = time.perf_counter()
        page.goto(f"/reels/{kept.scan.reel_id}/transcript/", wait_until="commit")
        page.wait_for_selector("#piece-0 .line .w")
        opened.append(time.perf_counter() - begun)
    told["first_open_s"], told["open_s"] = round(opened[0], 2), round(sorted(opened[1:])[1], 2)
    page.evaluate(PAINTED)
    page.locator("#m0").focus()
    for _ in range(100):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(33)  # as fast as a key that is held
    told["walk_p95_ms"] = round(p95(page.evaluate("window.spent.splice(0)")), 1)
    page.keyboard.press("e")
    page.wait_for_selector(".editor textarea:focus")
    page.evaluate("window.spent.splice(0)")
    page.keyboard.type("as fast as a quick hand types it, for a while", delay=33)
    told["type_p95_ms"] = round(p95(page.evaluate("window.spent.splice(0)")), 1)
    begun = time.perf_counter()
    page.keyboard.press("Enter")
    expect(page.locator("#spoken-said")).to_contain_text("rewritten")
    told["kept_s"] = round(time.perf_counter() - begun, 2)
    session = page.context.new_cdp_session(page)
    heap, nodes = [], []
    for step in range(1, 31):
        page.evaluate(f"window.scrollTo(0, document.body.scrollHeight * {step / 30})")
        page.wait_for_timeout(250)
        if step % 10 == 0:
            session.send("HeapProfiler.collectGarbage")
            counted = session.send("Memory.getDOMCounters")
            heap.append(page.evaluate("performance.memory.usedJSHeapSize") / 2**20)
            nodes.append(counted["nodes"])
    told["heap_mib"], told["nodes"] = round(max(heap), 1), max(nodes)
    told["lines_there"] = page.locator("#said .line").count()
    sys.stdout.write(json.dumps(told) + "\n")
    assert told["open_s"] <= 2
    assert told["walk_p95_ms"] <= 50
    assert told["type_p95_ms"] <= 50
    assert told["lines_there"] <= 500
    assert told["heap_mib"] <= 40
