"""Sending a folder of frames from a real browser: cut off, gone on with, taken in as one film."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, Route, expect

from archive import arrivals
from archive import upload_places as places
from archive.models import Scan, Upload
from fixtures.clips import write_sequence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def archivist_page(
    page: Page, log_in: Callable[[User], None], archivist: User, settings: Any, tmp_path: Path
) -> Page:
    for name in ("media", "upload", "master"):
        setattr(settings, f"{name.upper()}_HOME", tmp_path / name)
    log_in(archivist)
    return page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve frames, and what lies beside frames on people's disks."""
    made = write_sequence(tmp_path / "harbour_day", frames=12, width=64, height=48)
    (made / "Thumbs.db").write_bytes(b"thumbs")
    (made / "proxies").mkdir()
    (made / "proxies" / "frame_00001.png").write_bytes(b"small")
    return made


def choose(page: Page, folder: Path, *, rate: str = "18") -> None:
    page.goto("/upload/")
    page.get_by_label("A folder of numbered frames").check()
    expect(page.get_by_label("Film")).to_be_hidden()
    page.get_by_label("Folder", exact=True).set_input_files(folder)
    expect(page.get_by_label("Title")).to_have_value("harbour day")
    page.locator("#upload-rate").fill(rate)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()


def test_a_folder_is_sent_and_followed_into_custody(archivist_page: Page, folder: Path) -> None:
    page = archivist_page
    choose(page, folder)
    send(page)
    expect(page.locator("#upload-words")).to_contain_text("harbour_day has arrived")
    expect(page.locator("#uploads")).to_contain_text("waiting for a worker")
    expect(page.locator("#uploads")).to_contain_text("12 frames")
    expect(page.get_by_label("Film")).to_be_visible()

    arrivals.take_in(str(Upload.objects.get().pk))

    expect(page.locator("#uploads")).to_contain_text("in custody")
    scan = Scan.objects.get()
    assert (scan.kind, scan.frames, scan.rate) == ("sequence", 12, 18)
    assert sorted(path.name for path in Path(scan.path).iterdir()) == sorted(
        path.name for path in folder.glob("*.png")
    )


def test_a_folder_that_was_cut_off_goes_on_where_it_stopped(
    archivist_page: Page, context: BrowserContext, folder: Path
) -> None:
    """The line breaks after five files; later, on a fresh page, only the rest is sent."""
    page = archivist_page
    sent: list[str] = []
    cut = True

    def pass_or_cut(route: Route) -> None:
        if route.request.method == "PATCH":
            if cut and len(sent) >= 5:
                route.abort("connectionreset")
                return
            sent.append(route.request.url.rsplit("/", 1)[-1])
        route.continue_()

    context.route(re.compile("/upload/folders/"), pass_or_cut)
    choose(page, folder)
    send(page)
    expect(page.locator("#upload-words")).to_contain_text("5 of 12 frames")
    upload = Upload.objects.get()
    assert 0 < places.received(upload) < upload.length

    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    before = set(sent)
    choose(page, folder)
    cut = False
    send(page)

    expect(page.locator("#upload-words")).to_contain_text("has arrived")
    assert len(before) == 5 and len(sent) == 12 and len(set(sent)) == 12, "nothing was sent twice"
    assert Upload.objects.count() == 1
    master = places.master_path(upload)
    assert [path.read_bytes() for path in sorted(master.iterdir())] == [
        path.read_bytes() for path in sorted(folder.glob("*.png"))
    ]


def test_it_pauses_goes_on_and_stops(
    archivist_page: Page, context: BrowserContext, folder: Path
) -> None:
    page, held = archivist_page, []
    context.route(
        re.compile(r"/upload/folders/.*/\d+$"),
        lambda route: held.append(route) if route.request.method == "PATCH" else route.continue_(),
    )
    choose(page, folder)
    send(page)
    expect(page.locator("#uploads")).to_contain_text("Choose the same folder above")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#upload-words")).to_contain_text("Paused. What arrived is kept")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Stop and discard").click()
    expect(page.locator("#upload-words")).to_contain_text("nothing of it is kept")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert not Upload.objects.exists()


def test_a_missing_number_is_said_before_anything_is_sent(
    archivist_page: Page, folder: Path
) -> None:
    page = archivist_page
    (folder / "frame_00004.png").unlink()
    choose(page, folder)
    send(page)
    expect(page.locator("#upload-words")).to_contain_text("harbour_day: frame 4 is missing")
    choose(page, folder, rate="")
    send(page)
    expect(page.locator("#upload-words")).to_contain_text("is missing")
    assert not Upload.objects.exists()


def test_a_rate_must_be_given(archivist_page: Page, folder: Path) -> None:
    page = archivist_page
    choose(page, folder, rate="")
    send(page)
    expect(page.locator("#upload-words")).to_contain_text("say how many frames a second")
    page.get_by_label("Frames a second").fill("18")
    send(page)
    expect(page.locator("#upload-words")).to_contain_text("has arrived")
