"""How many cuts are found, and how many are not there, beside other detectors in the same run.

    python -m restoration bench cuts --data DIR --json

DIR holds `shots/*.json` (hand-marked cuts, each naming its video), `clean_video/`, `old_film/`,
`talking/`, `stills/` and `damage/`. Beside the marked films, reels are spliced with every cut,
dissolve and fade known (`bench_reels`) and spoiled (`bench_damage`). A cut counts as found within
two frames, a gradual change by one cut inside it. Reels of the set that the detector was tuned on
are told apart from those that only judge it.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import cv2

from restoration.stages.cuts.bench_bars import hold_against_bars, print_tables
from restoration.stages.cuts.bench_damage import all_kinds, spoil
from restoration.stages.cuts.bench_peers import Finder, find_peers
from restoration.stages.cuts.bench_reels import Reel, Truth, make_reel
from restoration.stages.cuts.bench_scoring import (
    TOLERANCE,
    Row,
    calibrate,
    match_cuts,
    score_cuts,
    score_marks,
    score_spans,
    score_titles,
    total,
    total_marks,
)
from restoration.stages.cuts.stage import STAGE
from restoration.stages.material import MemoryClip, load_clip

OURS = "cuts"
CORES = 2
SPEED_FILM = "old_film/nosferatu_1922/nosferatu.mp4"
"""640x480, decoded from its file."""

_WIDTH = 256
_EVERY_FRAME = 1_000_000

describe = print_tables


@dataclass(frozen=True, slots=True)
class ReelOrder:
    """A reel to make: `bench_reels.make_reel`'s arguments, and whether it is also spoiled."""

    kind: str
    used: Literal["tuned on", "held out"]
    tone: Literal["colour", "grey"]
    rate: int
    frames: int
    seed: int = 1
    spoiled: bool = False


REELS: tuple[ReelOrder, ...] = (
    ReelOrder("mixed", "held out", "grey", 18, 640, spoiled=True),
    ReelOrder("mixed", "tuned on", "colour", 25, 300, spoiled=True),
    ReelOrder("hard cuts", "held out", "grey", 16, 600),
    ReelOrder("hard cuts", "held out", "colour", 24, 400),
    ReelOrder("takes of one scene", "held out", "grey", 20, 400),
    ReelOrder("dissolves", "held out", "grey", 18, 500),
    ReelOrder("dissolves", "held out", "colour", 25, 500),
    ReelOrder("fades", "held out", "grey", 24, 400),
    ReelOrder("fades", "held out", "colour", 30, 400),
    ReelOrder("pans, passers-by, light", "held out", "grey", 18, 350),
    ReelOrder("pans, passers-by, light", "held out", "colour", 25, 350),
    ReelOrder("hard cuts", "tuned on", "grey", 18, 350),
    ReelOrder("takes of one scene", "tuned on", "colour", 25, 250),
    ReelOrder("dissolves", "tuned on", "grey", 24, 350),
    ReelOrder("fades", "tuned on", "grey", 18, 300),
    ReelOrder("pans, passers-by, light", "tuned on", "colour", 30, 300),
)
"""About 17,000 frames; the peer with a network judges those held out alone, to save time."""


def main(data: Path) -> dict[str, Any]:
    """Every method on every marked film and reel."""
    speed = _measure_speed(data / SPEED_FILM)
    films = sorted((data / "shots").glob("*.json"))
    jobs = [partial(_film_case, data, path) for path in films]
    jobs[:0] = [partial(_reel_cases, data, order) for order in REELS]
    cases = [case for made in _in_parallel(jobs) for case in made]
    document: dict[str, Any] = {
        "tolerance_frames": TOLERANCE,
        "methods": list(cases[0]["methods"]),
        "totals": _totals(cases),
        "marks": {
            _set_name(tuned_on=tuned_on): total_marks(
                case["marks"] for case in cases if case.get("tuned_on") is tuned_on
            )
            for tuned_on in (False, True)
        },
        "confidence": calibrate([tuple(j) for c in cases if _counts(c) for j in c["judged"]]),
        "speed": speed,
        "failures": {case["clip"]: case["failure"] for case in cases if case["failure"]},
        "cases": cases,
    }
    return document | {"bars": hold_against_bars(document)}


