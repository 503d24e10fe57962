"""The borders between a scan's scenes: how sure each is, what a person said, and their edits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef

from archive.models import Scan
from restoration import scenes, verdicts
from restoration.cutting import SPLICES, Decided
from restoration.editing import Edit
from restoration.errors import SceneError
from restoration.models import BorderFinding, Scene, Verdict

SURE = 0.8
"""A cut that was found with at least this confidence is not put up for review."""


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

    @property
    def certainty(self) -> float:
        """How sure it is that what stands is right, 0 to 1: that there is a cut, or that not."""
        return self.confidence if self.scene is not None else 1.0 - self.confidence


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


def doubtful(found: Iterable[Border]) -> list[Border]:
    """Those that a person should look at, the most doubtful first."""
    every = list(found)
    decided = verdicts.decided_of(border.verdict for border in every if border.verdict)
    left = [border for border in every if _is_open(border, decided)]
    return sorted(left, key=lambda border: (border.certainty, border.frame))


def _is_open(border: Border, decided: Decided) -> bool:
    if border.scene is not None:
        return border.verdict is None and border.confidence < SURE
    return not decided.covers(border.frame)


def left_to_check(scans: Iterable[Scan]) -> dict[int, int]:
    """How many borders of each scan a person should look at; scans without any are left out."""
    wanted = [scan.pk for scan in scans]
    decided: defaultdict[int, list[Verdict]] = defaultdict(list)
    for verdict in Verdict.objects.filter(scan__in=wanted, about="cut"):
        decided[verdict.scan_id].append(verdict)
    known = {scan: verdicts.decided_of(said) for scan, said in decided.items()}
    here = Scene.objects.filter(
        scan=OuterRef("scan"), start_frame=OuterRef("frame"), retired__isnull=True
    )
    unsure = Scene.objects.current().filter(scan__in=wanted, start_frame__gt=0, confidence__lt=SURE)
    nearly = BorderFinding.objects.filter(~Exists(here), scan__in=wanted)
    counts: defaultdict[int, int] = defaultdict(int)
    for scan, frame in unsure.values_list("scan", "start_frame"):
        said_here = known.get(scan, Decided())
        counts[scan] += frame not in said_here.cuts | said_here.no_cuts
    for scan, frame in nearly.values_list("scan", "frame"):
        counts[scan] += not known.get(scan, Decided()).covers(frame)
    return {scan: count for scan, count in counts.items() if count}


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
        edit.change(scene, **values)
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
    with transaction.atomic():
        scene = scenes.as_it_stands(scene)
        if not scene.start_frame < frame < scene.end_frame:
            raise SceneError(
                f"a splice lies inside a scene: choose a frame from {scene.start_frame + 1} to "
                f"{scene.end_frame - 1}, not {frame}"
            )
        others = [mark for mark in scene.marks if not _is_splice(mark, frame)]
        if not is_splice and len(others) == len(scene.marks):
            raise SceneError(f"no splice is marked at frame {frame}; look again")
        edit = Edit(scene.scan, by)
        here = [{"frame": frame, "kind": "splice", "confidence": 1.0}] if is_splice else []
        marks = sorted([*others, *here], key=lambda mark: (mark["frame"], mark["kind"]))
        if marks != scene.marks:
            edit.change(scene, marks=marks)
        edit.judge(frame, "splice", holds=is_splice)
        words = f"splice at frame {frame}" if is_splice else f"no splice at frame {frame}"
        detail = {"frame": frame, "is_splice": is_splice}
        edit.record("splice marked" if is_splice else "splice refused", words, frame=frame,
                    detail=detail)  # fmt: skip
        return scene


def _is_splice(mark: dict[str, Any], frame: int) -> bool:
    return mark["kind"] in SPLICES and mark["frame"] == frame
