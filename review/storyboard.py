"""What the storyboard editor shows: a place in the film, its border, what is left to check."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from archive.models import Scan
from restoration import borders as cut_borders
from restoration import history
from restoration.borders import Border
from restoration.cutting import SPLICES
from restoration.doubts import Doubt, doubts
from restoration.models import Scene, SceneEdit, Verdict
from review.room import frame_address, timecode_facts
from review.standing import Standing, standings

AROUND = 6
"""Frames shown on each side of a border."""
EVIDENCE: dict[str, tuple[str, str]] = {
    "network": ("The network says", "{:.0%}"),
    "ranks": ("Ranks differ by", "{:.1f}"),
    "motion": ("Motion carries", "{:.0%}"),
    "held": ("The picture holds while it fades", "{:.0%}"),
}
"""What the detection measured at a border: its name for people, and how it is written."""


@dataclass(frozen=True, slots=True)
class Side:
    """A scene beside the border, and its number on the storyboard."""

    number: int
    standing: Standing

    @property
    def scene(self) -> Scene:
        return self.standing.scene


@dataclass(frozen=True, slots=True)
class Mark:
    """Something found, or marked by a person, at a frame."""

    frame: int
    kind: str
    confidence: float
    checked_by: str

    @property
    def is_splice(self) -> bool:
        return self.kind in SPLICES


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame of the strip."""

    frame: int
    is_there: bool
    starts_scene: bool
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the film the editor stands: a cut would fall before frame `at`."""

    at: int
    lowest: int
    highest: int
    border: Border | None
    sides: list[Side]
    """The scenes before and after a cut; the one scene where there is none."""
    strip: list[Shown]
    marks: list[Mark]
    previous: int | None
    following: int | None

    @property
    def is_at_border(self) -> bool:
        return self.border is not None and self.border.frame == self.at

    @property
    def at_before(self) -> int:
        """The last frame before a cut at `at`."""
        return self.at - 1

    @property
    def checked(self) -> Scene:
        """The scene that a person's word on the border is about."""
        return self.last

    @property
    def last_number(self) -> int:
        return self.sides[-1].number

    @property
    def holder(self) -> Scene:
        """The scene in which frame `at` lies."""
        return self.sides[-1].scene if self.at >= self.sides[-1].scene.start_frame else self.first

    @property
    def first(self) -> Scene:
        return self.sides[0].scene

    @property
    def last(self) -> Scene:
        return self.sides[-1].scene

    @property
    def evidence(self) -> list[tuple[str, str]]:
        """What spoke for the border, each with its value in words."""
        found = self.border.evidence if self.border else {}
        return [
            (name, form.format(value).replace("%", " %"))
            for key, value in found.items()
            for name, form in [EVIDENCE.get(key, (key.capitalize(), "{}"))]
            if value is not None
        ]

    @property
    def mark_here(self) -> Mark | None:
        """The splice before frame `at`."""
        return next((mark for mark in self.marks if mark.frame == self.at and mark.is_splice), None)


@dataclass(frozen=True, slots=True)
class Storyboard:
    """The whole page; a handful of queries, however many scenes there are."""

    scan: Scan
    scenes: list[Scene]
    to_check: list[Doubt]
    place: Place | None
    undo: SceneEdit | None
    redo: SceneEdit | None
    edits: list[SceneEdit] = field(default_factory=list)

    @property
    def doubts(self) -> set[int]:
        """Frames of borders that are to be checked."""
        return {doubt.frame for doubt in self.to_check if doubt.border}

    @property
    def doubted_mark(self) -> Doubt | None:
        """The mark at the frame looked at, if it is to be checked.

        That of the first frame is looked at on the second: no cut falls before the first.
        """
        marks = (doubt for doubt in self.to_check if doubt.border is None)
        at = self.place.at if self.place else None
        return next((doubt for doubt in marks if max(1, doubt.frame) == at), None)

    @property
    def next_to_check(self) -> Doubt | None:
        """The most doubtful border or mark, or the one after it if that is looked at now."""
        here = self.doubted_mark
        if here is None and self.place and self.place.border:
            border = self.place.border
            here = next((doubt for doubt in self.to_check if doubt.border == border), None)
        if here is None:
            return self.to_check[0] if self.to_check else None
        after = (self.to_check.index(here) + 1) % len(self.to_check)
        return self.to_check[after] if len(self.to_check) > 1 else None


def storyboard(scan: Scan, *, border: int | None, at: int | None) -> Storyboard:
    """The storyboard at a border, or at a frame; by default at the most doubtful border."""
    scenes = list(scan.scenes.current().select_related("scan"))
    found = cut_borders.borders(scan, scenes)
    to_check = doubts(scan, scenes, found)
    chosen, frame = _choose(scan, scenes, found, to_check, border, at)
    return Storyboard(
        scan,
        scenes,
        to_check,
        _place(scan, scenes, found, to_check, chosen, frame) if frame is not None else None,
        history.edit_to_undo(scan),
        history.edit_to_redo(scan),
        list(scan.scene_edits.select_related("by", "undone_by").order_by("-number")[:20]),
    )


