"""What the player's canvas shows, read from its pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Page

from fixtures.clips import read_number

KEEP_VIDEOS = """
  window.videos = [];
  const made = document.createElement.bind(document);
  document.createElement = (name, ...rest) => {
    const element = made(name, ...rest);
    if (name === "video") window.videos.push(element);
    return element;
  };
"""
"""The player's videos stand in no page: this lets a test find them."""

BAND = """
  const canvas = document.querySelector("canvas.picture");
  const band = () => {
    const scale = Math.min(canvas.width / width, canvas.height / height);
    const left = Math.round((canvas.width - width * scale) / 2);
    const top = Math.round((canvas.height - height * scale) / 2);
    const wide = Math.floor(width * scale), high = Math.floor((height * scale) / 8);
    const context = canvas.getContext("2d");
    const { data } = context.getImageData(left, top + (high >> 2), wide, high >> 1);
    const columns = new Array(wide).fill(0);
    for (let place = 0; place < data.length / 4; place += 1) {
      columns[place % wide] += data[place * 4 + 1];
    }
    return columns;
  };
"""
"""The sums of the columns of the band that carries the number, where the picture is drawn."""

SEEK_AND_READ = (
    "async ([frames, width, height]) => {"
    + BAND
    + """
  const scrub = document.getElementById("scrub");
  const shown = (frame) => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`frame ${frame} was never shown`)), 10000);
    const isThere = () => document.body.dataset.frame === String(frame);
    if (isThere()) return resolve();
    const watch = new MutationObserver(() => { if (isThere()) { watch.disconnect(); resolve(); } });
    watch.observe(document.body, { attributes: true, attributeFilter: ["data-frame"] });
  });
  const seen = [];
  for (const frame of frames) {
    scrub.value = frame;
    scrub.dispatchEvent(new Event("input"));
    await shown(frame);
    seen.push([Number(document.getElementById("frame").value), band(),
      document.getElementById("precision").textContent]);
  }
  return seen;
}"""
)

WATCH_PLAYING = (
    "async ([last, width, height]) => {"
    + BAND
    + """
  const seen = [];
  const play = document.querySelector("[data-act=play]");
  const watch = new MutationObserver(() => {
    seen.push([Number(document.getElementById("frame").value), band()]);
  });
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-frame"] });
  play.click();
  const hasEnded = () => play.getAttribute("aria-pressed") === "false"
    && document.body.dataset.frame === String(last);
  const until = performance.now() + 15000;
  while (!hasEnded() && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return seen;
}"""
)


def open_player(page: Page, address: str) -> None:
    """Go to a review room and wait for the first picture."""
    page.goto(address)
    page.wait_for_selector("body[data-frame]")


def seek_and_read(
    page: Page, frames: list[int], *, width: int, height: int
) -> list[tuple[int, int, str]]:
    """For each frame asked for: what the page says is shown, what is burned in, and of which
    source ("viewing copy" or "exact pixels")."""
    found: list[Any] = page.evaluate(SEEK_AND_READ, [frames, width, height])
    return [(said, burned_in(columns), source) for said, columns, source in found]


def play_to_the_end(page: Page, last: int, *, width: int, height: int) -> list[tuple[int, int]]:
    """For each picture that is shown while it plays: what the page says, and what is burned in."""
    found: list[Any] = page.evaluate(WATCH_PLAYING, [last, width, height])
    return [(said, burned_in(columns)) for said, columns in found]


def burned_in(columns: list[float]) -> int:
    """The number in the band at the top of the picture, from the sums of its columns."""
    return read_number(np.tile(np.array(columns), (64, 1)))
