"""The cast's page in a browser: a line is heard, and a photograph is put in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from PIL import Image
from playwright.sync_api import Page, expect

from archive import accession
from archive.models import Scan
from restoration import biometrics, namings, transcripts
from restoration.models import FaceTrack, StageRun
from restoration.stages.attribute.measured import Measured
from restoration.stages.attribute.record import as_json
from tests.e2e.test_accessible import faults
from tests.restoration import speaking_face
from tests.restoration.stages.test_attribute import mouth_of, reel, still, syllables, track

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FRAMES = speaking_face.STOP - speaking_face.FIRST


def measured() -> Measured:
    """One face through the film, and what was taken for two others, as a run would say."""
    levels = syllables(7, 1)
    mouth = mouth_of(levels, 2, speaking_face.RATE)[:FRAMES]
    tracks = [
        track(1, mouth[:80], first=0, face=1),
        track(2, mouth[80:], first=80, face=1),
        track(3, still(40), first=100, face=3),
    ]
    for each in tracks[:2]:
        each.boxes = np.tile(np.array([84, 62, 174, 178], np.float32), (len(each.boxes), 1))
    return reel(levels, tracks, rate=speaking_face.RATE)


@pytest.fixture
def scan(tmp_path: Path, settings, archivist: User) -> Scan:
    settings.MEDIA_HOME = tmp_path / "media"
    film = speaking_face.write_speaking_face(tmp_path / "film.mkv")
    scan = accession.ingest(film, title="Talk").scan
    transcripts.keep(scan, speaking_face.said(), source="what is said", maker="machine")
    findings, told = biometrics.part_biometrics(as_json(measured()))
    run = StageRun.objects.create(
        scan=scan, stage="attribute", start_frame=0, end_frame=FRAMES, key="a" * 64, queue="cpu",
        status="done", findings=findings,
    )  # fmt: skip
    biometrics.keep_run(run, told)
    namings.name_face(FaceTrack.objects.get(number=1), "Eileen", actor="herself", by=archivist)
    scan.refresh_from_db()
    return scan


def test_a_line_is_heard_and_a_photograph_put_in(
    page: Page, log_in: Callable[[User], None], scan: Scan, archivist: User, tmp_path: Path
) -> None:
    log_in(archivist)
    page.goto(f"/reels/{scan.reel_id}/cast/")
    assert faults(page) == []
    page.set_viewport_size({"width": 1000, "height": 900})
    said = page.locator(".cast-said").first
    assert said.evaluate("part => part.clientWidth > 300 && part.scrollWidth <= part.clientWidth")
    play = page.locator(".cast-play").first
    start, end = (float(play.get_attribute(f"data-{name}") or 0) for name in ("at", "until"))
    play.click()
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(play).not_to_have_attribute("aria-pressed", "true")
    reached = page.locator("#cast-sound").evaluate("sound => sound.currentTime")
    assert start < reached < end + 0.6
    page.locator("summary", has_text="Put in a photograph").click()
    portrait = tmp_path / "portrait.png"
    Image.fromarray(speaking_face.photograph()).save(portrait)
    page.get_by_label("Picture of Eileen alone, from the front").set_input_files(portrait)
    page.get_by_label("What it is, and where it is from").fill("NASA, 1992")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".cast-photograph img")).to_have_count(1)
    expect(page.locator(".cast-photograph")).to_contain_text("NASA, 1992")
    assert faults(page) == []
