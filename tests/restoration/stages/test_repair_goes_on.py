"""A repair that was killed goes on after its last whole chunk, and makes the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archive.media.encode import PictureWriter
from restoration.execution import TakeFiles
from restoration.stages.contract import Outcome
from restoration.stages.repair.stage import STAGE
from tests.restoration.stages.films import blot, clip_of, moving
from tests.restoration.takes import run_stage

FRAMES, MARK, KILLED_AT = 20, 14, 17


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lights = moving(FRAMES, step=1.0)
    for number in (3, 8, 16):
        lights[number] = blot(lights[number], 30 + number, 50, 4, 0.95)
    clip = clip_of(lights)
    path = tmp_path_factory.mktemp("scan") / "scan.mkv"
    with PictureWriter(path, clip.format) as writer:
        for picture in clip.pictures:
            writer.write(picture)
    return path


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in TakeFiles(folder).folder.iterdir()}


def test_it_goes_on_after_the_last_whole_chunk(scan: Path, tmp_path: Path) -> None:
    began: list[int] = []

    def resume(clip: Any, given: Any, progress: Any, first: int, facts: Any) -> Outcome:
        began.append(first)
        assert STAGE.resume is not None
        return STAGE.resume(clip, given, progress, first, facts)

    def kill(done: int, total: int) -> None:
        assert total == FRAMES
        if done == KILLED_AT:
            raise Killed

    short = replace(STAGE, resume=resume, chunk=6)
    run_stage(scan, STAGE, tmp_path / "whole", frames=(0, FRAMES), marks=(MARK,))
    kept = tmp_path / "chunks"
    with pytest.raises(Killed):
        run_stage(
            scan, short, tmp_path / "killed", frames=(0, FRAMES), marks=(MARK,),
            progress=kill, chunks_folder=kept,
        )  # fmt: skip
    run_stage(scan, short, tmp_path / "take", frames=(0, FRAMES), marks=(MARK,), chunks_folder=kept)
    assert began == [0, MARK], "the chunks [0, 6), [6, 12) and [12, 14) were whole"
    assert bytes_of(tmp_path / "take") == bytes_of(tmp_path / "whole")


def test_a_short_scene_is_not_written_twice(scan: Path, tmp_path: Path) -> None:
    run_stage(scan, STAGE, tmp_path / "take", frames=(0, 8), chunks_folder=tmp_path / "chunks")
    assert not list((tmp_path / "chunks").glob("*/*"))
