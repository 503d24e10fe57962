"""The scan's sound is heard, and is beside the picture that is seen."""

from __future__ import annotations

from fractions import Fraction

import pytest
from playwright.sync_api import Page, expect

from restoration import viewing
from tests import factories
from tests.e2e.player import KEEP_VIDEOS, open_player
from tests.review.approved_reel import make_real_take

pytestmark = pytest.mark.browser

APART_S = 0.08
"""Two frames at 24: less than lips are seen to be off by."""

WATCH = """async () => {
  const all = [...window.videos, ...(window.sounds ?? [])];
  const heard = all.find((one) => !one.muted);
  if (!heard) return { parts: [] };
  const context = new AudioContext();
  const meter = context.createAnalyser();
  context.createMediaElementSource(heard).connect(meter).connect(context.destination);
  await context.resume();
  const parts = [];
  new MutationObserver(() => parts.push([Number(document.body.dataset.frame), heard.currentTime]))
    .observe(document.body, { attributes: true, attributeFilter: ["data-frame"] });
  const wave = new Float32Array(512);
  let loudest = 0;
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
  const until = performance.now() + 1800;
  while (performance.now() < until) {
    await new Promise((go) => setTimeout(go, 20));
    meter.getFloatTimeDomainData(wave);
    loudest = Math.max(loudest, ...wave.map(Math.abs));
  }
  return { parts, loudest };
}"""

KEEP_SOUNDS = """
  window.sounds = [];
  const Plain = window.Audio;
  window.Audio = function (address) {
    window.sounds.push(new Plain(address));
    return window.sounds.at(-1);
  };
"""
"""A follower of the picture stands in no page: this lets the test find it."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "compared", ["scan and take", pytest.param("two takes", marks=pytest.mark.slow)]
)
def test_the_sound_is_heard_in_step(compared: str, page: Page, log_in, film, archivist):
    log_in(archivist)
    scan = film(frames=60, rate=Fraction(24), width=192, height=144, audio_tracks=1)
    scene = factories.make_scene(scan=scan, frames=(6, 60))
    first = make_real_take(scene)
    second = make_real_take(scene, stage="repair", after=first)
    for take in (first, second):
        viewing.make_view(take)
    page.add_init_script(KEEP_VIDEOS + KEEP_SOUNDS)
    against = f"?take={second.pk}&against={first.pk}" if compared == "two takes" else ""
    open_player(page, f"/scenes/{scene.pk}/{against}")
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    page.locator("#frame").click()
    found = page.evaluate(WATCH)
    apart = [at - (frame + 0.5) / 24 for frame, at in found["parts"][4:]]
    assert len(apart) > 10, "it hardly played"
    assert found["loudest"] > 0.05, "nothing is heard"
    most = sorted(map(abs, apart))[int(len(apart) * 0.9)]
    assert most <= APART_S, f"{min(apart):+.3f} to {max(apart):+.3f} s apart"
    page.keyboard.press("z")
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "false")
