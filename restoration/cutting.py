"""From a list of cuts to the pieces between them. PURE: numbers in, pieces out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

SPLICES = {"splice", "jump"}
"""Kinds of marks across which no motion is followed; a flash is none."""
INTERTITLE = "intertitle"
"""The mark, on its first frame, of a scene that is one."""
NEAR = 2
"""Frames by which two statements about a cut may be apart and still be about the same one."""


class Ranged(Protocol):
    """What a scene and a piece have in common."""

    start_frame: int
    end_frame: int
    kind: str
    transition: str
    confidence: float
    gradual: list[int] | None
    marks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames [start_frame, end_frame) that are to be one scene."""

    start_frame: int
    end_frame: int
    kind: str = "shot"
    transition: str = "cut"
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
            transition="cut" if moved else scene.transition,
            confidence=1.0 if moved else scene.confidence,
            gradual=None if moved else scene.gradual,
            marks=marks_inside(scene.marks if marks is None else marks, start, end),
        )


def marks_inside(
    marks: Iterable[dict[str, Any]], start_frame: int, end_frame: int
) -> list[dict[str, Any]]:
    """The marks strictly inside; a splice on the first frame is the cut itself.

    That of an intertitle lies on the first frame, and nowhere else.
    """
    inside = {
        (int(mark["frame"]), str(mark.get("kind"))): mark
        for mark in marks
        if (
            int(mark["frame"]) == start_frame
            if mark.get("kind") == INTERTITLE
            else start_frame < int(mark["frame"]) < end_frame
        )
    }
    return [inside[place] for place in sorted(inside)]


def splice_frames(marks: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """The frames before which the film was spliced, in order."""
    return tuple(sorted({int(mark["frame"]) for mark in marks if mark.get("kind") in SPLICES}))


@dataclass(frozen=True, slots=True)
class Decided:
    """What people said of single frames; it holds against every later detection."""

    cuts: frozenset[int] = frozenset()
    no_cuts: frozenset[int] = frozenset()
    splices: frozenset[int] = frozenset()
    no_splices: frozenset[int] = frozenset()
    marks: frozenset[tuple[str, int]] = frozenset()
    """Kind and frame of every mark that somebody confirmed, splices too."""
    no_marks: frozenset[tuple[str, int]] = frozenset()

    def covers(self, frame: int) -> bool:
        """Whether a person has spoken of a cut at this frame, or next to it."""
        return any(frame + k in self.cuts | self.no_cuts for k in range(-NEAR, NEAR + 1))


def heed(findings: Mapping[str, Any], decided: Decided) -> dict[str, Any]:
    """Findings as they stand beside what people said: theirs added, those they refused left out."""
    certainty = dict(zip(findings.get("cuts", ()), findings.get("confidence", ()), strict=False))
    found = {int(cut) for cut in findings.get("cuts", ())}
    open_ones = {cut for cut in found if cut in decided.cuts or not decided.covers(cut)}
    cuts = sorted(open_ones | decided.cuts)
    marks = [
        mark
        for mark in findings.get("marks", ())
        if (mark.get("kind"), int(mark["frame"])) not in decided.no_marks
        and (mark.get("kind") not in SPLICES or int(mark["frame"]) not in decided.no_splices)
    ]
    known = {(mark.get("kind"), int(mark["frame"])) for mark in marks}
    known |= {("splice", frame) for frame in splice_frames(marks)}
    confirmed = {("splice", frame) for frame in decided.splices} | decided.marks
    # An intertitle is a scene that a person described, and stays with it.
    marks += [
        {"frame": frame, "kind": kind, "confidence": 1.0}
        for kind, frame in sorted(confirmed - known)
        if kind != INTERTITLE
    ]
    confidence = [certainty.get(cut, 1.0) for cut in cuts]
    return {**findings, "cuts": cuts, "confidence": confidence, "marks": marks}


def found_borders(findings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The borders that were found, of findings of any age: frame, kind, confidence, range,
    evidence."""
    if "borders" in findings:
        return [{"range": None, "evidence": {}, **border} for border in findings["borders"]]
    certainty = dict(zip(findings.get("cuts", ()), findings.get("confidence", ()), strict=False))
    made = []
    for cut in sorted({int(cut) for cut in findings.get("cuts", ())}):
        span = _gradual(findings, cut)
        kind = "dissolve" if span else "cut"
        sure = float(certainty.get(cut, 1.0))
        border = {"frame": cut, "kind": kind, "confidence": sure, "range": span, "evidence": {}}
        made.append(border)
    return made


def pieces(
    frames: int, findings: Mapping[str, Any], *, kept: Iterable[tuple[int, int]] = ()
) -> list[Piece]:
    """Cut [0, frames) as the findings say, around the ranges that are kept as they are.

    Args:
        findings: What the stage `cuts` found: `cuts`, `confidence` of each, `gradual`, `marks`,
            `intertitles` (ranges), `intertitle_confidence` of each since its version 5, and
            `borders` since its version 2. Cuts outside the scan are ignored.
        kept: Ranges that a person placed; no piece reaches into them.
    """
    taken = sorted(kept)
    cuts = {int(cut) for cut in findings.get("cuts", ())}
    edges = {0, frames} | {edge for place in taken for edge in place}
    edges |= {cut for cut in cuts if 0 < cut < frames}
    inside = [(start, end) for start, end in pairwise(sorted(edges))]
    marks = [*findings.get("marks", ()), *_intertitle_marks(findings)]
    certainty = dict(zip(findings.get("cuts", ()), findings.get("confidence", ()), strict=False))
    borders = {int(border["frame"]): border for border in found_borders(findings)}
    return [
        Piece(
            start,
            end,
            kind=_kind(findings, start),
            transition=borders.get(start, {}).get("kind", "cut"),
            confidence=float(certainty.get(start, 1.0)),
            gradual=borders.get(start, {}).get("range"),
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


def _intertitle_marks(findings: Mapping[str, Any]) -> list[dict[str, Any]]:
    spans = zip(
        findings.get("intertitles", ()), findings.get("intertitle_confidence", ()), strict=False
    )
    return [{"frame": int(span[0]), "kind": INTERTITLE, "confidence": sure} for span, sure in spans]


def _kind(findings: Mapping[str, Any], start: int) -> str:
    """`shot`, unless the findings name the scene that starts here an intertitle."""
    starts = {int(first) for first, _ in findings.get("intertitles", ())}
    return INTERTITLE if start in starts else "shot"
