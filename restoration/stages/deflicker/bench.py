"""How much flicker is taken out, and what is done to film that has none.

    python -m restoration bench deflicker --data DIR --json

DIR holds `clean_video/`. Each clip is measured as it is, with random gain a frame, with a fade, and
with a step of light under flicker, beside doing nothing and beside the usual remedy, matching every
frame's mean to the running mean of its neighbours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

from archive.media.pixels import Picture
from restoration.imaging.luma import Luma, analysis_luma
from restoration.imaging.metrics import flicker, mean_levels, psnr, squared_error
from restoration.stages.deflicker.stage import STAGE
from restoration.stages.material import CLEAN_CLIPS, MemoryClip, load_clip

_SIGMA = 0.08


def main(data: Path, *, width: int = 320, frames: int = 60) -> dict[str, Any]:
    """Every method on every variant of every clip, and medians over the clips."""
    cases = []
    for seed, name in enumerate(CLEAN_CLIPS):
        clean = load_clip(data / "clean_video" / name, width=width, start=20, count=frames)
        for variant, truth, gains in _variants(clean, seed):
            cases.append(
                {"clip": name, "variant": variant, "methods": _methods(clean, truth, gains)}
            )
    return {"width": width, "frames": frames, "cases": cases, "median": _medians(cases)}


Variant = tuple[str, list[Luma], npt.NDArray[np.float64]]


def _variants(clean: MemoryClip, seed: int) -> list[Variant]:
    rng = np.random.default_rng(seed)
    count = len(clean.pictures)
    lumas = [analysis_luma(picture) for picture in clean.pictures]
    gains = 1.0 + rng.normal(0.0, _SIGMA, count)
    fade = np.linspace(1.0, 0.15, count)
    step = np.where(np.arange(count) < count // 2, 1.0, 0.6)
    still = np.ones(count)
    return [
        ("as it is", lumas, still),
        ("flicker", lumas, gains),
        ("fade", [luma * share for luma, share in zip(lumas, fade, strict=True)], still),
        ("step and flicker", [luma * k for luma, k in zip(lumas, step, strict=True)], gains),
    ]


def _methods(
    clean: MemoryClip, truth: Sequence[Luma], gains: npt.NDArray[np.float64]
) -> dict[str, dict[str, float]]:
    pixel = clean.format.pixel
    codes = [
        np.clip(np.rint(luma * gain), 0, 255).astype(np.uint8)
        for luma, gain in zip(truth, gains, strict=True)
    ]
    clip = MemoryClip([Picture(pixel, (code,)) for code in codes], clean.format)
    methods: dict[str, Callable[[MemoryClip], list[Luma]]] = {
        "deflicker": _ours,
        "do nothing": lambda clip: [analysis_luma(picture) for picture in clip.pictures],
        "running mean": _running_mean,
    }
    rows = {}
    for name, method in methods.items():
        began = time.perf_counter()
        made = method(clip)
        seconds = (time.perf_counter() - began) / len(made)
        rows[name] = _score(made, truth, codes, gains) | {"seconds_a_frame": seconds}
    return rows


def _ours(clip: MemoryClip) -> list[Luma]:
    outcome = STAGE.run(clip, STAGE.params(), lambda done, total: None)
    return [analysis_luma(made.picture) for made in outcome.frames]


def _running_mean(clip: MemoryClip, window: int = 15) -> list[Luma]:
    lumas = [analysis_luma(picture) for picture in clip.pictures]
    means = mean_levels(lumas)
    wanted = uniform_filter1d(means, window, mode="nearest")
    return [
        np.clip(np.rint(luma * (goal / max(mean, 1e-3))), 0, 255).astype(np.float32)
        for luma, mean, goal in zip(lumas, means, wanted, strict=True)
    ]


def _score(
    made: Sequence[Luma],
    truth: Sequence[Luma],
    scanned: Sequence[npt.NDArray[np.uint8]],
    gains: npt.NDArray[np.float64],
) -> dict[str, float]:
    levels, true_levels = mean_levels(list(made)), mean_levels(list(truth))
    gain = levels / np.maximum(true_levels, 1e-3)
    errors = [
        squared_error(one, other)[0] / one.size for one, other in zip(made, truth, strict=True)
    ]
    same = [np.array_equal(one, scan) for one, scan in zip(made, scanned, strict=True)]
    return {
        "flicker": flicker(list(made)),
        "flicker_of_truth": flicker(list(truth)),
        "gain_error_percent": 100.0 * float(gain.std()),
        "correlation_with_injected": _correlation(gain, gains),
        "psnr": psnr(float(np.mean(errors))),
        "identical_percent": 100.0 * float(np.mean(same)),
    }


def _correlation(gain: npt.NDArray[np.float64], injected: npt.NDArray[np.float64]) -> float:
    quick = [values - median_filter(values, 9, mode="nearest") for values in (gain, injected)]
    if min(float(values.std()) for values in quick) < 1e-9:
        return 0.0
    return float(np.corrcoef(quick[0], quick[1])[0, 1])


def _medians(cases: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = {}
    for variant in dict.fromkeys(case["variant"] for case in cases):
        rows = [case["methods"] for case in cases if case["variant"] == variant]
        found[variant] = {
            method: {key: float(np.median([row[method][key] for row in rows])) for key in keys}
            for method, keys in rows[0].items()
        }
    return found
