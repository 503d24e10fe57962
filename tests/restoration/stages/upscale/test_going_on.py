"""A run that was killed goes on after its last whole chunk, and makes the same bytes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive.media.encode import PictureWriter
from restoration.chunks import KeptChunks, chunks_of
from restoration.execution import Made, TakeFiles
from restoration.stages.contract import Outcome, StageFrame
from restoration.stages.upscale.basicvsr import stretches
from restoration.stages.upscale.stage import STAGE
from tests.restoration.stages.upscale.clips import small_clip
from tests.restoration.takes import run_stage

FRAMES, MARK, KILLED_AT = 20, 15, 17
PARAMS = {"scale": 2, "engine": "resample"}

KILLED = """
import os, signal, sys
from pathlib import Path
from restoration.stages.upscale.stage import STAGE
from tests.restoration.takes import run_stage

def tell(done, total):
    if done == {at}:
        os.kill(os.getpid(), signal.SIGKILL)

run_stage(Path({scan!r}), STAGE, Path({out!r}), frames=(0, {frames}), progress=tell,
          params={params!r}, marks=({mark},), chunks_folder=Path({chunks!r}))
"""


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clip = small_clip("yuv420p", frames=FRAMES)
    path = tmp_path_factory.mktemp("scan") / "scan.mkv"
    with PictureWriter(path, clip.format) as writer:
        for picture in clip.pictures:
            writer.write(picture)
    return path


@pytest.fixture(scope="module")
def whole(scan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The take of a run that nobody disturbed, and that put nothing away."""
    folder = tmp_path_factory.mktemp("whole") / "take"
    run_stage(scan, STAGE, folder, frames=(0, FRAMES), params=PARAMS, marks=(MARK,))
    return folder


def go_on(scan: Path, folder: Path, chunks: Path, **params: Any) -> tuple[Made, int]:
    """A run over what lies in `chunks`, and the frame with which its stage began."""
    began = []

    def resume(clip: Any, given: Any, progress: Any, first: int, facts: Any) -> Outcome:
        began.append(first)
        assert STAGE.resume is not None
        return STAGE.resume(clip, given, progress, first, facts)

    made = run_stage(
        scan,
        replace(STAGE, resume=resume),
        folder,
        frames=(0, FRAMES),
        params=PARAMS | params,
        marks=(MARK,),
        chunks_folder=chunks,
    )
    return made, began[0]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in TakeFiles(folder).folder.iterdir()}


