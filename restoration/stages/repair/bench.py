"""How well repair finds and mends known damage, beside simpler methods on the same frames.

    python -m restoration bench repair --data DIR [--runs N] [--frames N] [--sheet OUT.png] [--json]

DIR holds `clean_video/`, `damage/` and, for the second part, `old_film/`. Seeds are fixed: the
figures can be made again. Times are processor time, to be read as ratios within one report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from archive.media.pixels import Picture
from restoration.imaging.luma import analysis_luma
from restoration.provenance import FrameMap, check_frame, check_sources
from restoration.stages.contract import StageError, StageFrame
from restoration.stages.material import MemoryClip
from restoration.stages.repair.bench_bars import judge
from restoration.stages.repair.bench_film import (
    BENCHED,
    FRAMES,
    Run,
    bench_runs,
    clean_run,
    described,
    old_runs,
)
from restoration.stages.repair.bench_score import Sums, Truth, figures, judge_objects, score_run
from restoration.stages.repair.bench_sheet import Shown, write_sheet
from restoration.stages.repair.peers import PEERS, Around, Restored
from restoration.stages.repair.stage import ENGINES, STAGE, Params

OURS, OTHER = "repair", "repair by network"
"""The stage as it comes, and its other engine."""
DEEP = (("bedroom.mp4", 20, "gray16le"), ("bedroom.mp4", 20, "yuv420p10le"))
COLOUR = (("05_default_juggle.mp4", 100, "yuv420p"), ("big_buck_bunny_0_30.webm", 300, "yuv420p"))
LEAST_FRAMES = 4
_WORST = 4  # objects of each run to show


@dataclass(slots=True)
class Tables:
    """Sums of each method over runs, and what our own run left to look at."""

    methods: dict[str, list[Sums]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    frames: list[Shown] = field(default_factory=list)
    crops: list[Shown] = field(default_factory=list)
    worst: list[dict[str, Any]] = field(default_factory=list)
    weight: list[dict[str, float]] = field(default_factory=list)


def main(
    data: Path, *, runs: int = len(BENCHED), sheet: Path | None = None, frames: int = FRAMES
) -> dict[str, Any]:
    """Bench every method on clean clips with planted damage, then on old film with more of it.

    Args:
        runs: how many of the ten runs; fewer are quicker and say less.
        sheet: where to write a picture sheet (PNG).
        frames: of each run; lines are followed through fewer than the usual ones less surely.

    Raises: StageError if there are too few frames, or more than a run has.
    """
    if not LEAST_FRAMES <= frames <= FRAMES:
        raise StageError(f"--frames must lie in {LEAST_FRAMES} to {FRAMES}, not {frames}")
    cv2.setNumThreads(1)  # processor time of one thread is what methods are compared by
    planted, old, deep = Tables(), Tables(), Tables()
    for number, run in enumerate(bench_runs(data, runs, frames=frames)):
        if not number:
            _warm_up(run)
        measure(run, planted)
    for run in old_runs(data, frames=frames):
        measure(run, old)
    for name, start, pixel in (*DEEP, *COLOUR):
        run = clean_run(data, name, start, seed=50, frames=min(12, frames), pixel_name=pixel)
        measure(run, deep, label=pixel, peers=False)
    if sheet is not None:
        write_sheet(sheet, [*planted.frames, *old.frames], [*planted.crops, *old.crops])
    report = {
        "runs": runs,
        "frames": frames,
        "damage": _mean(planted.weight),
        "planted": _report(planted),
        "old_film": {**_report(old), "films": [row["run"] for row in old.weight]},
        "deep_and_colour": _report(deep),
        "problems": [*planted.problems, *old.problems, *deep.problems],
        "worst": planted.worst,
    }
    report["bars"] = judge(report, planted.methods, OURS)
    report["bars_by_network"] = judge(report, planted.methods, OTHER)
    return report


def _warm_up(run: Run) -> None:
    """Load what each engine loads once, and compile its loops, before anything is timed."""
    first = MemoryClip(run.planted.clip.pictures[:8], run.planted.clip.format)
    for engine in ENGINES:
        _timed_stage(first, STAGE.params(engine=engine))


def measure(run: Run, tables: Tables, *, label: str = OURS, peers: bool = True) -> None:
    """Run everything on one run, planted and clean, and add it to the tables."""
    truth = Truth.of(run)
    tables.weight.append({"run": run.name, **described([run])})  # type: ignore[dict-item]
    made = _measure_stage(run, tables, truth, STAGE.params(), label)
    _look(tables, truth, made, _as_restored(made))
    if not peers:
        return
    _measure_stage(run, tables, truth, STAGE.params(engine="network"), OTHER)
    around, untouched = Around.of(run.planted.clip), Around.of(run.clean)
    for name, peer in PEERS.items():
        restored, seconds = peer.timed(around)
        _add(tables, name, truth, restored, seconds, peer.repair(untouched))


def _measure_stage(
    run: Run, tables: Tables, truth: Truth, params: Params, label: str
) -> list[StageFrame]:
    """Add the stage's work on one run to the tables, and give it back."""
    made, seconds = _timed_stage(run.planted.clip, params)
    broken = problems_of(run.planted.clip, made)
    tables.problems += [f"{label}, {run.name}: {words}" for words in broken]
    clean, _ = _timed_stage(run.clean, params)
    _add(tables, label, truth, _as_restored(made), seconds, _as_restored(clean))
    return made


