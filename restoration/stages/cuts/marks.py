"""Marks inside shots, which are no borders: splices, foreign frames, repeats; intertitles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from restoration.stages.cuts.borders import Border
from restoration.stages.cuts.duplicates import find_repeats, repeat_confidence
from restoration.stages.cuts.gradual import Range
from restoration.stages.cuts.measurements import Measurements
from restoration.stages.cuts.splices import Joint
from restoration.stages.cuts.titles import WEIGHTS, title_confidence

SURE = 0.5
"""Confidence from which a frame is marked, or a scene called an intertitle."""
_BESIDE = 2  # frames from a border where what jumps is the border itself
_TITLE_FRAMES = 12
_TITLE_GAP = 3  # frames that a flash or dirt may take out of a card
_SNAP = 4  # frames from a border to where a card begins or ends


def find_marks(
    measured: Measurements, borders: Sequence[Border], gradual: Sequence[Range]
) -> list[dict[str, Any]]:
    """Every mark, in order of frames."""
    marks: list[dict[str, Any]] = [
        _mark(flash.frame + k, flash.kind, flash.confidence)
        for flash in measured.flashes
        for k in range(flash.length)
    ]
    for joint in surest(measured.joints):
        inside = any(start <= joint.frame <= end for start, end in gradual)
        near = any(abs(joint.frame - border.frame) <= _BESIDE for border in borders)
        if not (inside or near):
            marks.append(_mark(joint.frame, "splice", joint.confidence()))
    marks += [
        _mark(measured.first_frame + index, "duplicate", repeat_confidence(features))
        for index, features in find_repeats(measured.steps)
    ]
    sure = [mark for mark in marks if mark["confidence"] >= SURE]
    return sorted(sure, key=lambda mark: (mark["frame"], mark["kind"]))


def surest(joints: Iterable[Joint]) -> list[Joint]:
    """One of those that lie beside each other: the frame between two large steps is spoiled."""
    kept: list[Joint] = []
    for joint in sorted(joints, key=lambda joint: -joint.confidence()):
        if all(abs(joint.frame - other.frame) > _BESIDE for other in kept):
            kept.append(joint)
    return kept


def _mark(frame: int, kind: str, confidence: float) -> dict[str, Any]:
    return {"frame": frame, "kind": kind, "confidence": round(confidence, 3)}


def find_intertitles(
    measured: Measurements, borders: Sequence[Border]
) -> list[tuple[Range, float]]:
    """Half-open ranges of frames that hold a card with writing, each with its confidence, 0 to 1.

    A card is a shot of its own: a range that begins or ends beside a border is moved there, and
    one that fills only part of its shot counts by that part.
    """
    found = []
    first, total = measured.first_frame, len(measured.looks)
    edges = [first, *(border.frame for border in borders), first + total]
    for start, stop in _title_runs(measured):
        sure = title_confidence(measured.looks[start:stop], measured.strides[start:stop])
        span = tuple(_snapped(first + edge, borders, edges) for edge in (start, stop))
        shot_start = max(edge for edge in edges if edge <= span[0])
        shot_end = min(edge for edge in edges if edge > span[0])
        sure *= min(1.0, (span[1] - span[0]) / (shot_end - shot_start))
        if sure >= SURE:
            found.append(((span[0], span[1]), sure))
    return found


def _title_runs(measured: Measurements) -> list[Range]:
    """Half-open runs, as indices, of frames that look like a card by themselves."""
    runs: list[list[int]] = []
    for index in np.flatnonzero(np.array([np.dot(WEIGHTS, each) for each in measured.looks]) > 0):
        if runs and index - runs[-1][1] <= _TITLE_GAP:
            runs[-1][1] = int(index) + 1
        else:
            runs.append([int(index), int(index) + 1])
    return [(start, stop) for start, stop in runs if stop - start >= _TITLE_FRAMES]


def _snapped(frame: int, borders: Sequence[Border], edges: Sequence[int]) -> int:
    """The border that a card begins or ends with, if there is one."""
    for border in borders:
        start, end = border.span or (border.frame, border.frame)
        if start - _SNAP <= frame <= end + _SNAP:
            return border.frame
    return next((edge for edge in edges if abs(frame - edge) <= _SNAP), frame)
