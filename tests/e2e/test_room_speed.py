"""The review room of a long reel is soon there, and changes between takes without a black frame."""

from __future__ import annotations

import statistics
from fractions import Fraction
from time import perf_counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import Page

from archive.models import Scan
from restoration import viewing
from restoration.models import Scene, Take
from tests import factories
from tests.e2e.player import open_player
from tests.e2e.test_comparing import at_rest
from tests.review.approved_reel import make_real_take

pytestmark = pytest.mark.browser

SCENES, LENGTH = 500, 12
USABLE_S = 1.5
FLIP = """async () => {
  const canvas = document.querySelector("canvas.picture");
  const middle = () => canvas.getContext("2d")
    .getImageData(canvas.width / 2 - 40, canvas.height / 2 - 40, 80, 80).data;
  const paint = () => new Promise((go) => requestAnimationFrame(go));
  const seen = [];
  for (let turn = 0; turn < 40; turn += 1) {
    const before = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "f", bubbles: true }));
    const data = middle();
    let darkest = 255;
    for (let place = 0; place < data.length; place += 4) darkest = Math.min(darkest, data[place]);
    const mode = document.querySelector("[data-mode][aria-pressed=true]").dataset.mode;
    const took = performance.now() - before;
    const sum = data.reduce((all, value) => all + value, 0);
    await paint();
    const later = middle().reduce((all, value) => all + value, 0);
    seen.push({ mode, took, darkest, sum, later });
  }
  return seen;
}"""


def long_reel(scan: Scan) -> Scene:
    """As many scenes as a long reel has, each with a take of every stage, and notes; its middle."""
    Scan.objects.filter(pk=scan.pk).update(frames=SCENES * LENGTH)
    scan.refresh_from_db()
    first = factories.make_scene(scan=scan, frames=(0, 24))
    real = make_real_take(first)
    viewing.make_view(real)
    rest = [
        Scene(scan=scan, start_frame=at, end_frame=at + LENGTH)
        for at in range(24, SCENES * LENGTH + 24 - LENGTH, LENGTH)
    ]
    made = Scene.objects.bulk_create(rest[: SCENES - 1])
    facts = {name: getattr(real, name) for name in ("manifest", "totals", "version")}
    Take.objects.bulk_create(
        Take(
            scan=scan, start_frame=scene.start_frame, end_frame=scene.end_frame, stage=stage,
            number=1, storage_key=f"takes/{scene.pk}-{stage}", digest=factories.unique_digest(),
            key=factories.unique_digest(), **facts,
        )
        for scene in made for stage in ("deflicker", "repair")
    )  # fmt: skip
    return first


@pytest.mark.slow
def test_a_scene_of_five_hundred_is_usable_in_a_second_and_a_half(
    page: Page, log_in, film, archivist, client
):
    scan = film(frames=48, rate=Fraction(24), width=192, height=144)
    scene = long_reel(scan)
    client.force_login(archivist)
    log_in(archivist)
    address = reverse("scene", args=[scene.pk])
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        began = perf_counter()
        assert client.get(address).status_code == 200
        server = perf_counter() - began
    open_player(page, address)
    took = []
    for _ in range(7):
        began = perf_counter()
        open_player(page, address)
        page.keyboard.press("w")
        page.wait_for_selector("[data-mode=wipe][aria-pressed=true]")
        took.append(perf_counter() - began)
    words = f"server {server:.3f} s, {len(asked)} queries; usable {sorted(took)}"
    assert len(asked) < 60, words
    assert statistics.median(took) <= USABLE_S, words


def test_a_flip_takes_no_frame_and_shows_no_black(page: Page, log_in, scene_with_takes, reviewer):
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/#frame=2")
    at_rest(page, 2)
    seen = page.evaluate(FLIP)
    assert [each["mode"] for each in seen[:4]] == ["scan", "take", "scan", "take"]
    assert min(each["darkest"] for each in seen) > 40, "black was drawn"
    assert all(each["sum"] == each["later"] for each in seen), "it was not drawn at once"
    assert statistics.median(each["took"] for each in seen) < 1000 / 24
