"""What upscale adds to bicubic enlargement, and whether it knows where it is wrong.

    python -m restoration bench upscale --data DIR [--runs N] [--only ENGINE] [--json]

DIR holds `clean_video/` and `old_film/`; nothing was trained on films. Small pictures are made of
known ones, cleanly and as from film. Seeds are fixed. Times are processor time, to be read as
ratios within one report. N: clips, four if not given. Engines whose weights are not on this machine
are left out and named.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration import weights
from restoration.imaging.metrics import psnr, ssim_map, warping_error
from restoration.imaging.resample import Plane, resample
from restoration.provenance import Label
from restoration.stages.contract import StageError
from restoration.stages.upscale.bench_bars import BENCHED, judge
from restoration.stages.upscale.bench_clips import CLIPS, Case, load_cases
from restoration.stages.upscale.bench_memory import peak_mebibytes
from restoration.stages.upscale.faithful import consistency
from restoration.stages.upscale.params import BASICVSR, STILLS
from restoration.stages.upscale.stage import STAGE

CONDITIONS = (("clean", 4), ("clean", 2), ("film", 4), ("film", 2), ("old film", 4))
BAD = 8.0
"""8-bit codes from which an error counts as real."""


class Enlargement(NamedTuple):
    """What one method made of a clip. labels, heat: of our own alone."""

    frames: list[npt.NDArray[np.uint8]]
    seconds: float
    labels: list[npt.NDArray[np.uint8]] | None = None
    heat: list[npt.NDArray[np.uint8]] | None = None


def main(data: Path, *, runs: int = len(CLIPS), only: str | None = None) -> dict[str, Any]:
    """Bench every engine and the plain ways.

    Args:
        runs: how many clips; fewer are quicker and say less.
        only: the one engine to bench, beside the plain ways; None: all.
    Raises: StageError for an engine that is not benched.
    """
    cv2.setNumThreads(1)
    published = {"basicvsr": BASICVSR, **STILLS}
    if only is not None and only not in ("compact", *published):
        raise StageError(f"there is no engine {only!r}; name compact, {', '.join(published)}")
    missing = [name for name, of in published.items() if weights.find(of).state() != "present"]
    engines = ["resample", "compact", *(name for name in published if name not in missing)]
    engines = [name for name in engines if only in (None, name) or name == "resample"]
    report: dict[str, Any] = {
        "clips": [name for name, *_ in CLIPS[:runs]],
        "left_out": [f"{name}: the weights {published[name]} are not fetched" for name in missing],
        "conditions": {},
    }
    for condition, factor in CONDITIONS:
        cases = load_cases(data, condition, factor, runs)
        # By two, networks for stills would take most of the time, and nothing is asked of them.
        here = engines if factor == 4 else [name for name in engines if name not in STILLS]
        report["conditions"][f"{condition} x{factor}"] = _measure(cases, here)
    report["peak_mebibytes"] = {engine: peak_mebibytes(data, engine) for engine in engines}
    report["bars"] = {engine: judge(report, engine) for engine in engines if engine in BENCHED}
    return report


def _measure(cases: list[Case], engines: list[str]) -> dict[str, Any]:
    plain = [_resized(case, cv2.INTER_CUBIC) for case in cases]
    methods = {
        "bicubic": plain,
        "lanczos": [_resized(case, cv2.INTER_LANCZOS4) for case in cases],
    }
    for engine in engines:
        methods[engine] = [_ours(case, engine) for case in cases]
    return {name: _row(cases, made, plain) for name, made in methods.items()}


def _resized(case: Case, way: int) -> Enlargement:
    """Bicubic is Keys' with a = -0.5, as in the literature on enlargement; OpenCV's has -0.75."""
    height, width = case.truth[0].shape
    began, made = time.process_time(), []
    for picture in case.small.pictures:
        small = picture.planes[0].astype(np.float32)
        if way == cv2.INTER_CUBIC:
            large = resample(small, height, width)
        else:
            large = np.asarray(cv2.resize(small, (width, height), interpolation=way))
        made.append(np.clip(np.rint(large), 0, 255).astype(np.uint8))
    return Enlargement(made, time.process_time() - began)


def _ours(case: Case, engine: str) -> Enlargement:
    params = STAGE.params(scale=case.factor, engine=engine, tile=256)
    began = time.process_time()
    made = list(STAGE.run(case.small, params, lambda done, total: None).frames)
    seconds = time.process_time() - began
    return Enlargement(
        [np.asarray(frame.picture.planes[0], np.uint8) for frame in made],
        seconds,
        [frame.structure for frame in made],
        [frame.heat for frame in made if frame.heat is not None],
    )


def _row(
    cases: list[Case], made: list[Enlargement], plain: list[Enlargement]
) -> dict[str, float | None]:
    gains, worse, ssims, backs = [], [], [], []
    moved, still, pixels, seconds = 0.0, 0.0, 0, 0.0
    for case, own, simple in zip(cases, made, plain, strict=True):
        triples = zip(case.truth, own.frames, simple.frames, strict=True)
        for number, (truth, frame, other) in enumerate(triples):
            here, there = (psnr(_mean_square(truth, each)) for each in (frame, other))
            gains.append(here - there)
            worse.append(here < there - 1e-9)
            ssims.append(float(ssim_map(truth, frame.astype(np.float32)).mean()))
            small = case.small.pictures[number].planes[0]
            backs.append(consistency(frame, small, peak=255).decibels)
        moved += warping_error([frame.astype(np.float32) for frame in own.frames], case.truth)
        still += warping_error(case.truth, case.truth)
        pixels += sum(frame.size for frame in own.frames)
        seconds += own.seconds
    row: dict[str, float | None] = {
        "gain_db": float(np.mean(gains)),
        "worse_share": float(np.mean(worse)),
        "ssim": float(np.mean(ssims)),
        "consistency_db": float(min(backs)),
        "warping_ratio": moved / still,
        "seconds_per_megapixel": seconds / (pixels / 1e6),
    }
    return row | _judgement(cases, made, plain)


def _judgement(
    cases: list[Case], made: list[Enlargement], plain: list[Enlargement]
) -> dict[str, float | None]:
    """How well labels and heat tell where the picture is wrong."""
    if made[0].labels is None:
        return {}

    def joined(planes: list[list[Any]]) -> npt.NDArray[np.float32]:
        return np.concatenate(
            [np.asarray(plane, np.float32).ravel() for clip in planes for plane in clip]
        )

    truth = joined([case.truth for case in cases])
    error = np.abs(joined([each.frames for each in made]) - truth)
    bicubic = joined([each.frames for each in plain])
    error_bicubic = np.abs(bicubic - truth)
    marked = joined([each.labels or [] for each in made]) == Label.SYNTHESISED.value
    heat, bad, open_yet = joined([each.heat or [] for each in made]), error > BAD, ~marked
    far = np.abs(joined([each.frames for each in made]) - bicubic) > BAD + 0.5
    slope = joined([[_slope(plane) for plane in each.frames] for each in plain])
    return {
        "marked_share": float(marked.mean()),
        "auroc_label": auroc(marked.astype(np.float32), bad),
        "auroc_heat": auroc(heat, bad),
        "auroc_slope": auroc(np.rint(slope), bad),
        "unmarked_to_bicubic": float(error[open_yet].mean() / error_bicubic[open_yet].mean()),
        "far_and_unmarked": float((far & open_yet).sum()),
        "error": float(error.mean()),
        "heat": float(heat.mean()) / 4,
    }


def _slope(frame: npt.NDArray[np.uint8]) -> Plane:
    """The peer that knows nothing: how steep the bicubic picture is."""
    across = cv2.Sobel(frame, cv2.CV_32F, 1, 0)
    return np.asarray(cv2.magnitude(across, cv2.Sobel(frame, cv2.CV_32F, 0, 1)), np.float32)


def auroc(score: npt.NDArray[np.float32], bad: npt.NDArray[np.bool_]) -> float | None:
    """The chance that a bad place has a higher score than a good one; ties count half."""
    values, places = np.unique(score, return_inverse=True)
    of_bad = np.bincount(places[bad], minlength=len(values)).astype(np.float64)
    of_good = np.bincount(places[~bad], minlength=len(values)).astype(np.float64)
    if not of_bad.sum() or not of_good.sum():
        return None
    below = np.cumsum(of_good) - of_good
    return float((of_bad * (below + of_good / 2)).sum() / of_bad.sum() / of_good.sum())


def _mean_square(truth: Plane, made: npt.NDArray[np.uint8]) -> float:
    return float(((truth.astype(np.float64) - made) ** 2).mean())


_COLUMNS = (
    "gain_db",
    "worse_share",
    "ssim",
    "consistency_db",
    "warping_ratio",
    "seconds_per_megapixel",
    "marked_share",
    "auroc_label",
    "auroc_heat",
    "auroc_slope",
    "unmarked_to_bicubic",
    "far_and_unmarked",
    "error",
    "heat",
)


def describe(report: Mapping[str, Any]) -> str:
    """The report as text: a table for each condition, memory, then each bar."""
    lines = [f"clips: {', '.join(report['clips'])}", *report["left_out"]]
    for condition, rows in report["conditions"].items():
        lines += ["", condition]
        for name, row in rows.items():
            told = [
                f"{column} {row[column]:.3f}" for column in _COLUMNS if row.get(column) is not None
            ]
            lines.append(f"  {name:10} {'  '.join(told)}")
    peaks = (f"{name} {peak:.0f}" for name, peak in report["peak_mebibytes"].items())
    lines += ["", f"peak memory, MiB: {', '.join(peaks)}"]
    for engine, bars in report["bars"].items():
        lines += ["", f"bars, {engine}"]
        lines += [
            f"  {bar['bar']:58} {bar['wanted']:>9} {bar['measured']:9.3f}  "
            f"{'met' if bar['met'] else 'NOT met'}"
            for bar in bars
        ]
    return "\n".join(lines)