def _timed_stage(clip: MemoryClip, params: Params) -> tuple[list[StageFrame], float]:
    began = time.process_time()
    made = list(STAGE.run(clip, params, lambda done, total: None).frames)
    return made, time.process_time() - began


def _as_restored(made: Sequence[StageFrame]) -> Restored:
    return [analysis_luma(frame.picture) for frame in made], [
        frame.structure != 0 for frame in made
    ]


def problems_of(clip: MemoryClip, made: Sequence[StageFrame]) -> list[str]:
    """What the hard gate, and reading every recovered value again, have against the frames."""
    found = []
    for number, frame in enumerate(made):
        labels = FrameMap(frame.structure, frame.colour, frame.sources)
        found += check_frame(clip.pictures[number], frame.picture, labels, frame=number)
        found += check_sources(frame.picture, labels, _inputs(clip, number))
    return found


def _inputs(clip: MemoryClip, number: int) -> Callable[[int], Picture]:
    return lambda offset: clip.pictures[number + offset]


def _add(
    tables: Tables, name: str, truth: Truth, restored: Restored, seconds: float, clean: Restored
) -> None:
    sums = score_run(truth, *restored)
    sums["seconds"] = seconds
    changed = (
        int((np.abs(new - old) > 1).sum()) for new, old in zip(clean[0], truth.clean, strict=True)
    )
    sums["clean_changed"] = sum(changed)
    sums["clean_pixels"] = sums["pixels"]
    tables.methods.setdefault(name, []).append(sums)