def test_a_killed_run_goes_on_after_the_last_whole_chunk_and_makes_the_same_bytes(
    scan: Path, whole: Path, tmp_path: Path
) -> None:
    chunks = tmp_path / "chunks"
    program = KILLED.format(
        at=KILLED_AT,
        scan=str(scan),
        out=str(tmp_path / "killed"),
        frames=FRAMES,
        params=PARAMS,
        mark=MARK,
        chunks=str(chunks),
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()[-500:]
    _, first = go_on(scan, tmp_path / "take", chunks)
    assert first == MARK, "the chunks [0, 12) and [12, 15) were whole"
    assert bytes_of(tmp_path / "take") == bytes_of(whole)
    # All is there now: a run that is killed while it is read back computes nothing again.
    _, first = go_on(scan, tmp_path / "again", chunks)
    assert first == FRAMES
    assert bytes_of(tmp_path / "again") == bytes_of(whole)


SHORT = """
from restoration.stages.upscale.compact import Compact

whole, asked = Compact._in_tiles, []

def short(self, luma):
    asked.append(luma)
    if len(asked) == 4:
        raise MemoryError
    return whole(self, luma)

Compact._in_tiles = short
"""
"""Memory that fails once, in the fourth frame, as long as no frame was asked for before."""


@pytest.mark.slow
def test_a_run_whose_tiles_were_halved_goes_on_with_such_tiles(
    scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compact = pytest.importorskip("restoration.stages.upscale.compact")
    params = {"scale": 2, "engine": "compact", "tile": 64, "faces": False}
    chunks = tmp_path / "chunks"
    program = SHORT + KILLED.format(
        at=KILLED_AT,
        scan=str(scan),
        out=str(tmp_path / "killed"),
        frames=FRAMES,
        params=params,
        mark=MARK,
        chunks=str(chunks),
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()[-500:]
    made, first = go_on(scan, tmp_path / "take", chunks, **params)
    assert first == MARK and made.manifest is not None
    facts = made.manifest["facts"]
    assert (facts["tile"], facts["tile_halvings"]) == (32, 1), "of 64, once too large"

    monkeypatch.setattr(compact.Compact, "_in_tiles", compact.Compact._in_tiles)
    exec(SHORT, {})
    run_stage(scan, STAGE, tmp_path / "whole", frames=(0, FRAMES), params=params, marks=(MARK,))
    assert bytes_of(tmp_path / "take") == bytes_of(tmp_path / "whole")


def test_a_damaged_chunk_is_made_again_and_other_parameters_make_all_again(
    scan: Path, whole: Path, tmp_path: Path
) -> None:
    chunks = tmp_path / "chunks"
    go_on(scan, tmp_path / "1", chunks)
    labels = chunks / "00001" / "map.mkv"
    spoiled = bytearray(labels.read_bytes())
    spoiled[-40] ^= 1
    labels.write_bytes(spoiled)
    _, first = go_on(scan, tmp_path / "2", chunks)
    assert first == 12
    assert bytes_of(tmp_path / "2") == bytes_of(whole)
    _, first = go_on(scan, tmp_path / "3", chunks, threshold=2.0)
    assert first == 0


def test_chunks_of_other_parameters_that_cannot_be_removed_are_not_used(
    scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = tmp_path / "chunks"
    go_on(scan, tmp_path / "1", chunks)
    remove = shutil.rmtree

    def refused(path: Path, **how: Any) -> None:
        if Path(path).parent != chunks:
            remove(path, **how)

    monkeypatch.setattr("restoration.chunks.shutil.rmtree", refused)
    made, first = go_on(scan, tmp_path / "2", chunks, mode="free")
    assert first == 0
    assert made.manifest is not None and made.manifest["facts"]["mode"] == "free"
    assert (chunks / "00000").is_dir(), "it is still there"
    _, first = go_on(scan, tmp_path / "3", chunks, mode="free")
    assert first == 0


def test_without_room_for_chunks_the_take_is_made_all_the_same(
    scan: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("restoration.chunks._Writer.finish", full)
    go_on(scan, tmp_path / "take", tmp_path / "chunks")
    assert bytes_of(tmp_path / "take") == bytes_of(whole)
    assert not list((tmp_path / "chunks").glob("[0-9]*"))


def test_two_processes_do_not_put_chunks_into_one_folder(tmp_path: Path) -> None:
    clip = small_clip(frames=1)
    labels = np.ones((30, 41), np.uint8)
    made = [StageFrame(clip.pictures[0], labels, labels * 0)]
    with KeptChunks(tmp_path, {}) as first, KeptChunks(tmp_path, {}) as second:
        assert len(list(second.keep(0, iter(made), clip.format, {}))) == 1
        assert not list(tmp_path.glob("[0-9]*"))
        assert len(list(first.keep(0, iter(made), clip.format, {}))) == 1
        assert len(first.sound(1)) == 1 and second.sound(1) == []


def test_chunks_begin_anew_at_a_splice() -> None:
    found = chunks_of(100, 130, (117, 90, 130), 12)
    assert found == [(100, 112), (112, 117), (117, 129), (129, 130)]


@pytest.mark.parametrize("length", [13, 24, 27, 30, 36])
def test_stretches_that_begin_in_the_middle_are_those_of_a_whole_pass(length: int) -> None:
    planes = [np.full((1, 1), number, np.float32) for number in range(length)]

    def told(found: Iterator[tuple[list[np.ndarray], slice]]) -> list[tuple[list[float], slice]]:
        return [([float(plane[0, 0]) for plane in held], new) for held, new in found]

    whole = told(stretches(planes, new=12, overlap=3))
    later = told(stretches(planes[9:], new=12, overlap=3, before=3))
    assert later == whole[1:]
