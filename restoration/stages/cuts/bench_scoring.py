"""Hits and misses: cuts to within two frames, gradual changes by one cut inside, marks by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from restoration.stages.cuts.bench_reels import Truth

TOLERANCE = 2
_ALIKE = {"white": "flash"}
"""Kinds of marks that count as one: a white frame and a flash differ by degree."""

Row = dict[str, Any]


def match_cuts(found: Sequence[int], truth: Truth) -> tuple[dict[int, int], dict[int, int]]:
    """Which found cut stands for which true one: {index found: index of the cut}, {...: of span}.

    Each is used once. Hard cuts are matched nearest first; what is left may stand for a gradual
    change that it lies in, or two frames beside. All that stands for nothing is false.
    """
    pairs = sorted(
        (abs(cut - true), f, t)
        for f, cut in enumerate(found)
        for t, true in enumerate(truth.cuts)
        if abs(cut - true) <= TOLERANCE
    )
    cuts: dict[int, int] = {}
    for _, f, t in pairs:
        if f not in cuts and t not in cuts.values():
            cuts[f] = t
    spans: dict[int, int] = {}
    for f, cut in enumerate(found):
        for s, (first, last, _) in enumerate(truth.gradual):
            inside = first - TOLERANCE <= cut <= last + TOLERANCE
            if inside and f not in cuts and f not in spans and s not in spans.values():
                spans[f] = s
    return cuts, spans


def score_cuts(found: Sequence[int], truth: Truth) -> Row:
    """Counts for one method on one reel, with the frames of what was missed and invented."""
    cuts, spans = match_cuts(found, truth)
    missed = [cut for t, cut in enumerate(truth.cuts) if t not in cuts.values()]
    passed = [list(span[:2]) for s, span in enumerate(truth.gradual) if s not in spans.values()]
    false = [int(cut) for f, cut in enumerate(found) if f not in cuts and f not in spans]
    return {
        "hard_found": len(cuts),
        "hard_true": len(truth.cuts),
        "gradual_found": len(spans),
        "gradual_true": len(truth.gradual),
        "false": len(false),
        "missed_at": missed,
        "missed_gradual": passed,
        "false_at": false,
    }


def score_spans(found: Iterable[Sequence[int]], truth: Truth) -> list[float]:
    """For each true gradual change the overlap over the union with the best span found, 0 to 1."""
    spans = [(int(span[0]), int(span[1])) for span in found]
    return [
        max((_overlap((first, last + 1), (a, b + 1)) for a, b in spans), default=0.0)
        for first, last, _ in truth.gradual
    ]


def score_titles(found: Iterable[Sequence[int]], truth: Truth) -> Row:
    """Intertitles found with an overlap of more than half, and those invented."""
    spans = [(int(span[0]), int(span[1])) for span in found]
    hits = sum(any(_overlap(true, span) > 0.5 for span in spans) for true in truth.intertitles)
    false = sum(all(_overlap(true, span) == 0 for true in truth.intertitles) for span in spans)
    return {"found": hits, "true": len(truth.intertitles), "false": false}


def score_marks(found: Iterable[Mapping[str, Any]], truth: Truth) -> dict[str, Row]:
    """By kind: marks of that kind within one frame of a true one, true ones, false ones.

    No mark counts as false at a frame that is not judged, nor a splice beside a true cut.
    """
    true = [(frame, _ALIKE.get(kind, kind)) for frame, kind in truth.marks]
    marks = [(int(m["frame"]), _ALIKE.get(str(m["kind"]), str(m["kind"]))) for m in found]
    rows: dict[str, Row] = {}
    for kind in sorted({kind for _, kind in (*true, *marks)}):
        frames = [frame for frame, k in true if k == kind]
        given = [frame for frame, k in marks if k == kind]
        hits = sum(any(abs(f - g) <= 1 for g in given) for f in frames)
        false = [
            g
            for g in given
            if all(abs(f - g) > 1 for f in frames) and not _is_forgiven(g, kind, truth)
        ]
        rows[kind] = {"found": hits, "true": len(frames), "false": len(false), "false_at": false}
    return rows


def _is_forgiven(frame: int, kind: str, truth: Truth) -> bool:
    if any(frame + k in truth.unjudged for k in (-1, 0, 1)):
        return True
    return kind == "splice" and any(abs(frame - cut) <= TOLERANCE for cut in truth.cuts)


def total(rows: Iterable[tuple[Row, int]]) -> Row:
    """Sums of `score_cuts` over reels, given as (row, frames), with the usual ratios."""
    kept = list(rows)
    hard, gradual, hard_true, gradual_true, false = (
        sum(row[key] for row, _ in kept)
        for key in ("hard_found", "gradual_found", "hard_true", "gradual_true", "false")
    )
    frames = sum(count for _, count in kept)
    found, true = hard + gradual, hard_true + gradual_true
    return {
        "frames": frames,
        "f1": _ratio(2 * found, found + false + true),
        "recall": _ratio(found, true),
        "precision": _ratio(found, found + false),
        "hard_found": hard,
        "hard_true": hard_true,
        "gradual_found": gradual,
        "gradual_true": gradual_true,
        "false": false,
        "false_per_1000_frames": 1000 * false / max(1, frames),
    }


def total_marks(rows: Iterable[Mapping[str, Row]]) -> dict[str, Row]:
    """Recall and precision of each kind over reels."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        for kind, counts in row.items():
            sofar = sums.setdefault(kind, [0, 0, 0])
            for place, key in enumerate(("found", "true", "false")):
                sofar[place] += counts[key]
    return {
        kind: {
            "found": found,
            "true": true,
            "false": false,
            "recall": _ratio(found, true),
            "precision": _ratio(found, found + false),
        }
        for kind, (found, true, false) in sorted(sums.items())
    }


def calibrate(judged: Sequence[tuple[float, bool]]) -> Row:
    """Whether confidence tells right cuts from wrong ones.

    Args:
        judged: (confidence, whether the cut was right) of every cut found.
    Returns: expected calibration error over five bins; the chance that a right cut has more
        confidence than a wrong one (AUROC); how many wrong ones lie in the doubtful fifth.
    """
    sure = np.array([confidence for confidence, _ in judged], np.float64)
    right = np.array([hit for _, hit in judged], bool)
    edges = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0001)
    bins = []
    for low, high in pairwise(edges):
        here = (sure >= low) & (sure < high)
        if here.any():
            stated, actual = float(sure[here].mean()), float(right[here].mean())
            bins.append({"cuts": int(here.sum()), "stated": stated, "right": actual})
    error = sum(row["cuts"] * abs(row["stated"] - row["right"]) for row in bins)
    doubtful = np.argsort(sure, kind="stable")[: len(sure) // 5]
    return {
        "cuts": len(sure),
        "wrong": int((~right).sum()),
        "expected_calibration_error": error / max(1, len(sure)),
        "auroc": _auroc(sure[right], sure[~right]),
        "wrong_among_the_doubtful_fifth": int((~right[doubtful]).sum()),
        "bins": bins,
    }


def _auroc(right: np.ndarray, wrong: np.ndarray) -> float | None:
    if not len(right) or not len(wrong):
        return None
    above = (right[:, None] > wrong[None, :]).mean()
    equal = (right[:, None] == wrong[None, :]).mean()
    return float(above + equal / 2)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Of two half-open ranges: shared frames over frames in either."""
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / max(1, one[1] - one[0] + other[1] - other[0] - shared)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
