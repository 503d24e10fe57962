"""What a process did before shows in no take: it is bit for bit that of a new process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.fixity import sha256_file
from fixtures.clips import write_clip
from restoration.nursery import Nursery
from restoration.orders import Order
from restoration.recording import MAP, PICTURE

pytestmark = pytest.mark.slow

STAGES = ("repair", "deflicker", "denoise", "stabilise", "colourise", "upscale")
FRAMES = 8


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("film") / "film.mkv", frames=FRAMES)


def nursery() -> Iterator[Nursery]:
    started = Nursery("restoration.execution:execute").wait()
    yield started
    started.close()


rested = pytest.fixture(nursery, scope="module", name="rested")
fresh = pytest.fixture(nursery, name="fresh")


def take(process: Nursery, film: Path, stage: str, folder: Path) -> dict[str, Any]:
    """Its digest, and those of its files."""
    process.begin(Order(film, sha256_file(film), stage, 0, FRAMES, out_folder=folder), hold=False)
    said: dict[str, Any] = {}
    while "ended" not in said:
        message = process.receive(120)
        assert message is not None
        said |= message
    assert "made" in said, said
    return {name: sha256_file(folder / name) for name in (PICTURE, MAP)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_take_is_that_of_a_new_process(
    stage: str, rested: Nursery, fresh: Nursery, film: Path, tmp_path: Path
) -> None:
    for number, other in enumerate(each for each in STAGES if each != stage):
        take(rested, film, other, tmp_path / f"before-{number}")
    after = take(rested, film, stage, tmp_path / "after")
    alone = take(fresh, film, stage, tmp_path / "alone")
    assert after == alone
