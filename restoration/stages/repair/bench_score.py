"""Scores of a repaired run against its truth, kept as sums so that runs can be added and drawn.

Protocol: inside means the true damage (more than two codes), outside its complement without a rim
of two pixels; nothing is sharpened; an object is one connected piece of one kind of damage, a line
is joined over its gaps. PSNR is given both of pooled errors and as the mean of frames.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import Flow, FlowEstimator, follow, round_trip_error
from restoration.imaging.luma import Luma, analysis_luma, eight_bit
from restoration.imaging.metrics import flicker, psnr
from restoration.stages.repair.bench_film import Run

Mask = npt.NDArray[np.bool_]


class Sums(defaultdict[str, float]):
    """Figures that may be added over runs; what was never counted is 0."""

    def __init__(self) -> None:
        super().__init__(float)

    @classmethod
    def total(cls, rows: Iterable[Sums]) -> Sums:
        total = cls()
        for row in rows:
            for name, value in row.items():
                total[name] += value
        return total


SIZES = ("<= 2 px", "3-8 px", "> 8 px")
FAINT = 16.0
"""Codes of mean difference below which an object counts as faint, and not by its size."""
HARMED = 1.0
_RIM = np.ones((5, 5), np.uint8)
_NEAR = np.ones((3, 3), np.uint8)
_GAP = 31  # rows over which pieces of a line are one line


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The damaged objects of one frame; index 0 is the picture itself. Arrays (n,) but `parts`.

    parts: (H, W) int32, which object each damaged pixel belongs to.
    groups: for each object the names it is counted under.
    """

    parts: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]
    area: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    before: npt.NDArray[np.float64]
    kinds: list[str]
    groups: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A run prepared for scoring any number of methods.

    standing: where the damage is a line that stays from frame to frame.
    guide: flow from each clean frame to the next, and where it can be trusted.
    """

    run: Run
    clean: list[Luma]
    damaged: list[Luma]
    inside: list[Mask]
    outside: list[Mask]
    standing: list[Mask]
    objects: list[Objects]
    guide: list[tuple[Flow, Mask]]

    @classmethod
    def of(cls, run: Run) -> Truth:
        clean = [analysis_luma(picture) for picture in run.clean.pictures]
        damaged = [analysis_luma(picture) for picture in run.planted.clip.pictures]
        masks = run.planted.masks
        objects = [
            find_objects(run, number, np.abs(spoiled - good))
            for number, (good, spoiled) in enumerate(zip(clean, damaged, strict=True))
        ]
        outside = [~_grown(mask, _RIM) for mask in masks]
        lines = [index + 1 for index, kind in enumerate(run.kinds) if kind in run.lines]
        standing = [np.isin(kinds, lines) for kinds in run.planted.kinds]
        return cls(run, clean, damaged, masks, outside, standing, objects, _guide(clean))


def _guide(frames: Sequence[Luma]) -> list[tuple[Flow, Mask]]:
    estimator = FlowEstimator("medium")
    found = []
    for one, other in pairwise(frames):
        there = estimator.between(eight_bit(one), eight_bit(other))
        back = estimator.between(eight_bit(other), eight_bit(one))
        found.append((there, np.asarray(round_trip_error(there, back) < 1.0)))
    return found


def find_objects(run: Run, number: int, difference: Luma) -> Objects:
    """Every connected piece of each kind of damage in one frame."""
    mask, kinds = run.planted.masks[number], run.planted.kinds[number]
    parts = np.zeros(mask.shape, np.int32)
    names, boxes = [""], [np.zeros((1, 5), np.int32)]
    for index, kind in enumerate(run.kinds):
        these = mask & (kinds == index + 1)
        joined = these.astype(np.uint8)
        if kind in run.lines:
            joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((_GAP, 3), np.uint8))
        count, found, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        parts[these] = found[these] + len(names) - 1
        names += [kind] * (count - 1)
        boxes.append(np.asarray(stats[1:], np.int32))
    which = parts[mask]
    count = len(names)
    area = np.bincount(which, minlength=count).astype(np.float64)
    apart = difference[mask].astype(np.float64)
    contrast = np.bincount(which, apart, count) / np.maximum(area, 1)
    before = np.bincount(which, apart**2, count).astype(np.float64)
    groups = [
        _groups(run, kind, float(size), float(depth))
        for kind, size, depth in zip(names, area, contrast, strict=True)
    ]
    return Objects(parts, np.concatenate(boxes), area, contrast, before, names, groups)


def _groups(run: Run, kind: str, area: float, contrast: float) -> tuple[str, ...]:
    if not kind or area == 0:
        return ()
    if kind in run.lines:
        return (f"kind {kind}", "lines")
    if contrast < FAINT:
        return (f"kind {kind}", "faint")
    across = round(2.0 * float(np.sqrt(area / np.pi)))
    size = SIZES[0] if across <= 2 else SIZES[1] if across <= 8 else SIZES[2]
    return (f"kind {kind}", f"size {size}")


def score_run(truth: Truth, restored: Sequence[Luma], marked: Sequence[Mask]) -> Sums:
    """Everything that one method's frames and masks are worth on one run, as sums."""
    sums = Sums()
    sums["runs"], sums["frames"] = 1, len(restored)
    for number, (new, claim) in enumerate(zip(restored, marked, strict=True)):
        _add_errors(sums, truth, number, new)
        _add_detection(sums, truth.inside[number], claim)
        _add_objects(sums, truth.objects[number], (new - truth.clean[number]) ** 2, claim)
    sums["pixels"] = len(restored) * restored[0].size
    for number, (flow, seen) in enumerate(truth.guide):
        for name, frames in (("warp", restored), ("clean_warp", truth.clean)):
            apart = frames[number] - follow(frames[number + 1], flow)
            sums[name] += float((apart[seen].astype(np.float64) ** 2).sum())
        sums["warped"] += int(seen.sum())
    sums["flicker"] = flicker(restored)
    sums["clean_flicker"] = flicker(truth.clean)
    return sums


