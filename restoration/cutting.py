"""From a list of cuts to the pieces between them. PURE: numbers in, pieces out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

SPLICES = {"splice", "jump"}
"""Kinds of marks across which no motion is followed; a flash is none."""


class Ranged(Protocol):
    """What a scene and a piece have in common."""

    start_frame: int
    end_frame: int
    kind: str
    confidence: float
    gradual: list[int] | None
    marks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames [start_frame, end_frame) that are to be one scene."""

    start_frame: int
    end_frame: int
    kind: str = "shot"
    confidence: float = 1.0
    gradual: list[int] | None = None
    marks: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        scene: Ranged,
        *,
        start_frame: int | None = None,
        end_frame: int | None = None,
        marks: Sequence[dict[str, Any]] | None = None,
    ) -> Piece:
        """Part of a scene, or more than it, as an edit of its cuts makes it.

        A start that a person placed is certain, and no dissolve.
        """
        start = scene.start_frame if start_frame is None else start_frame
        end = scene.end_frame if end_frame is None else end_frame
        moved = start != scene.start_frame
        return cls(
            start,
            end,
            kind=scene.kind,
            confidence=1.0 if moved else scene.confidence,
            gradual=None if moved else scene.gradual,
            marks=marks_inside(scene.marks if marks is None else marks, start, end),
        )


def marks_inside(
    marks: Iterable[dict[str, Any]], start_frame: int, end_frame: int
) -> list[dict[str, Any]]:
    """The splices strictly inside; one on the first frame is the cut itself."""
    inside = {
        int(mark["frame"]): mark for mark in marks if start_frame < int(mark["frame"]) < end_frame
    }
    return [inside[frame] for frame in sorted(inside)]


def splice_frames(marks: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """The frames before which the film was spliced, in order."""
    return tuple(sorted({int(mark["frame"]) for mark in marks if mark.get("kind") in SPLICES}))


def pieces(
    frames: int, findings: Mapping[str, Any], *, kept: Iterable[tuple[int, int]] = ()
) -> list[Piece]:
    """Cut [0, frames) as the findings say, around the ranges that are kept as they are.

    Args:
        findings: What the stage `cuts` found: `cuts`, `confidence` of each, `gradual`, `marks`,
            `intertitles` (ranges). Cuts outside the scan are ignored.
        kept: Ranges that a person placed; no piece reaches into them.
    """
    taken = sorted(kept)
    cuts = {int(cut) for cut in findings.get("cuts", ())}
    edges = {0, frames} | {edge for place in taken for edge in place}
    edges |= {cut for cut in cuts if 0 < cut < frames}
    inside = [(start, end) for start, end in pairwise(sorted(edges))]
    marks = list(findings.get("marks", ()))
    certainty = dict(zip(findings.get("cuts", ()), findings.get("confidence", ()), strict=False))
    return [
        Piece(
            start,
            end,
            kind=_kind(findings, start),
            confidence=float(certainty.get(start, 1.0)),
            gradual=_gradual(findings, start),
            marks=marks_inside(marks, start, end),
        )
        for start, end in inside
        if not any(first <= start and end <= last for first, last in taken)
    ]


def _gradual(findings: Mapping[str, Any], start: int) -> list[int] | None:
    """The dissolve whose middle is the cut at `start`, if it is one."""
    for first, last in findings.get("gradual", ()):
        if first <= start <= last:
            return [int(first), int(last)]
    return None


def _kind(findings: Mapping[str, Any], start: int) -> str:
    """`shot`, unless the findings name the scene that starts here an intertitle."""
    starts = {int(first) for first, _ in findings.get("intertitles", ())}
    return "intertitle" if start in starts else "shot"