def _look(tables: Tables, truth: Truth, made: Sequence[StageFrame], restored: Restored) -> None:
    """Keep the middle frame and the objects with most error left, and name these."""
    left = []
    for number, objects in enumerate(truth.objects):
        error = (restored[0][number] - truth.clean[number]) ** 2
        found, mended, rest = judge_objects(objects, error, restored[1][number])
        for index in np.argsort(-rest[1:])[:_WORST] + 1 if len(rest) > 1 else []:
            left.append((float(rest[index]), number, int(index), found[index], mended[index]))
    name = truth.run.name
    for rest, number, index, found, mended in sorted(left, reverse=True)[:_WORST]:  # type: ignore[assignment]
        objects = truth.objects[number]
        box = tuple(int(value) for value in objects.boxes[index][:4])
        row = {
            "run": name,
            "frame": number,
            "box": box,
            "kind": objects.kinds[index],
            "pixels": int(objects.area[index]),
            "contrast": round(float(objects.contrast[index]), 1),
            "error_left": round(float(rest) / max(1.0, objects.area[index]), 1),
            "found": bool(found),
            "mended": bool(mended),
        }
        tables.worst.append(row)
        words = f"{name} frame {number} {row['kind']} {'found' if found else 'missed'}"
        shown = _shown(truth, made, restored, number)
        tables.crops.append(shown.part(words, box))  # type: ignore[arg-type]
    tables.frames.append(_shown(truth, made, restored, len(made) // 2))


def _shown(truth: Truth, made: Sequence[StageFrame], restored: Restored, number: int) -> Shown:
    return Shown(
        f"{truth.run.name} frame {number}",
        truth.damaged[number],
        restored[0][number],
        truth.clean[number],
        made[number].structure,
    )


def _report(tables: Tables) -> dict[str, Any]:
    methods = {}
    for name, rows in tables.methods.items():
        methods[name] = {**figures(Sums.total(rows)), "by_run": [_short(row) for row in rows]}
    return {"damage": tables.weight, "methods": methods}


def _short(sums: Sums) -> dict[str, float]:
    """The figures of one run that are worth comparing run by run."""
    told = figures(sums)
    wanted = ("gain", "harm_percent", "clean_harm_percent", "precision", "recall", "f1")
    return {key: told[key] for key in (*wanted, "warping_ratio", "seconds_a_frame")}


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    keys = ("damaged_percent", "objects_a_frame")
    return {key: float(np.mean([row[key] for row in rows])) for key in keys}


def describe(report: dict[str, Any]) -> str:
    """The report as text: the methods side by side, then each bar."""
    lines = []
    for part in ("planted", "old_film", "deep_and_colour"):
        lines += ["", part.replace("_", " "), _HEAD]
        lines += [_line(name, told) for name, told in report[part]["methods"].items()]
    lines += ["", *_object_lines(report["planted"]["methods"])]
    lines += _bar_lines(OURS, report["bars"])
    lines += _bar_lines(OTHER, report["bars_by_network"])
    return "\n".join(lines)


def _bar_lines(label: str, bars: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["", f"{label + ': bar':52} {'wanted':>9} {'measured':>9}  95 % interval"]
    for bar in bars:
        low, high = bar["interval"] or ("", "")
        between = f"{low:.3f} to {high:.3f}" if bar["interval"] else ""
        met = "met" if bar["met"] else "NOT met"
        lines.append(
            f"{bar['bar']:52} {bar['wanted']:>9} {bar['measured']:9.3f}  {between:18} {met}"
        )
    return lines


def _object_lines(methods: dict[str, dict[str, Any]]) -> list[str]:
    """A row for each group of objects: the shares that each method found / mended."""
    rows = ["objects found / mended: " + " | ".join(methods)]
    for group, ours in methods[OURS]["objects"].items():
        shares = [
            f"{told['objects'][group]['found']:.2f}/{told['objects'][group]['mended']:.2f}"
            for told in methods.values()
        ]
        rows.append(f"  {group:16} ({ours['objects']:6.0f})  " + "  ".join(shares))
    return rows


_HEAD = (
    f"{'method':20} {'gain':>6} {'fresh':>6} {'PSNRin':>6} {'harm%':>7} {'clean%':>7} "
    f"{'prec':>5} {'rec':>5} {'F1':>5} {'false/MP':>8} {'warp':>5} {'grain':>6} {'s/frame':>7}"
)


def _line(name: str, told: dict[str, Any]) -> str:
    return (
        f"{name:20} {told['gain']:6.2f} {told['gain_without_lines']:6.2f} {told['psnr_in']:6.2f} "
        f"{told['harm_percent']:7.3f} {told['clean_harm_percent']:7.3f} "
        f"{told['precision']:5.2f} {told['recall']:5.2f} {told['f1']:5.2f} "
        f"{told['false_objects_a_megapixel']:8.1f} "
        f"{told['warping_ratio']:5.2f} {told['grain_ratio']:6.3f} {told['seconds_a_frame']:7.3f}"
    )