def _add_errors(sums: Sums, truth: Truth, number: int, new: Luma) -> None:
    good, old = truth.clean[number], truth.damaged[number]
    inside, outside = truth.inside[number], truth.outside[number]
    error, before = (new - good) ** 2, (old - good) ** 2
    pixels = int(inside.sum())
    inner, was = float(error[inside].sum()), float(before[inside].sum())
    sums["inside"] += pixels
    sums["error_in"] += inner
    sums["before_in"] += was
    if pixels:
        sums["damaged_frames"] += 1
        sums["psnr_in_frames"] += psnr(inner / pixels)
        sums["before_psnr_in_frames"] += psnr(was / pixels)
    fresh = ~truth.standing[number] & inside
    sums["fresh"] += int(fresh.sum())
    sums["error_fresh"] += float(error[fresh].sum())
    sums["before_fresh"] += float(before[fresh].sum())
    sums["error"] += float(error.sum())
    sums["outside"] += int(outside.sum())
    sums["error_out"] += float(error[outside].sum())
    sums["harmed"] += int((np.abs(new - old) > HARMED)[outside].sum())
    for name, luma in (("grain_new", new), ("grain_old", old)):
        fine = luma - cv2.GaussianBlur(luma, (0, 0), 1.0)
        sums[name] += float((fine[outside].astype(np.float64) ** 2).sum())


def _add_detection(sums: Sums, truth: Mask, claim: Mask) -> None:
    """Pixels with one of tolerance, and claimed objects that touch no damage."""
    near_truth, near_claim = _grown(truth, _NEAR), _grown(claim, _NEAR)
    sums["true"] += int(truth.sum())
    sums["found"] += int((truth & near_claim).sum())
    sums["claimed"] += int(claim.sum())
    sums["right"] += int((claim & near_truth).sum())
    count, parts = cv2.connectedComponents(claim.astype(np.uint8), connectivity=8)
    touched = np.unique(parts[near_truth & claim])
    sums["false_objects"] += count - 1 - len(touched)


def _add_objects(sums: Sums, objects: Objects, error: Luma, claim: Mask) -> None:
    found, mended, _ = judge_objects(objects, error, claim)
    for index, groups in enumerate(objects.groups):
        for group in groups:
            sums[f"{group}: all"] += 1
            sums[f"{group}: found"] += int(found[index])
            sums[f"{group}: mended"] += int(mended[index])


def judge_objects(
    objects: Objects, error: Luma, claim: Mask
) -> tuple[Mask, Mask, npt.NDArray[np.float64]]:
    """For each object: half of it was claimed; half of its error is gone; the error that is left.

    No tolerance here: a claim beside a speck has not found it.
    """
    count = len(objects.area)
    inside = objects.parts > 0
    which = objects.parts[inside]
    covered = np.bincount(which, claim[inside].astype(np.float64), count)
    left = np.bincount(which, error[inside].astype(np.float64), count).astype(np.float64)
    return covered * 2 >= objects.area, left * 2 <= objects.before, left


def _grown(mask: Mask, kernel: npt.NDArray[np.uint8]) -> Mask:
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)


def figures(sums: Sums) -> dict[str, Any]:
    """What the sums say, in the units of the report."""
    psnr_in = psnr(_share(sums, "error_in", "inside"))
    frames = max(1.0, sums["damaged_frames"])
    precision, recall = _share(sums, "right", "claimed"), _share(sums, "found", "true")
    both = precision + recall
    told = {
        "psnr_in": psnr_in,
        "gain": psnr_in - psnr(_share(sums, "before_in", "inside")),
        "gain_without_lines": psnr(_share(sums, "error_fresh", "fresh"))
        - psnr(_share(sums, "before_fresh", "fresh")),
        "psnr_in_frames": sums["psnr_in_frames"] / frames,
        "gain_frames": (sums["psnr_in_frames"] - sums["before_psnr_in_frames"]) / frames,
        "psnr_out": psnr(_share(sums, "error_out", "outside")),
        "psnr": psnr(_share(sums, "error", "pixels")),
        "harm_percent": 100.0 * _share(sums, "harmed", "outside"),
        "clean_harm_percent": 100.0 * _share(sums, "clean_changed", "clean_pixels"),
        "precision": precision,
        "recall": recall,
        "f1": 2.0 * precision * recall / both if both else 0.0,
        "false_objects_a_megapixel": 1e6 * _share(sums, "false_objects", "pixels"),
        "warping_ratio": _share(sums, "warp", "clean_warp"),
        "grain_ratio": _share(sums, "grain_new", "grain_old"),
        "flicker": _share(sums, "flicker", "runs"),
        "clean_flicker": _share(sums, "clean_flicker", "runs"),
        "seconds_a_frame": _share(sums, "seconds", "frames"),
    }
    return {**told, "objects": object_figures(sums)}


def object_figures(sums: Sums) -> dict[str, dict[str, float]]:
    """For each kind, size, the faint ones and the lines: how many, and the shares dealt with."""
    groups = sorted(name.removesuffix(": all") for name in sums if name.endswith(": all"))
    return {
        group: {
            "objects": sums[f"{group}: all"],
            "found": _share(sums, f"{group}: found", f"{group}: all"),
            "mended": _share(sums, f"{group}: mended", f"{group}: all"),
        }
        for group in groups
    }


def _share(sums: Sums, part: str, whole: str) -> float:
    return sums[part] / sums[whole] if sums[whole] else 0.0
