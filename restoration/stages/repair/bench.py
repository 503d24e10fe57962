"""How well repair finds and fills known damage, beside simpler methods on the same frames.

    python -m restoration bench repair --data DIR --json

DIR holds `clean_video/` and `damage/` (FilmDamageSimulator's shapes with alpha). Damage is planted
with a fixed seed, so the figures can be made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging.luma import Luma, analysis_luma
from restoration.imaging.metrics import grain_ratio, psnr, squared_error, ssim_map, warping_error
from restoration.stages.material import (
    CLEAN_CLIPS,
    KINDS,
    MemoryClip,
    Planted,
    load_clip,
    plant_damage,
)
from restoration.stages.repair.peers import PEERS
from restoration.stages.repair.stage import STAGE

Mask = npt.NDArray[np.bool_]
UNSEEN = "big_buck_bunny_0_30.webm"
"""Drawn, not filmed, and not used when the weights of the evidence were fitted."""
BENCHED = (*CLEAN_CLIPS, UNSEEN)

Restored = tuple[list[Luma], list[Mask]]


def main(
    data: Path, *, width: int = 480, frames: int = 24, clips: tuple[str, ...] = BENCHED
) -> dict[str, Any]:
    """Bench every method on every clip; grey, then with scratches, then in colour."""
    report: dict[str, Any] = {"width": width, "frames": frames, "cases": []}
    for index, name in enumerate(clips):
        path = data / "clean_video" / name
        for variant in ("dirt", "scratches", "colour"):
            if variant == "colour" and index:
                continue
            pixel_name = "yuv420p" if variant == "colour" else "gray"
            clean = load_clip(
                path, width=width, start=_start(name), count=frames, pixel_name=pixel_name
            )
            planted = plant_damage(
                clean, data / "damage", seed=index, scratches=2 * (variant == "scratches")
            )
            report["cases"].append(
                {"clip": name, "variant": variant, "methods": _methods(clean, planted)}
            )
    report["median"] = _medians(report["cases"])
    return report


def _start(name: str) -> int:
    return 300 if name == UNSEEN else 20  # it opens on black


def _methods(clean: MemoryClip, planted: Planted) -> dict[str, dict[str, Any]]:
    methods: dict[str, Callable[[MemoryClip], Restored]] = {"repair": run_stage, **PEERS}
    truth = [analysis_luma(picture) for picture in clean.pictures]
    clean_warp = warping_error(truth, truth)
    rows = {}
    for name, method in methods.items():
        began = time.perf_counter()
        restored, marked = method(planted.clip)
        seconds = (time.perf_counter() - began) / len(truth)
        rows[name] = _score(truth, planted, restored, marked)
        rows[name]["warping_ratio"] = warping_error(restored, truth) / clean_warp
        rows[name]["seconds_a_frame"] = seconds
        rows[name]["clean_harm_percent"] = _clean_harm(method, clean, truth)
    return rows


def run_stage(clip: MemoryClip) -> Restored:
    outcome = STAGE.run(clip, STAGE.params(), lambda done, total: None)
    pictures, marked = [], []
    for made in outcome.frames:
        pictures.append(_luma(made.picture))
        marked.append(made.structure != 0)
    return pictures, marked


def _luma(picture: Picture) -> Luma:
    return analysis_luma(picture)


def _clean_harm(
    method: Callable[[MemoryClip], Restored], clean: MemoryClip, truth: list[Luma]
) -> float:
    restored, _ = method(clean)
    changed = sum(int((np.abs(a - b) > 1).sum()) for a, b in zip(restored, truth, strict=True))
    return 100.0 * changed / (len(truth) * truth[0].size)


def _score(
    truth: list[Luma], planted: Planted, restored: list[Luma], marked: list[Mask]
) -> dict[str, Any]:
    damaged = [analysis_luma(picture) for picture in planted.clip.pictures]
    kernel = np.ones((5, 5), np.uint8)
    outside = [~cv2.dilate(mask.astype(np.uint8), kernel).astype(bool) for mask in planted.masks]
    inside_error = _pooled(restored, truth, planted.masks)
    before_error = _pooled(damaged, truth, planted.masks)
    similar = [
        float(ssim_map(new, old)[mask].mean())
        for new, old, mask in zip(restored, truth, planted.masks, strict=True)
        if mask.any()
    ]
    harmed = sum(
        int((np.abs(new - old) > 1)[far].sum())
        for new, old, far in zip(restored, damaged, outside, strict=True)
    )
    return {
        "psnr_in": psnr(inside_error),
        "psnr_in_gain": psnr(inside_error) - psnr(before_error),
        "psnr_out": psnr(_pooled(restored, truth, outside)),
        "psnr": psnr(_pooled(restored, truth, None)),
        "ssim_in": float(np.mean(similar)) if similar else 1.0,
        "harm_percent": 100.0 * harmed / max(1, sum(int(far.sum()) for far in outside)),
        "grain_ratio": grain_ratio(restored, damaged, outside),
        **_detection(planted, marked),
    }


def _pooled(first: list[Luma], second: list[Luma], where: list[Mask] | None) -> float:
    sums = [
        squared_error(a, b, where[n] if where else None)
        for n, (a, b) in enumerate(zip(first, second, strict=True))
    ]
    return sum(error for error, _ in sums) / max(1, sum(count for _, count in sums))


def _detection(planted: Planted, marked: list[Mask]) -> dict[str, Any]:
    """Precision and recall with one pixel of tolerance, and objects at least half covered."""
    kernel = np.ones((3, 3), np.uint8)
    hits = {"found": 0, "true": 0, "claimed": 0, "right": 0}
    objects = {kind: [0, 0] for kind in KINDS}
    false_objects, pixels = 0, 0
    for truth, kinds, claim in zip(planted.masks, planted.kinds, marked, strict=True):
        near_truth = cv2.dilate(truth.astype(np.uint8), kernel).astype(bool)
        near_claim = cv2.dilate(claim.astype(np.uint8), kernel).astype(bool)
        hits["true"] += int(truth.sum())
        hits["found"] += int((truth & near_claim).sum())
        hits["claimed"] += int(claim.sum())
        hits["right"] += int((claim & near_truth).sum())
        _count_objects(truth, kinds, near_claim, objects)
        count, parts = cv2.connectedComponents(claim.astype(np.uint8))
        false_objects += count - 1 - len(np.unique(parts[near_truth & claim]))
        pixels += truth.size
    return {
        "recall": hits["found"] / max(1, hits["true"]),
        "precision": hits["right"] / max(1, hits["claimed"]),
        "object_recall": {kind: found / total for kind, (found, total) in objects.items() if total},
        "false_objects_a_megapixel": max(0, false_objects) / (pixels / 1e6),
    }


def _count_objects(
    truth: Mask, kinds: npt.NDArray[np.uint8], claim: Mask, objects: dict[str, list[int]]
) -> None:
    count, parts = cv2.connectedComponents(truth.astype(np.uint8))
    total = np.bincount(parts.ravel(), minlength=count)
    covered = np.bincount(parts[claim], minlength=count)
    for index, kind in enumerate(KINDS):
        these = np.unique(parts[kinds == index + 1])
        these = these[these > 0]
        objects[kind][0] += int((covered[these] * 2 >= total[these]).sum())
        objects[kind][1] += len(these)


def _medians(cases: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Per variant and method, the median over clips of every plain figure."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for variant in dict.fromkeys(case["variant"] for case in cases):
        rows = [case["methods"] for case in cases if case["variant"] == variant]
        found[variant] = {
            method: {
                key: float(np.median([row[method][key] for row in rows]))
                for key, value in rows[0][method].items()
                if isinstance(value, float)
            }
            for method in rows[0]
        }
    return found
