"""Two films of 1080 rows are compared while they play, as fast as the browser can show them at all.

Prints what it measures (`pytest -s`): the numbers burned into the pictures are read from the canvas
while it plays, processor time is that of all of the browser's processes.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import pytest
from playwright.sync_api import Page

from archive.media.decode import open_source
from archive.media.proxies import make_proxy
from restoration import viewing
from restoration.mapfile import MapWriter
from restoration.models import Scene, Take
from restoration.provenance import identity_map
from tests import factories
from tests.e2e.player import BAND, burned_in, open_player

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTH, HEIGHT, RATE, FRAMES = 1920, 1080, 24, 48
ROUNDS = 4
"""The film is played through so often: the first of them, while all is loaded, does not count."""
BEHIND = 0.85
"""Of the pictures that the browser shows of the same two films in two bare videos."""
PLAY = (
    "async ([last, width, height]) => {"
    + BAND
    + """
  const seen = [], play = document.querySelector("[data-act=play]");
  const watch = new MutationObserver(() => {
    if (play.getAttribute("aria-pressed") === "true") {
      seen.push([performance.now(), Number(document.getElementById("frame").value), band()]);
    }
  });
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-frame"] });
  play.click();
  const until = performance.now() + 20000;
  do await new Promise((resolve) => setTimeout(resolve, 50));
  while (play.getAttribute("aria-pressed") === "true" && performance.now() < until);
  watch.disconnect();
  return seen;
}"""
)
ALONE = """async (addresses) => {
  const videos = addresses.map((src) => {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, src, width: 480 });
    document.body.prepend(video);
    return video;
  });
  const shown = videos.map(() => new Set());
  videos.forEach((video, index) => {
    const listen = () => video.requestVideoFrameCallback((now, { mediaTime }) => {
      shown[index].add(mediaTime);
      listen();
    });
    listen();
  });
  const ended = videos.map((video) => new Promise((resolve) => (video.onended = resolve)));
  const began = performance.now();
  await Promise.all(videos.map((video) => video.play()));
  await Promise.all(ended);
  const took = (performance.now() - began) / 1000;
  videos.forEach((video) => video.remove());
  return [Math.min(...shown.map((each) => each.size)), took];
}"""


def grain() -> Callable[[int, int, int], npt.NDArray[np.float32]]:
    """A soft picture that moves, under grain: what an encoder finds hard, made quickly."""
    chance = np.random.default_rng(1)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    soft = 0.5 + 0.2 * np.sin(columns / 41) * np.cos(rows / 37) + 0.1 * np.sin((columns + rows) / 9)
    noise = chance.normal(0, 0.02, (HEIGHT, WIDTH)).astype(np.float32)

    def paint(frame: int, width: int, height: int) -> npt.NDArray[np.float32]:
        moved = np.roll(soft, 3 * frame, 1) + np.roll(noise, (37 * frame, 101 * frame), (0, 1))
        return np.asarray(np.clip(moved, 0, 1), np.float32)

    return paint


def processor_seconds() -> float:
    """Spent so far by the processes of the browser that this test opened."""
    found = psutil.Process().children(recursive=True)
    times = [each.cpu_times() for each in found if "chrom" in each.name()]
    return sum(each.user + each.system for each in times)


def played(page: Page) -> dict[str, Any]:
    """What was shown of the film, played through ROUNDS times."""
    shown, seconds, wrong, spent = 0, 0.0, 0, 0.0
    for number in range(ROUNDS):
        before = processor_seconds()
        seen = page.evaluate(PLAY, [FRAMES - 1, WIDTH, HEIGHT])
        wrong += sum(frame != burned_in(columns) for _, frame, columns in seen)
        if number == 0:
            continue
        spent += processor_seconds() - before
        shown += len({frame for _, frame, _ in seen})
        seconds += (seen[-1][0] - seen[0][0]) / 1000
    return told(shown, seconds, spent) | {"wrong": wrong}


def alone(page: Page, addresses: list[str]) -> dict[str, Any]:
    before = processor_seconds()
    shown, seconds = page.evaluate(ALONE, addresses)
    return told(shown, seconds, processor_seconds() - before)


def told(shown: int, seconds: float, spent: float) -> dict[str, Any]:
    return {
        "pairs_a_second": round(shown / seconds, 1),
        "pairs_of_a_hundred": round(100 * shown / (seconds * RATE)),
        "processor_ms_a_pair": round(1000 * spent / max(1, shown)),
        "processors": round(spent / seconds, 2),
    }


def make_take(scene: Scene) -> Take:
    """A take that is the scan once more: what it shows costs the browser as much as any other."""
    key = f"takes/{factories.unique_digest()}"
    folder = viewing.storage().folder(key)
    folder.mkdir(parents=True)
    shutil.copyfile(scene.scan.path, folder / "picture.mkv")
    labels = MapWriter(folder / "map.mkv", width=WIDTH, height=HEIGHT, rate=scene.scan.rate)
    for _ in range(FRAMES):
        labels.write(identity_map(HEIGHT, WIDTH))
    labels.close()
    return factories.make_take(scene=scene, storage_key=key)


def make_views_whole(scene: Scene) -> None:
    """The viewing copies of scan and take, with all of their rows."""
    (take,) = scene.scan.takes.all()
    folder = viewing.storage().folder(scene.scan.derived)
    with open_source(scene.scan.path, rate=scene.scan.rate) as source:
        make_proxy(source, folder / "proxy.mp4", max_height=HEIGHT)
    picture = viewing.storage().folder(take.storage_key) / "picture.mkv"
    with open_source(picture, rate=scene.scan.rate) as source:
        make_proxy(source, viewing.view_of(take).proxy, max_height=HEIGHT)


def test_two_films_of_full_hd_are_compared_while_they_play(
    page: Page, log_in, film, reviewer, capsys
):
    scan = film(frames=FRAMES, rate=Fraction(RATE), width=WIDTH, height=HEIGHT, paint=grain())
    scene = factories.make_scene(scan=scan, frames=(0, FRAMES))
    take = make_take(scene)
    viewing.make_view(take)
    make_views_whole(scene)
    log_in(reviewer)
    page.set_default_timeout(120_000)
    open_player(page, f"/scenes/{scene.pk}/")
    page.keyboard.press("w")
    room = page.evaluate("JSON.parse(document.getElementById('room').textContent)")
    both = [room["scan"]["proxy"], room["take"]["proxy"]]
    found = {"load": psutil.getloadavg(), "room": played(page), "videos": alone(page, both)}
    with capsys.disabled():
        sys.stdout.write(json.dumps(found, indent=1))
    assert found["room"]["wrong"] == 0
    most = min(RATE, found["videos"]["pairs_a_second"])
    assert found["room"]["pairs_a_second"] >= BEHIND * most
    shutil.rmtree(viewing.view_of(take).folder)
