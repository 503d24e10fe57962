"""Marks inside shots, which are no borders: splices, foreign frames, repeats; intertitles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from restoration.stages.cuts.borders import Border
from restoration.stages.cuts.gradual import Range
from restoration.stages.cuts.measurements import Measurements
from restoration.stages.cuts.splices import SURE, splice_confidence

_TITLE_FRAMES = 12


def find_marks(
    measured: Measurements, borders: Sequence[Border], gradual: Sequence[Range]
) -> list[dict[str, Any]]:
    """Every mark, in order of frames."""
    marks: list[dict[str, Any]] = [
        _mark(flash.frame + k, flash.kind, flash.confidence)
        for flash in measured.flashes
        for k in range(flash.length)
    ]
    taken = {mark["frame"] for mark in marks} | {mark["frame"] + 1 for mark in marks}
    for boundary in measured.boundaries:
        inside = any(start <= boundary.frame <= end for start, end in gradual)
        near = any(abs(boundary.frame - border.frame) <= 2 for border in borders)
        if inside or near or boundary.frame in taken:
            continue
        if (sure := splice_confidence(boundary)) >= SURE:
            marks.append(_mark(boundary.frame, "splice", sure))
    marks += _duplicates(measured)
    return sorted(marks, key=lambda mark: (mark["frame"], mark["kind"]))


def _mark(frame: int, kind: str, confidence: float) -> dict[str, Any]:
    return {"frame": frame, "kind": kind, "confidence": round(confidence, 3)}


def _duplicates(measured: Measurements) -> list[dict[str, Any]]:
    """Frames equal to the one before, though the film moves before and after."""
    steps = np.array(measured.steps)
    found = []
    for index in range(3, len(steps) - 2):
        around = np.delete(steps[index - 2 : index + 3], 2)
        if steps[index] < 0.08 and float(around.min()) > 0.6:
            frame = measured.first_frame + index
            found.append(_mark(frame, "duplicate", 0.9))
    return found


def find_intertitles(measured: Measurements) -> list[Range]:
    """Runs of frames, half-open, that hold still writing on a dark card."""
    found: list[Range] = []
    start: int | None = None
    for index, title in enumerate([*measured.titles, False]):
        if title and start is None:
            start = index
        elif not title and start is not None:
            if index - start >= _TITLE_FRAMES:
                found.append((measured.first_frame + start, measured.first_frame + index))
            start = None
    return found