def _in_parallel(jobs: list[partial[list[Row]]]) -> Iterator[list[Row]]:
    """Run the jobs on two cores, one thread each; results in the order of the jobs."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=context, initializer=_single_thread) as pool:
        for running in [pool.submit(job) for job in jobs]:
            yield running.result()


def _single_thread() -> None:
    cv2.setNumThreads(1)
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)


def _film_case(data: Path, marked: Path) -> list[Row]:
    listed = json.loads(marked.read_text())
    clip = load_clip(data / listed["video"], width=_WIDTH, start=0, count=_EVERY_FRAME)
    gradual = tuple((span["start"], span["end"], span["type"]) for span in listed["gradual"])
    truth = Truth(tuple(listed["cuts"]), gradual)
    case = _case(marked.stem, "film", clip, truth, find_peers())
    return [case | {"tuned_on": None, "complete": listed["complete"]}]


def _reel_cases(data: Path, order: ReelOrder) -> list[Row]:
    clean = make_reel(
        data,
        order.kind,
        tuned_on=order.used == "tuned on",
        colour=order.tone == "colour",
        rate=order.rate,
        frames=order.frames,
        seed=order.seed,
    )
    kinds = all_kinds(data / "damage") if order.spoiled else {}
    rows = [_reel_case(clean)]
    return rows + [
        _reel_case(spoil(clean, kind, damage, seed=order.seed)) for kind, damage in kinds.items()
    ]


def _reel_case(reel: Reel) -> Row:
    peers = find_peers(network=not reel.tuned_on)
    case = _case(reel.name, reel.kind, reel.clip(), reel.truth, peers)
    return case | {"tuned_on": reel.tuned_on}


def _case(name: str, kind: str, clip: MemoryClip, truth: Truth, peers: Mapping[str, Finder]) -> Row:
    began = time.process_time()
    facts, failure = _run_stage(clip)
    seconds = {OURS: time.process_time() - began}
    found = {OURS: sorted(int(cut) for cut in facts["cuts"])}
    for peer, find in peers.items():
        began = time.process_time()
        found[peer] = find(clip)
        seconds[peer] = time.process_time() - began
    return {
        "clip": name,
        "kind": kind,
        "frames": clip.end_frame,
        "methods": {
            method: score_cuts(cuts, truth)
            | {"cpu_seconds_per_1000_frames": 1000 * seconds[method] / clip.end_frame}
            for method, cuts in found.items()
        },
        "span_overlaps": score_spans(facts["gradual"], truth),
        "marks": score_marks(facts["marks"], truth) if kind != "film" else {},
        "intertitles": score_titles(facts["intertitles"], truth) if kind != "film" else {},
        "judged": _judged(facts, truth),
        "failure": failure,
    }


def _run_stage(clip: MemoryClip) -> tuple[Row, str]:
    """Its facts and how it failed, if it did; then it found nothing, and the bench goes on."""
    try:
        return STAGE.run(clip, STAGE.params(), lambda done, total: None).facts, ""
    except Exception as error:  # whatever it is, the other reels still tell something
        nothing: Row = dict.fromkeys(("cuts", "gradual", "marks", "intertitles", "confidence"), ())
        return nothing, f"{error!r} in {traceback.extract_tb(error.__traceback__)[-1].name}"


def _judged(facts: Row, truth: Truth) -> list[tuple[float, bool]]:
    """Confidence of every cut found, and whether it was right."""
    cuts, spans = match_cuts([int(cut) for cut in facts["cuts"]], truth)
    right = [f in cuts or f in spans for f in range(len(facts["cuts"]))]
    return list(zip((float(sure) for sure in facts["confidence"]), right, strict=True))


def _totals(cases: list[Row]) -> dict[str, dict[str, dict[str, Row]]]:
    """By set, by kind of reel, by method; "clean" and "damaged" sum up over kinds."""
    damages = set(all_kinds(Path()))
    sums: dict[str, dict[str, dict[str, Row]]] = {}
    for group in ("film", _set_name(tuned_on=False), _set_name(tuned_on=True)):
        members = [case for case in cases if _group(case) == group]
        if not members:
            continue
        kinds = list(dict.fromkeys(case["kind"] for case in members))
        chosen = {kind: {kind} for kind in kinds}
        if group != "film":
            chosen |= {"clean": set(kinds) - damages, "damaged": damages}
        sums[group] = {
            name: {
                method: total(
                    (case["methods"][method], case["frames"])
                    for case in members
                    if case["kind"] in wanted
                )
                for method in members[0]["methods"]
            }
            for name, wanted in chosen.items()
        }
    return sums


def _group(case: Row) -> str:
    return "film" if case["kind"] == "film" else _set_name(tuned_on=case["tuned_on"])


def _set_name(*, tuned_on: bool) -> str:
    return "tuned on" if tuned_on else "held out"


def _counts(case: Row) -> bool:
    """Whether a false cut is certainly one: reels held out, and films marked completely."""
    return case["tuned_on"] is False or bool(case.get("complete"))


def _measure_speed(film: Path) -> Row:
    """`python -m restoration cuts FILM` as anybody runs it, start of the program included."""
    command = [sys.executable, "-m", "restoration", "cuts", str(film), "--json"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads(done.stdout)
    rate, per = (int(part) for part in str(found["rate"]).split("/"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds = found["frames"] * per / rate
    return {
        "frames": found["frames"],
        "film_seconds": seconds,
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "times_real_time": seconds / wall,
        "times_real_time_if_two_cores_were_free": seconds / max(cpu / CORES, 1e-9),
    }
