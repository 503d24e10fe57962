"""A small film, taken in by hand, with its scenes; and the engine set to short times."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.models import Scan
from fixtures.clips import write_clip
from restoration import nursery
from restoration.models import Scene
from tests.factories import make_scan, make_scenes

FRAMES = 24
WIDTH, HEIGHT = 64, 48


@pytest.fixture(scope="session")
def film_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    write_clip(path, frames=FRAMES, rate=16, width=WIDTH, height=HEIGHT, pixel="gray")
    return path


@pytest.fixture
def scan(film_file: Path) -> Scan:
    digest = hashlib.sha256(film_file.read_bytes()).hexdigest()
    return make_scan(frames=FRAMES, width=WIDTH, height=HEIGHT, path=str(film_file), sha256=digest)


@pytest.fixture
def scenes_of_film(scan: Scan) -> list[Scene]:
    """Two of twelve frames each."""
    return make_scenes(scan, length=12)


@pytest.fixture
def scene(scenes_of_film: list[Scene]) -> Scene:
    return scenes_of_film[0]


@pytest.fixture(autouse=True)
def quick_engine(settings: object, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.RUN_LEASE_SECONDS = 5
    settings.RUN_PROGRESS_SECONDS = 20
    settings.RUN_LEFTOVER_SECONDS = 0


@pytest.fixture(autouse=True, scope="package")
def no_nursery_left() -> Iterator[None]:
    yield
    nursery.discard_idle()
