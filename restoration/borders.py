"""The borders between a scan's scenes: how sure each is, what a person said, and their edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from archive.models import Scan
from restoration import scenes
from restoration.cutting import INTERTITLE, SPLICES, Decided
from restoration.editing import Edit
from restoration.errors import SceneError
from restoration.models import BorderFinding, Scene, Verdict

SURE = 0.8
"""What was found with at least this confidence, cut or mark, is not put up for review."""


@dataclass(frozen=True, slots=True)
class Border:
    """A cut between two scenes, or a place that the detection nearly took for one."""

    frame: int
    kind: str
    """cut, dissolve or fade"""
    confidence: float
    """That scenes change here, 0 to 1."""
    gradual: list[int] | None
    evidence: dict[str, Any]
    was_found: bool
    """By the newest detection; else a person placed it, or the detection is older than findings."""
    scene: Scene | None
    """The scene that starts here; None: there is no cut."""
    verdict: Verdict | None

    @property
    def is_cut(self) -> bool:
        return self.scene is not None

    @property
    def is_checked(self) -> bool:
        """A person said that it is as it stands."""
        return self.verdict is not None and self.verdict.holds == self.is_cut

    def is_open(self, decided: Decided) -> bool:
        """Whether a person should look at it: it is not sure, and nobody has spoken of it."""
        if self.scene is not None:
            return self.verdict is None and self.confidence < SURE
        return not decided.covers(self.frame)


def borders(scan: Scan, current: Sequence[Scene]) -> list[Border]:
    """Every cut of the scan's current scenes and every place that was found but is none, in order.

    Two queries, however many there are.
    """
    found = {finding.frame: finding for finding in BorderFinding.objects.filter(scan=scan)}
    said = {
        verdict.frame: verdict
        for verdict in Verdict.objects.filter(scan=scan, about="cut").select_related("by")
    }
    starts = [scene for scene in current if scene.start_frame > 0]
    cuts = [
        _border_of(scene, found.get(scene.start_frame), said.get(scene.start_frame))
        for scene in starts
    ]
    taken = {scene.start_frame for scene in starts}
    others = [
        _near_miss(finding, said.get(frame))
        for frame, finding in found.items()
        if frame not in taken
    ]
    return sorted([*cuts, *others], key=lambda border: border.frame)


def _border_of(scene: Scene, finding: BorderFinding | None, verdict: Verdict | None) -> Border:
    return Border(
        frame=scene.start_frame,
        kind=scene.transition,
        confidence=scene.confidence,
        gradual=scene.gradual,
        evidence=finding.evidence if finding else {},
        was_found=finding is not None,
        scene=scene,
        verdict=verdict,
    )


def _near_miss(finding: BorderFinding, verdict: Verdict | None) -> Border:
    return Border(
        frame=finding.frame,
        kind=finding.kind,
        confidence=finding.confidence,
        gradual=finding.gradual,
        evidence=finding.evidence,
        was_found=True,
        scene=None,
        verdict=verdict,
    )


def check(scene: Scene, frame: int, *, is_cut: bool, by: User | None = None) -> None:
    """Say that there is a cut at a frame, or that there is none; the scenes then follow.

    Args:
        scene: The scene that holds the frame, as the person saw it.

    Raises: SceneError if the scene was replaced meanwhile, or the frame is not in it.
    """
    with transaction.atomic():
        scene = scenes.as_it_stands(scene)
        starts_here = frame == scene.start_frame
        if frame == 0 or not scene.start_frame <= frame < scene.end_frame:
            raise SceneError(f"frame {frame} is not in {scene}, or nothing comes before it")
        if starts_here and not is_cut:
            before = scene.scan.scenes.current().get(end_frame=frame)
            scenes.merge(before, by=by)
        elif not starts_here and is_cut:
            scenes.split(scene, frame, by=by)
        else:
            edit = Edit(scene.scan, by)
            edit.judge(frame, "cut", holds=is_cut)
            words = f"frame {frame} confirmed as a cut" if is_cut else f"no cut at frame {frame}"
            detail = {"frame": frame, "is_cut": is_cut}
            edit.record("border checked", words, frame=frame, detail=detail)


def describe(
    scene: Scene,
    *,
    transition: str,
    gradual: tuple[int, int] | None = None,
    kind: str = "shot",
    by: User | None = None,
) -> Scene:
    """Say how a scene starts (cut, dissolve, fade) and whether it is an intertitle.

    Args:
        gradual: First and last frame of the dissolve or fade.

    Raises: SceneError for a range that does not hold the cut, or a scene replaced meanwhile.
    """
    with transaction.atomic():
        scene = scenes.as_it_stands(scene)
        span = None if transition == "cut" else _checked_span(scene, transition, gradual)
        values = {"transition": transition, "gradual": span, "kind": kind, "by_hand": True}
        if scene.start_frame == 0 and transition != "cut":
            raise SceneError("the first scene begins with the film: nothing dissolves into it")
        edit = Edit(scene.scan, by)
        marks = [mark for mark in scene.marks if mark["kind"] != INTERTITLE]
        if scene.kind != kind or marks != scene.marks:
            edit.judge(scene.start_frame, INTERTITLE, holds=kind == INTERTITLE)
        edit.change(scene, **values, marks=marks)
        if scene.start_frame > 0:
            edit.judge(scene.start_frame, "cut", holds=True)
        what = f"{transition} from {span[0]} to {span[1]}" if span else transition
        words = f"frame {scene.start_frame}: {what}, {scene.get_kind_display()}"
        detail = {"frame": scene.start_frame, "transition": transition, "kind": kind, "range": span}
        edit.record("border described", words, frame=scene.start_frame, detail=detail)
        return scene


def _checked_span(scene: Scene, name: str, span: tuple[int, int] | None) -> list[int]:
    if span is None:
        raise SceneError(f"say from which frame to which the {name} goes")
    first, last = span
    cut = scene.start_frame
    if not first < last or not first <= cut <= last or not first >= 0 or last >= scene.end_frame:
        raise SceneError(
            f"the {name} has to go from a frame up to {cut} to one from {cut} to "
            f"{scene.end_frame - 1}, not from {first} to {last}"
        )
    return [first, last]


def mark_splice(scene: Scene, frame: int, *, is_splice: bool, by: User | None = None) -> Scene:
    """Say that the film was spliced before a frame of the scene, or that it was not.

    Raises: SceneError if the frame is not inside, nothing would change, or the scene was replaced.
    """
    return judge_mark(scene, frame, "splice", holds=is_splice, by=by)


def judge_mark(
    scene: Scene, frame: int, kind: str, *, holds: bool, by: User | None = None
) -> Scene:
    """Say that a frame of the scene is what a mark calls it, or that it is not.

    Args:
        kind: a kind of mark, as in `Verdict.About`. An intertitle is marked on its first frame; if
            it is none, the scene is a shot again.
    Raises: SceneError if the frame is not inside, nothing would change, or the scene was replaced.
    """
    with transaction.atomic():
        scene = scenes.as_it_stands(scene)
        _refuse_outside(scene, frame, kind)
        others = [mark for mark in scene.marks if not is_mark(mark, frame, kind)]
        if not holds and len(others) == len(scene.marks):
            raise SceneError(f"no {kind} is marked at frame {frame}; look again")
        edit = Edit(scene.scan, by)
        here = [{"frame": frame, "kind": kind, "confidence": 1.0}] if holds else []
        marks = sorted([*others, *here], key=lambda mark: (mark["frame"], mark["kind"]))
        values: dict[str, Any] = {"marks": marks}
        if kind == INTERTITLE:
            values |= {"kind": kind if holds else "shot", "by_hand": True}
        if any(getattr(scene, name) != value for name, value in values.items()):
            edit.change(scene, **values)
        edit.judge(frame, kind, holds=holds)
        words = f"{kind} at frame {frame}" if holds else f"no {kind} at frame {frame}"
        said = ("splice marked", "splice refused")
        if kind != "splice":
            said = ("mark confirmed", "mark refused")
        detail = {"frame": frame, "kind": kind, "holds": holds}
        edit.record(said[0] if holds else said[1], words, frame=frame, detail=detail)
        return scene


def _refuse_outside(scene: Scene, frame: int, kind: str) -> None:
    if kind == INTERTITLE:
        if frame != scene.start_frame:
            raise SceneError(
                f"an intertitle is marked on its first frame: choose {scene.start_frame}, "
                f"not {frame}"
            )
    elif not scene.start_frame < frame < scene.end_frame:
        raise SceneError(
            f"a {kind} lies inside a scene: choose a frame from {scene.start_frame + 1} to "
            f"{scene.end_frame - 1}, not {frame}"
        )


def is_mark(mark: dict[str, Any], frame: int, kind: str) -> bool:
    """Whether a mark says that of this frame; "jump" is an older word for a splice."""
    same = mark["kind"] == kind or (kind in SPLICES and mark["kind"] in SPLICES)
    return same and mark["frame"] == frame
