"""A real browser on a live server, and film for it to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from archive.derived import PROXY, STILLS
from archive.media.decode import open_source
from archive.media.proxies import make_proxy, make_stills
from archive.models import Reel, Scan
from fixtures.clips import moving_texture
from restoration import viewing
from restoration.models import Scene
from restoration.storage import storage
from review.live.hub import HUB
from tests import factories
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel

PATIENCE_MS = 20_000
"""For a page on a machine that does eight other things."""


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """Whitenoise warns of a folder that only `collectstatic` makes."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def quiet_rooms() -> Iterator[None]:
    """No room is told anything after its test: the tables are emptied then."""
    HUB.open()
    yield
    HUB.end()


@pytest.fixture
def context(browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, base_url=live_server.url, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context
    context.close()
    HUB.end()  # before the tables are emptied: the watcher notes down who is here


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which an error of a script, or a refusal of the policy, fails the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security" in said.text else None,
    )
    yield page
    assert faults == []


@pytest.fixture
def log_in(context: BrowserContext, live_server: Any) -> Callable[[User], None]:
    """Come in as somebody without filling in the form."""

    def enter(user: User) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )

    return enter


@pytest.fixture
def film(tmp_path: Path, transactional_db: None) -> Callable[..., Scan]:
    """Make a numbered clip that is held and can be played: keywords go to `write_clip`."""

    def make(name: str = "Harbour Day", **clip: Any) -> Scan:
        reel = make_scanned_reel(tmp_path, name=f"{name} {factories.unique_digest()[:6]}", **clip)
        scan = current_scan(reel)
        make_playable(scan)
        return scan

    return make


def make_playable(scan: Scan) -> None:
    """Proxy and stills, as a worker makes them after accession."""
    folder = storage().folder(scan.derived)
    with open_source(scan.path, rate=scan.rate) as source:
        make_proxy(source, folder / PROXY)
        make_stills(source, range(0, scan.frames, 6), folder / STILLS)
    scan.derivatives = Scan.Derivatives.READY
    scan.save(update_fields=["derivatives"])


SCAN_FACTS = (
    "frames", "rate_numerator", "rate_denominator", "width", "height", "path", "sha256", "bytes",
    "derived", "derivatives", "pixel_format", "bit_depth", "kind", "framemd5",
)  # fmt: skip
TAKE_FACTS = ("storage_key", "key", "manifest", "digest", "totals")


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    """The files of `scene_with_takes` outlive its rows: what the rows said of them."""
    return {}


@pytest.fixture
def scene_with_takes(film: Callable[..., Scan], made: dict[str, Any]) -> Scene:
    """Two scenes, the first with deflicker and repair takes that can be played."""
    if not made:
        return _make_scene_with_takes(film, made)
    scan = Scan.objects.create(reel=factories.make_reel(), **made["scan"])
    scene, _ = factories.make_scenes(scan, length=24)
    first = factories.make_take(scene=scene, stage="deflicker", **made["deflicker"])
    factories.make_take(scene=scene, stage="repair", input_take=first, **made["repair"])
    return scene


def _make_scene_with_takes(film: Callable[..., Scan], made: dict[str, Any]) -> Scene:
    scan = film(frames=36, rate=Fraction(16), width=192, height=144, paint=flickering_and_torn)
    scene, _ = factories.make_scenes(scan, length=24)
    first = make_real_take(scene)
    second = make_real_take(scene, stage="repair", after=first)
    for take in (first, second):
        viewing.make_view(take)
        made[take.stage] = {name: getattr(take, name) for name in TAKE_FACTS}
    made["scan"] = {name: getattr(scan, name) for name in SCAN_FACTS}
    return scene


@pytest.fixture
def restored_scene(film: Callable[..., Scan]) -> Scene:
    """One scene with a deflicker take that can be played: for tests of what is around the film."""
    scan = film(frames=24, rate=Fraction(16), width=192, height=144, paint=flickering_and_torn)
    scene = factories.make_scene(scan=scan, frames=(0, 24))
    viewing.make_view(make_real_take(scene))
    return scene


def flickering_and_torn(number: int, width: int, height: int) -> npt.NDArray[np.float32]:
    """Texture that flickers, with a white tear that lasts for one frame."""
    luma = moving_texture(number, width, height) * np.float32(0.8 + 0.15 * (number % 3))
    if number % 6 == 3:
        luma[height // 2 : height // 2 + 14, width // 3 : width // 3 + 18] = 1.0
    return np.clip(luma, 0, 1).astype(np.float32)


@pytest.fixture
def reel(scene_with_takes: Scene) -> Reel:
    return scene_with_takes.scan.reel
