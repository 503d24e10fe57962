"""Many actions in the player, and after each what the page says beside what is burned in."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from playwright.sync_api import Page

from fixtures.clips import NUMBER_BITS, read_number

Seen = tuple[str, int, str, list[int], str]
"""Action, frame that the page says, mode, numbers burned into each pane, frame of the map or ""."""

_KEYS = (
    "ArrowLeft", "ArrowRight", "Shift+ArrowLeft", "Shift+ArrowRight", "Home", "End", "w", "b", "s",
    "f", "q", "Q", ",", ".", "i", "o", "I", "L", " ", " ", "l", "l", "j", "k", "ArrowUp",
    "ArrowDown", "m", "M", "p", "v", "V", "0",
)  # fmt: skip

_ACT = """async ([actions, width, height, bins]) => {
  const canvas = document.querySelector("canvas.picture");
  const pressed = (name) =>
    document.querySelector(`[data-${name}][aria-pressed=true]`)?.dataset[name];
  // A grip of the wipe can cover a whole digit.
  const isGripOn = (left, top, across, down) => {
    const { wipe = "0.5 0.5 0" } = document.body.dataset;
    const [x, y, angle] = wipe.split(" ").map(Number);
    const turned = (angle * Math.PI) / 180;
    const near = ([gx, gy]) =>
      gx > left - 12 && gx < left + across + 12 && gy > top - 12 && gy < top + down + 12;
    return pressed("mode") === "wipe" && [-84, 0, 84].some((arm) =>
      near([
        x * canvas.width - Math.sin(turned) * arm,
        y * canvas.height + Math.cos(turned) * arm,
      ]));
  };
  const pane = (left, wide) => {
    const zoom = pressed("zoom");
    const fit = Math.min(wide / width, canvas.height / height);
    const scale = zoom === "fit" ? fit : Number(zoom) * devicePixelRatio;
    const x = Math.round(left + wide / 2 - (width / 2) * scale);
    const y = Math.round(canvas.height / 2 - (height / 2) * scale);
    const [across, band] = [Math.floor(width * scale), Math.floor((height * scale) / 8)];
    // The number of a picture that is larger than its pane cannot be read whole.
    if (across > wide || y < 0 || isGripOn(x, y, across, band)) return null;
    const { data } = canvas.getContext("2d").getImageData(x, y + (band >> 2), across, band >> 1);
    const found = Array.from({ length: bins }, () => []);
    for (let place = 0; place < data.length / 4; place += 1) {
      found[Math.floor(((place % across) * bins) / across)].push(data[place * 4 + 1]);
    }
    // The wipe's line may run through it: of each place the median counts.
    return found.map((values) => values.sort((one, other) => one - other)[values.length >> 1]);
  };
  const seen = [];
  let doing = "";
  const look = () => {
    const mode = pressed("mode");
    const wide = canvas.width;
    let panes = [];
    if (mode === "side") panes = [pane(0, wide / 2), pane(wide / 2, wide / 2)];
    else if (mode !== "difference") panes = [pane(0, wide)];
    const said = Number(document.getElementById("frame").value);
    seen.push([doing, said, mode, panes.filter(Boolean), document.body.dataset.map ?? ""]);
  };
  new MutationObserver(look)
    .observe(document.body, { attributes: true, attributeFilter: ["data-frame"] });
  const pause = (time) => new Promise((go) => setTimeout(go, time));
  const scrub = document.getElementById("scrub");
  for (const [action, wait] of actions) {
    doing = action;
    const [kind, value] = action.split(" : ");
    if (kind === "seek") { scrub.value = value; scrub.dispatchEvent(new Event("input")); }
    else if (kind === "zoom") document.querySelector(`[data-zoom="${value}"]`).click();
    else {
      const key = value.replace("Shift+", "");
      const options = { key, shiftKey: value !== key, bubbles: true };
      document.body.dispatchEvent(new KeyboardEvent("keydown", options));
    }
    if (kind === "seek") {
      const until = performance.now() + 10000;
      const isThere = () => document.body.dataset.frame === value;
      while (!isThere() && performance.now() < until) await pause(5);
      if (!isThere()) throw new Error(`frame ${value} was never shown`);
    } else await pause(wait);
    look();
  }
  return seen;
}"""


def random_actions(count: int, *, frames: range, seed: int) -> list[tuple[str, int]]:
    """Seeks, keys and zooms in any order, each with milliseconds to wait after it."""
    choose = random.Random(seed)
    actions = []
    for _ in range(count):
        kind = choose.random()
        if kind < 0.25:
            action = f"seek : {choose.choice(frames)}"
        elif kind < 0.35:
            action = f"zoom : {choose.choice(['fit', '1', '4'])}"
        else:
            action = f"key : {choose.choice(_KEYS)}"
        actions.append((action, choose.choice([0, 15, 40, 90])))
    return actions


def act(page: Page, actions: list[tuple[str, int]], *, width: int, height: int) -> list[Seen]:
    """Do them all; what was seen after each, and with every frame that was shown meanwhile."""
    bins = (NUMBER_BITS + 1) * 8
    found: list[Any] = page.evaluate(_ACT, [actions, width, height, bins])
    return [
        (action, said, mode, [read_number(np.tile(np.array(row), (64, 1))) for row in panes], map_)
        for action, said, mode, panes, map_ in found
    ]


def wrong(seen: list[Seen]) -> list[Seen]:
    """Those where a pane, or the map over it, is of another frame than the page says."""
    return [
        each
        for each in seen
        if any(burned != each[1] for burned in each[3])
        or (each[4] and each[4].split()[0] != str(each[1]))
    ]
