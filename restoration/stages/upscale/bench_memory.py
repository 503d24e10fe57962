"""How much memory an engine takes, in a process of its own."""

from __future__ import annotations

import multiprocessing
from pathlib import Path


def peak_mebibytes(data: Path, engine: str) -> float:
    """Peak of a process that enlarges the bench's first clip four times, libraries included."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_enlarge, (data, engine))


def _enlarge(data: Path, engine: str) -> float:
    from restoration.stages.upscale.bench_clips import load_cases
    from restoration.stages.upscale.stage import STAGE

    case = load_cases(data, "clean", 4, 1)[0]
    for _ in STAGE.run(case.small, STAGE.params(scale=4, engine=engine), _ignore).frames:
        pass
    status = Path("/proc/self/status").read_text()  # getrusage's peak outlives an exec
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _ignore(done: int, total: int) -> None:
    return None
