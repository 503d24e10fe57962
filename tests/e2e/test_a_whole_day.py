"""From a film on disk to a deliverable, decided by people in the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from archive import accession, custody, derived
from archive.models import Reel
from fixtures.clips import moving_texture, write_clip
from restoration import runs, viewing
from restoration.models import StageRun, Take
from review.delivery.attempts import execute_delivery
from review.models import Delivery
from tests.e2e.player import open_player

pytestmark = pytest.mark.browser

CUT = 20


def two_shots(number: int, width: int, height: int) -> npt.NDArray[np.float32]:
    """Texture, then after the cut its mirrored negative; with flicker and a tear now and then."""
    luma = moving_texture(number, width, height)
    if number >= CUT:
        luma = 1 - luma[:, ::-1]
    luma = luma * np.float32(0.85 + 0.1 * (number % 2))
    if number % 8 == 4:
        luma[height // 2 : height // 2 + 12, width // 3 : width // 3 + 16] = 1.0
    return np.clip(luma, 0, 1).astype(np.float32)


def work_until_done() -> Iterator[StageRun]:
    """Do what the workers would, in this process."""
    while run := StageRun.objects.filter(status=StageRun.Status.QUEUED).order_by("pk").first():
        runs.execute_run(run.pk)
        run.refresh_from_db()
        yield run


@pytest.fixture
def held_reel(tmp_path: Path, transactional_db: None, archivist: User) -> Reel:
    path = write_clip(
        tmp_path / "Ein Tag am Hafen.mkv",
        frames=36, rate=Fraction(18), width=192, height=144, audio_tracks=1, paint=two_shots,
    )  # fmt: skip
    held = accession.ingest(path, title="Ein Tag am Hafen", by=archivist, derivatives=False)
    derived.make_derivatives(held.scan)
    return held.reel


def test_a_film_goes_from_the_shelf_to_a_deliverable(
    page: Page,
    context: Any,
    log_in: Callable[[User], None],
    held_reel: Reel,
    archivist: User,
    restorer: User,
    reviewer: User,
):
    log_in(restorer)
    page.goto(f"/reels/{held_reel.pk}/")
    expect(page.get_by_text("No scenes yet")).to_be_visible()
    page.get_by_role("button", name="Start on every scene").click()
    expect(page.get_by_text("Started: 1 run")).to_be_visible()
    ended = list(work_until_done())
    assert {run.status for run in ended} == {"done"}, [run.error for run in ended]
    for take in Take.objects.all():
        viewing.make_view(take)
    page.reload()
    expect(page.locator(".card").first.get_by_text("to review")).to_be_visible()
    expect(page.get_by_text("may not leave yet")).to_be_visible()

    log_in(reviewer)
    page.goto("/")
    scenes = list(held_reel.current_scan().scenes.current())
    for scene in scenes:
        open_player(page, f"/scenes/{scene.pk}/")
        expect(page.locator("#frame")).to_have_text(str(scene.start_frame))
        page.keyboard.press("w")
        page.keyboard.press("p")
        page.keyboard.press("a")
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"Checked by {reviewer}")).to_be_visible()
    page.goto("/")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()

    log_in(archivist)
    page.goto(f"/reels/{held_reel.pk}/")
    expect(page.get_by_text("may leave")).to_be_visible()
    page.get_by_label("Format").select_option("otio")
    page.get_by_role("button", name="Deliver", exact=True).click()
    expect(page.locator("#deliveries").get_by_text("waiting", exact=True)).to_be_visible()
    execute_delivery(Delivery.objects.get().pk)
    with page.expect_download() as fetched:
        page.locator("#deliver a[download]").first.click()
    assert fetched.value.path().stat().st_size > 0
    assert held_reel.events.filter(kind="approval").count() == len(scenes)
    assert custody.verify_chain(f"reel:{held_reel.pk}") == []
