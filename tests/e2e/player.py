"""What the player's canvas shows, read from its pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Page

from fixtures.clips import read_number

SEEK_AND_READ = """async ([frames, width, height]) => {
  const canvas = document.querySelector("canvas.picture");
  const scrub = document.getElementById("scrub");
  const shown = (frame) => new Promise((resolve) => {
    const isThere = () => document.body.dataset.frame === String(frame);
    if (isThere()) return resolve();
    const watch = new MutationObserver(() => { if (isThere()) { watch.disconnect(); resolve(); } });
    watch.observe(document.body, { attributes: true, attributeFilter: ["data-frame"] });
  });
  const band = () => {
    const scale = Math.min(canvas.width / width, canvas.height / height);
    const left = Math.round((canvas.width - width * scale) / 2);
    const top = Math.round((canvas.height - height * scale) / 2);
    const wide = Math.floor(width * scale);
    const high = Math.floor((height * scale) / 8);
    const pixels = canvas.getContext("2d").getImageData(left, top + (high >> 2), wide, high >> 1).data;
    const columns = new Array(wide).fill(0);
    for (let place = 0; place < pixels.length / 4; place += 1) columns[place % wide] += pixels[place * 4 + 1];
    return columns;
  };
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


def burned_in(columns: list[float]) -> int:
    """The number in the band at the top of the picture, from the sums of its columns."""
    return read_number(np.tile(np.array(columns), (64, 1)))
