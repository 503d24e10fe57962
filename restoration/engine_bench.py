"""What the engine costs beside the stages' own work, and what a run needs of memory."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.test import override_settings

from archive.models import Element, Reel, Scan, Title
from fixtures.clips import write_clip
from restoration import nursery, runs
from restoration.claims import claim, renew
from restoration.idle import TOTALS
from restoration.models import Scene, StageRun
from restoration.publishing import Result, finish_run
from restoration.storage import storage


def make_scan(path: Path, *, frames: int, width: int, height: int) -> Scan:
    """A scan of that file for measuring, without an accession."""
    reel = Reel.objects.create(
        element=Element.objects.create(title=Title.objects.create(name="Measured"))
    )
    digest = hashlib.sha256(path.read_bytes() if path.exists() else path.name.encode())
    return Scan.objects.create(
        reel=reel,
        kind=Scan.Kind.FILE,
        path=str(path),
        sha256=digest.hexdigest(),
        framemd5="0" * 64,
        bytes=path.stat().st_size if path.exists() else 0,
        frames=frames,
        rate_numerator=24,
        rate_denominator=1,
        width=width,
        height=height,
        pixel_format="gray",
        bit_depth=8,
    )


def machine_seconds() -> tuple[float, float]:
    """Of all cores since the start: busy, and in all."""
    with Path("/proc/stat").open() as file:
        spent = [float(part) for part in file.readline().split()[1:9]]
    return sum(spent) - spent[3] - spent[4], sum(spent)


def busy_share(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Share of the machine's cores that were busy, with whatever else ran on it."""
    return round((after[0] - before[0]) / max(1.0, after[1] - before[1]), 3)


def measure_rows(count: int) -> dict[str, Any]:
    """Milliseconds of each change of a run's row, commits included, without any computing."""
    scan = make_scan(Path("rows"), frames=count, width=1, height=1)
    spent: dict[str, list[float]] = {}
    for number in range(count):
        scene = Scene.objects.create(scan=scan, start_frame=number, end_frame=number + 1)
        with _timed(spent, "start"):
            run = runs.process_scene(scene, stages=["deflicker"])
        with _timed(spent, "claim"):
            held = claim(run.pk, worker="bench", device="cpu")
        assert held is not None
        with _timed(spent, "renew"):
            renew(held, frames_done=1)
        with _timed(spent, "publish"):
            finish_run(held, Result({}, f"{number:064}", TOTALS, None, {}))
    return {"runs": count} | {name: _summary(values) for name, values in spent.items()}


def measure_runs(count: int) -> dict[str, Any]:
    """Milliseconds of whole runs, child process included, whose stage does nothing."""
    scan = make_scan(Path("nothing"), frames=count, width=1, height=1)
    spent: dict[str, list[float]] = {}
    with override_settings(RUN_EXECUTOR="restoration.idle:execute"):
        begun = time.perf_counter()
        nursery.give_back(nursery.take())
        started = time.perf_counter() - begun
        for number in range(count):
            scene = Scene.objects.create(scan=scan, start_frame=number, end_frame=number + 1)
            run = runs.process_scene(scene, stages=["deflicker"])
            with _timed(spent, "run"):
                runs.execute_run(run.pk)
        nursery.discard_idle()
    ended = StageRun.objects.filter(scan=scan, status="done").count()
    return {"runs": count, "done": ended, "first_start_s": round(started, 3)} | {
        "whole_run": _summary(spent["run"])
    }


def measure_memory(
    *, frames: list[int], stages: list[str], width: int = 640, height: int = 480
) -> list[dict[str, Any]]:
    """Peak memory and the engine's share of the time, for runs of those lengths."""
    measured = []
    for length in frames:
        with _clip(length, width, height) as path:
            scan = make_scan(path, frames=length, width=width, height=height)
            for stage in stages:
                measured.append(_measure_run(scan, stage))
            for folder in list(storage().attempts()):
                storage().remove(folder.key)
    return measured


def _measure_run(scan: Scan, stage: str) -> dict[str, Any]:
    run = runs.start_run(scan=scan, stage=stage, start_frame=0, end_frame=scan.frames)
    begun = time.perf_counter()
    runs.execute_run(run.pk)
    wall = time.perf_counter() - begun
    run.refresh_from_db()
    timings = run.timings
    return {
        "stage": stage,
        "frames": scan.frames,
        "state": run.status,
        "error": run.error,
        "peak_memory_mib": round(timings.get("peak_memory_bytes", 0) / 2**20, 1),
        "wall_s": round(wall, 3),
        "child_s": timings.get("total"),
        "engine_share": round((wall - timings["total"]) / wall, 4) if "total" in timings else None,
        "timings": timings,
    }


@contextmanager
def _clip(frames: int, width: int, height: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield write_clip(
            Path(folder) / "clip.mkv",
            frames=frames,
            rate=24,
            width=width,
            height=height,
            pixel="gray",
        )


@contextmanager
def _timed(spent: dict[str, list[float]], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    spent.setdefault(name, []).append((time.perf_counter() - begun) * 1000)


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "mean_ms": round(statistics.fmean(values), 2),
        "median_ms": round(statistics.median(values), 2),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
    }
