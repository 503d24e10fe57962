"""Takes the review room's pictures from a running demo: `make demo`, `make serve`, then here

    .venv/bin/python docs/pictures/make_pictures.py [--address http://127.0.0.1:8000] [--home var]

Needs the tools that `make test` installs (playwright, Debian's chromium).
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
REEL = "The World in Pictures"
SCENE = 5
"""Its place in the reel, from 1: the cat."""
FRAME = 20
"""Frames after the scene's first: one with a blotch and dust."""
MOST_BYTES = 300_000
COLOURS = 160


def log_in(page: Page, people: Path) -> None:
    password = json.loads(people.read_text())["archivist"]
    page.goto("/")
    page.get_by_label("Name").fill("archivist")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state("networkidle")


def open_scene(page: Page, *, number: int, frame: int) -> None:
    """The review room on that scene, with the wipe and the provenance overlay."""
    page.goto("/catalogue/")
    page.get_by_role("link", name=REEL).first.click()
    links = page.locator("a[href*='/scenes/']")
    addresses = list(dict.fromkeys(link.get_attribute("href") for link in links.all()))
    page.goto(str(addresses[number - 1]))
    page.wait_for_selector("body[data-frame]")
    page.keyboard.press("w")
    page.keyboard.press("p")
    for _ in range(frame):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(40)
    page.wait_for_timeout(1500)


def open_colour(page: Page) -> None:
    """The scene that the demo coloured, on the frame with its hints."""
    page.goto("/catalogue/")
    page.get_by_role("link", name=REEL).first.click()
    page.get_by_role("link", name="Colour version").first.click()
    page.wait_for_selector("body[data-frame]")
    page.locator("#colour .hints a").first.click()
    side = "title => { title.closest('.side').scrollTop = title.offsetTop - 64; }"
    page.locator("#colour-title").evaluate(side)
    page.wait_for_timeout(2500)


def save(shot: bytes, path: Path, *, coloured: bool = False) -> None:
    """A palette keeps a page of greys small, and its text sharp."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    # The octree keeps small patches of a colour that is rare on the page.
    way = Image.Quantize.FASTOCTREE if coloured else Image.Quantize.MEDIANCUT
    colours = 256 if coloured else COLOURS
    small = picture.quantize(colours, method=way, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size} bytes; use fewer colours")


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the pictures of the review room.")
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--home", type=Path, default=Path("var"))
    parser.add_argument("--scene", type=int, default=SCENE)
    parser.add_argument("--frame", type=int, default=FRAME)
    asked = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            base_url=asked.address,
            viewport={"width": 1280, "height": 860},
            color_scheme="dark",
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        log_in(page, asked.home / "demo" / "people.json")
        open_scene(page, number=asked.scene, frame=asked.frame)
        save(page.screenshot(), HERE / "review-room.png")
        open_colour(page)
        save(page.screenshot(), HERE / "colour-room.png", coloured=True)
        browser.close()


if __name__ == "__main__":
    main()
