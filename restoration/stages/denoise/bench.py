"""How much of a known noise denoise takes off, beside the usual ways.

    python -m restoration bench denoise --data DIR [--runs N] [--json]

DIR holds `clean_video/`; nothing here was trained on it. Noise of a sensor (white) and of grain
(hanging together, strongest in middle tones) is laid over known film. The peers are told how strong
it is, as the stage is once, and has to find out itself once. Seeds are fixed. N: clips.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.imaging.metrics import psnr, ssim_map, warping_error
from restoration.stages.contract import StageError
from restoration.stages.denoise.stage import STAGE
from restoration.stages.material import MemoryClip, load_clip

CLIPS = (("01_dog.mp4", 40), ("05_default_juggle.mp4", 30), ("04_coffee.mp4", 60),
         ("bedroom.mp4", 50))  # fmt: skip
FRAMES, WIDTH, HEIGHT, FROM = 5, 320, 240, 640
NOISES = (("sensor", 5.0), ("sensor", 12.0), ("grain", 8.0))

Frame = npt.NDArray[np.uint8]


class Case(NamedTuple):
    """A clip and what noise made of it."""

    truth: list[Frame]
    noisy: list[Frame]
    sigma: float


def main(data: Path, *, runs: int = len(CLIPS)) -> dict[str, Any]:
    """Bench the stage and the peers at every noise."""
    cv2.setNumThreads(1)
    clips = [_frames(data / "clean_video" / name, start) for name, start in CLIPS[:runs]]
    report: dict[str, Any] = {"clips": [name for name, _ in CLIPS[:runs]], "noises": {}}
    for kind, sigma in NOISES:
        cases = [_case(truth, kind, sigma, seed) for seed, truth in enumerate(clips)]
        report["noises"][f"{kind} {sigma:.0f}"] = {
            name: _row(cases, method) for name, method in METHODS.items()
        }
    return report


def _frames(path: Path, start: int) -> list[Frame]:
    if not path.is_file():
        raise StageError(f"{path} is not there; name the folder that holds clean_video/")
    clip = load_clip(path, width=FROM, start=start, count=FRAMES)
    top, left = (clip.format.height - HEIGHT) // 2, (FROM - WIDTH) // 2
    return [
        np.ascontiguousarray(p.planes[0][top : top + HEIGHT, left : left + WIDTH], np.uint8)
        for p in clip.pictures
    ]


def _case(truth: list[Frame], kind: str, sigma: float, seed: int) -> Case:
    rng = np.random.default_rng((seed, int(sigma)))
    noisy = []
    for frame in truth:
        noise = rng.standard_normal(frame.shape).astype(np.float32)
        strength = np.full(frame.shape, sigma, np.float32)
        if kind == "grain":
            noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.6), np.float32)
            noise /= noise.std()
            light = frame / np.float32(255)
            strength *= 0.5 + 2 * light * (1 - light)
        codes = np.rint(frame + noise * strength)
        noisy.append(np.clip(codes, 0, 255).astype(np.uint8))
    return Case(truth, noisy, sigma)


def _nothing(case: Case) -> list[Frame]:
    return case.noisy


def _means(case: Case) -> list[Frame]:
    return [
        np.asarray(cv2.fastNlMeansDenoising(frame, None, case.sigma, 7, 21), np.uint8)
        for frame in case.noisy
    ]


def _bilateral(case: Case) -> list[Frame]:
    return [
        np.asarray(cv2.bilateralFilter(frame, 7, 3 * case.sigma, 2.0), np.uint8)
        for frame in case.noisy
    ]


def _median(case: Case) -> list[Frame]:
    held = [case.noisy[0], *case.noisy, case.noisy[-1]]
    return [np.median(held[n : n + 3], axis=0).astype(np.uint8) for n in range(len(case.noisy))]


def _told(case: Case) -> list[Frame]:
    return _ours(case, luma=case.sigma)


def _estimated(case: Case) -> list[Frame]:
    return _ours(case)


def _ours(case: Case, **params: float) -> list[Frame]:
    pixel = PIXEL_FORMATS["gray"]
    pictures = [Picture(pixel, (frame,)) for frame in case.noisy]
    clip = MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(24)))
    made = STAGE.run(clip, STAGE.params(**params), lambda done, total: None)
    return [np.asarray(frame.picture.planes[0], np.uint8) for frame in made.frames]


METHODS: dict[str, Callable[[Case], list[Frame]]] = {
    "nothing": _nothing,
    "non-local means": _means,
    "bilateral": _bilateral,
    "temporal median": _median,
    "denoise, told": _told,
    "denoise, estimated": _estimated,
}


def _row(cases: list[Case], method: Callable[[Case], list[Frame]]) -> dict[str, float]:
    decibels, alike, moved, still = [], [], 0.0, 0.0
    began = time.process_time()
    made = [method(case) for case in cases]
    seconds = time.process_time() - began
    for case, frames in zip(cases, made, strict=True):
        for truth, frame in zip(case.truth, frames, strict=True):
            error = (truth.astype(np.float64) - frame) ** 2
            decibels.append(psnr(float(error.mean())))
            alike.append(float(ssim_map(_light(truth), _light(frame)).mean()))
        truths = [_light(truth) for truth in case.truth]
        moved += warping_error([_light(frame) for frame in frames], truths)
        still += warping_error(truths, truths)
    return {
        "psnr_db": float(np.mean(decibels)),
        "lowest_db": float(np.min(decibels)),
        "ssim": float(np.mean(alike)),
        "warping_ratio": moved / still,
        "seconds_per_megapixel": seconds / (len(decibels) * WIDTH * HEIGHT / 1e6),
    }


def _light(frame: Frame) -> npt.NDArray[np.float32]:
    return frame.astype(np.float32)


def describe(report: Mapping[str, Any]) -> str:
    """The report as text."""
    lines = [f"clips: {', '.join(report['clips'])}"]
    for noise, rows in report["noises"].items():
        lines += ["", noise]
        for name, row in rows.items():
            told = "  ".join(f"{figure} {value:.3f}" for figure, value in row.items())
            lines.append(f"  {name:20} {told}")
    return "\n".join(lines)
