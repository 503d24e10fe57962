"""A browser's clock names the frame: seeking to the middle of frame n shows frame n."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from archive.media.decode import open_source
from archive.media.probe import probe
from archive.media.proxies import make_proxy
from fixtures.clips import NUMBER_BITS, write_clip

pytestmark = pytest.mark.browser

FRAMES = 60
SEEKS = 12
RATES = [Fraction(16), Fraction(30000, 1001), Fraction(50)]
OTHERS = [Fraction(18), Fraction(24), Fraction(25), Fraction(24000, 1001)]

_PAGE = """
<video muted playsinline></video><canvas></canvas>
"""
_LOAD = """
async data => {
  const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
  const video = document.querySelector("video");
  video.src = URL.createObjectURL(new Blob([bytes], {type: "video/mp4"}));
  await new Promise((done, failed) => {
    video.onloadeddata = done;
    video.onerror = () => failed(video.error.message);
  });
  return {width: video.videoWidth, height: video.videoHeight, seconds: video.duration};
}
"""
_SEEK = """
async ([time, bits]) => {
  const video = document.querySelector("video");
  const shown = new Promise(done => video.requestVideoFrameCallback(done));
  const sought = new Promise(done => video.addEventListener("seeked", done, {once: true}));
  video.currentTime = time;
  await sought;
  await Promise.race([shown, new Promise(done => setTimeout(done, 400))]);
  const canvas = document.querySelector("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const row = Math.floor(canvas.height / 16);
  const line = context.getImageData(0, row, canvas.width, 1).data;
  let number = 0;
  for (let place = 0; place < bits; place++) {
    const x = Math.floor((place + 0.5) * canvas.width / (bits + 1));
    number = number * 2 + (line[4 * x] > 128 ? 1 : 0);
  }
  return number;
}
"""
_PLAY = """
async () => {
  const video = document.querySelector("video");
  video.currentTime = 0;
  await video.play();
  await new Promise(done => setTimeout(done, 500));
  video.pause();
  return video.currentTime;
}
"""


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(
    "rate", [*RATES, *(pytest.param(rate, marks=pytest.mark.slow) for rate in OTHERS)], ids=str
)
def test_seeking_to_the_middle_of_a_frame_shows_that_frame(
    page: Any, tmp_path: Path, rate: Fraction
) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=FRAMES, rate=rate, audio_tracks=1)
    with open_source(scan, table=probe(scan).table) as source:
        make_proxy(source, tmp_path / "proxy.mp4")
    data = base64.b64encode((tmp_path / "proxy.mp4").read_bytes()).decode()
    page.set_content(_PAGE)
    loaded = page.evaluate(_LOAD, data)
    assert (loaded["width"], loaded["height"]) == (160, 120)
    assert abs(loaded["seconds"] - float(FRAMES / rate)) < 0.05
    chosen = [0, FRAMES - 1, *random.Random(str(rate)).sample(range(FRAMES), SEEKS)]
    middles = [float((frame + Fraction(1, 2)) / rate) for frame in chosen]
    shown = [page.evaluate(_SEEK, [middle, NUMBER_BITS]) for middle in middles]
    assert shown == chosen
    assert page.evaluate(_PLAY) > 0.1