def _choose(
    scan: Scan,
    scenes: Sequence[Scene],
    found: Sequence[Border],
    to_check: Sequence[Doubt],
    border: int | None,
    at: int | None,
) -> tuple[Border | None, int | None]:
    """The border that was asked for, and the frame to look at; None: there is nothing to edit."""
    if not scenes or scan.frames < 2:
        return None, None
    known = {entry.frame: entry for entry in found}
    wanted = border if border is not None else at
    if wanted is None:
        cuts = [entry for entry in found if entry.scene is not None]
        first = to_check[0].border if to_check else next(iter(cuts), None)
        if to_check and first is None:  # The most doubtful is a mark.
            return known.get(to_check[0].frame), max(1, to_check[0].frame)
        return first, first.frame if first else max(1, scan.frames // 2)
    chosen = known.get(wanted)
    frame = at if at is not None else wanted
    return chosen, min(max(frame, 1), scan.frames - 1)


def _place(
    scan: Scan,
    scenes: Sequence[Scene],
    found: Sequence[Border],
    to_check: Sequence[Doubt],
    border: Border | None,
    at: int,
) -> Place:
    starts = [scene.start_frame for scene in scenes]
    if border is None and at in starts:
        border = next(entry for entry in found if entry.frame == at)
    index = bisect_right(starts, border.frame if border else at) - 1
    near = [index - 1, index] if border is not None and border.scene is not None else [index]
    stand = standings([scenes[each] for each in near])
    sides = [Side(each + 1, standing) for each, standing in zip(near, stand, strict=True)]
    lowest, highest = sides[0].scene.start_frame + 1, sides[-1].scene.end_frame - 1
    at = min(max(at, lowest), highest)
    marks = _marks(scan, [side.scene for side in sides])
    here = border.frame if border else at
    walked = sorted(
        {*(start for start in starts if start), *(each.frame for each in to_check if each.border)}
    )
    return Place(
        at,
        lowest,
        highest,
        border,
        sides,
        _strip(scan, at, frozenset(starts), marks),
        marks,
        max((frame for frame in walked if frame < here), default=None),
        min((frame for frame in walked if frame > here), default=None),
    )


def _marks(scan: Scan, scenes: Sequence[Scene]) -> list[Mark]:
    said = Verdict.objects.filter(scan=scan, holds=True).exclude(about="cut").select_related("by")
    people = {(verdict.about, verdict.frame): str(verdict.by or "") for verdict in said}
    return [
        Mark(
            mark["frame"],
            mark["kind"],
            float(mark.get("confidence", 1.0)),
            people.get(("splice" if mark["kind"] in SPLICES else mark["kind"], mark["frame"]), ""),
        )
        for scene in scenes
        for mark in scene.marks
    ]


def _strip(scan: Scan, at: int, starts: frozenset[int], marks: Sequence[Mark]) -> list[Shown]:
    return [
        Shown(
            frame,
            0 <= frame < scan.frames,
            frame in starts and frame > 0,
            [mark for mark in marks if mark.frame == frame],
        )
        for frame in range(at - AROUND, at + AROUND)
    ]


def for_script(board: Storyboard) -> dict[str, Any]:
    """JSON for static/js/storyboard.js; frames are the scan's."""
    scan, place = board.scan, board.place
    if place is None:
        return {}
    return {
        "at": place.at,
        "lowest": place.lowest,
        "highest": place.highest,
        "border": place.border.frame if place.border else None,
        "isCut": bool(place.border and place.border.scene),
        "frames": scan.frames,
        "around": AROUND,
        "size": {"width": scan.width, "height": scan.height},
        "timecode": timecode_facts(scan),
        "starts": [scene.start_frame for scene in board.scenes if scene.start_frame],
        "marks": [_mark(mark) for mark in place.marks],
        "exact": frame_address("scan-frame", scan.pk),
        "still": still_address(scan),
        "scenes": [
            {
                "start": side.scene.start_frame,
                "end": side.scene.end_frame,
                "split": reverse("split-scene", args=[side.scene.pk]),
                "splice": reverse("mark-splice", args=[side.scene.pk]),
            }
            for side in place.sides
        ],
    }


def _mark(mark: Mark) -> Mapping[str, Any]:
    return {"frame": mark.frame, "kind": mark.kind, "words": mark_words(mark)}


def mark_words(mark: Mark) -> str:
    if mark.checked_by:
        return f"{mark.kind}, {mark.checked_by}"
    return f"{mark.kind} {mark.confidence * 100:.0f} %"


def still_address(scan: Scan) -> str:
    """Small pictures where they can be had, exact ones until then."""
    if scan.derivatives == Scan.Derivatives.READY:
        return reverse("scan-still", args=[scan.pk, 0]).replace("/0.jpg", "/{n}.jpg")
    return frame_address("scan-frame", scan.pk)
