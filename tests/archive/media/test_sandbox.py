"""Unknown files are read in a process that cannot take the worker along."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from archive.media import sandbox
from archive.media.errors import BrokenSequence, LimitExceeded, MediaError, NotAVideo
from archive.media.pixels import PIXEL_FORMATS, Picture
from archive.media.probe import probe
from archive.media.sandbox import Limits, derive_safely, digests_safely, probe_safely
from fixtures.clips import write_clip, write_sequence


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reel") / "l'arrivée “1”.mkv"
    return write_clip(path, frames=24, audio_tracks=2)


def test_it_gives_what_a_probe_in_this_process_gives(reel: Path) -> None:
    told: list[int] = []
    found = probe_safely(reel, progress=lambda done, _expected: told.append(done))
    assert found == probe(reel)
    assert told[0] == 1


def test_a_folder_is_read_with_its_rate(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "frames", frames=3)
    assert probe_safely(folder, rate=Fraction(50, 3)).rate == Fraction(50, 3)


def test_errors_come_back_as_what_they_were(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "frames", frames=6, missing=[3])
    with pytest.raises(BrokenSequence, match="frame 3 is missing"):
        probe_safely(folder, rate=Fraction(18))
    letter = tmp_path / "reel.mp4"
    letter.write_text("no film")
    with pytest.raises(NotAVideo, match=r"reel\.mp4"):
        probe_safely(letter)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        # Libraries that do not check what malloc gave them crash instead of complaining.
        (Limits(memory_bytes=330 << 20), r"needs more than 330 MiB of memory|could not be read"),
        (Limits(wall_seconds=0.05), r"not read within 0\.05 seconds"),
        (Limits(stall_seconds=0.05), r"no new frame for 0\.05 seconds"),
        (Limits(answer_bytes=100), r"longer than 100 bytes"),
    ],
    ids=["memory", "wall", "stall", "answer"],
)
def test_a_file_that_takes_too_much_is_stopped_with_a_reason(
    reel: Path, limits: Limits, words: str
) -> None:
    with pytest.raises(MediaError, match=words) as caught:
        probe_safely(reel, limits=limits)
    if "memory" not in words:
        assert isinstance(caught.value, LimitExceeded)


def test_processor_time_is_limited(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 65536, (1200, 1600)).astype(np.uint16)
    slow = Picture(PIXEL_FORMATS["gray16le"], (noise,))
    long = write_clip(
        tmp_path / "long.mkv", width=1600, height=1200, pixel="gray16le", pictures=[slow] * 5
    )
    with pytest.raises(LimitExceeded, match="more than 1 seconds of processor time"):
        probe_safely(long, limits=Limits(cpu_seconds=1))


def test_what_it_writes_is_limited(reel: Path, tmp_path: Path) -> None:
    found = probe(reel)
    with pytest.raises(LimitExceeded, match="more than 4000 bytes of output"):
        derive_safely(
            reel,
            tmp_path / "derived",
            table=found.table,
            rate=found.rate,
            limits=Limits(file_bytes=4000),
        )


def test_nothing_of_it_is_left_running(reel: Path) -> None:
    with pytest.raises(LimitExceeded):
        probe_safely(reel, limits=Limits(wall_seconds=0.05))
    assert own_children() == []


def own_children() -> list[str]:
    found = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in found.stdout.splitlines() if "archive.media.sandbox" in line]


_CRASH = """
import os, signal, sys
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGSEGV)
"""
_FLOOD = """
import sys
sys.stdin.readline()
sys.stderr.write("x" * 10_000_000)
sys.exit("it fell over")
"""
_HANG = """
import sys, time
sys.stdin.readline()
while True: time.sleep(1)
"""


@pytest.mark.parametrize(
    ("child", "kind", "words"),
    [
        (_CRASH, NotAVideo, "crashed the decoder"),
        (_FLOOD, MediaError, "could not be read"),
        (_HANG, LimitExceeded, "seems to hang the decoder"),
    ],
    ids=["crash", "flood", "hang"],
)
def test_a_child_that_breaks_is_an_error_of_the_file(
    reel: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    child: str,
    kind: type[MediaError],
    words: str,
) -> None:
    """The same parent, with a child that behaves as a broken decoder would."""
    script = tmp_path / "child.py"
    script.write_text(child)
    monkeypatch.setattr(sandbox, "CHILD", [sys.executable, str(script)])
    started = time.monotonic()
    with pytest.raises(kind, match=words):
        probe_safely(reel, limits=Limits(stall_seconds=1.5))
    assert time.monotonic() - started < 10


def test_it_cannot_reach_the_network_as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give up its network here")
    done = subprocess.run(
        [sys.executable, "-c", _NO_NETWORK], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "unreachable"


_NO_NETWORK = """
import dataclasses, socket
from archive.media.confinement import confine
from archive.media.sandbox import Limits
with socket.create_server(("127.0.0.1", 0)) as server:
    address = server.getsockname()
    confine(dataclasses.asdict(Limits()))
    try:
        socket.create_connection(address, timeout=2).close()
    except OSError:
        print("unreachable")
"""


def test_digests_are_taken_there_too(reel: Path) -> None:
    table = probe(reel).table
    assert tuple(digests_safely(reel, table=table)) == table.md5
