"""Sending a film from a real browser: it is cut off, goes on at the same byte, and is taken in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, Route, expect

from archive import arrivals
from archive import upload_places as places
from archive.models import Scan, Upload
from fixtures.clips import write_clip

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def archivist_page(
    page: Page,
    log_in: Callable[[User], None],
    archivist: User,
    settings: Any,
    tmp_path: Path,
) -> Page:
    for name in ("media", "upload", "master"):
        setattr(settings, f"{name.upper()}_HOME", tmp_path / name)
    log_in(archivist)
    return page


def choose(page: Page, film: Path) -> None:
    page.goto("/upload/")
    page.get_by_label("Film").set_input_files(film)
    expect(page.get_by_label("Title")).to_have_value("harbour day")


def send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "harbour_day.mkv", frames=12, width=64, height=48)


@pytest.mark.slow
def test_a_film_is_sent_and_followed_into_custody(archivist_page: Page, film: Path) -> None:
    page = archivist_page
    choose(page, film)
    page.get_by_label("Title").fill("Harbour Day")
    send(page)

    expect(page.locator("#upload-words")).to_contain_text("has arrived")
    expect(page.locator("#uploads")).to_contain_text("waiting for a worker")

    arrivals.take_in(str(Upload.objects.get().pk))

    expect(page.locator("#uploads")).to_contain_text("in custody")
    expect(page.get_by_role("link", name="Harbour Day, reel 1")).to_be_visible()
    assert Path(Scan.objects.get().path).read_bytes() == film.read_bytes()


def test_a_film_that_was_cut_off_goes_on_where_it_stopped(
    archivist_page: Page, context: BrowserContext, tmp_path: Path, settings: Any
) -> None:
    """The second piece finds no server; later, on a fresh page, only the rest is sent."""
    page, piece = archivist_page, 1 << 20
    settings.UPLOAD_PIECE_BYTES = piece
    film = tmp_path / "harbour_day.mkv"
    noise = np.random.default_rng(7).integers(0, 256, piece * 5 // 2, np.uint8)
    film.write_bytes(noise.tobytes())
    offsets: list[int] = []
    cut = True

    def pass_or_cut(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(int(route.request.headers["upload-offset"]))
            if cut and offsets[-1]:
                route.abort("connectionreset")
                return
        route.continue_()

    context.route(re.compile("/upload/files/"), pass_or_cut)
    choose(page, film)
    send(page)
    expect(page.locator("#uploads")).to_contain_text("1.0\xa0MB so far")
    upload = Upload.objects.get()
    assert places.received(upload) == piece

    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    choose(page, film)
    cut = False
    offsets.clear()
    send(page)

    expect(page.locator("#upload-words")).to_contain_text("has arrived")
    assert offsets == [piece, 2 * piece]
    assert Upload.objects.count() == 1
    assert places.master_path(upload).read_bytes() == film.read_bytes()


def test_stopping_throws_away_what_arrived(
    archivist_page: Page, context: BrowserContext, film: Path
) -> None:
    page = archivist_page
    context.route(
        re.compile("/upload/files/"),
        lambda route: route.abort() if route.request.method == "PATCH" else route.continue_(),
    )
    choose(page, film)
    send(page)
    expect(page.locator("#uploads")).to_contain_text("Discard")

    page.get_by_role("button", name="Stop and discard").click()

    expect(page.locator("#upload-words")).to_contain_text("nothing of it is kept")
    assert not Upload.objects.exists()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
