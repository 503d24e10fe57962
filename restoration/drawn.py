"""What people drew over a scene, as the parameters that it becomes when the scene is run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from restoration.changers import by_whom
from restoration.models import (
    ColourCorrection,
    ColourReference,
    Hint,
    ProtectedRegion,
    RepairDecision,
    Scene,
)
from restoration.stages.repair.regions import Region

STAGE = "repair"
NAMES = {
    "repair": {
        "protect": "protected region",
        "undone": "undone repair",
        "neighbour": "neighbour request",
    },
    "colourise": {"hints": "colour hint", "references": "coloured still"},
    "grade": {"corrections": "colour correction"},
}
"""Parameters that are drawn and never typed, by stage, and what one of each is called."""

Drawn = dict[str, list[dict[str, Any]]]
Row = TypeVar("Row", ProtectedRegion, RepairDecision, Hint, ColourReference, ColourCorrection)
AnyRow = ProtectedRegion | RepairDecision | Hint | ColourReference | ColourCorrection
DrawnRows = dict[str, list[tuple[AnyRow, dict[str, Any]]]]


class Drawings:
    """What stands drawn over these scenes, asked of the database once, when it is first needed.

    By scan, so that a scene is held against what is drawn on its own film alone.
    """

    def __init__(self, scenes: Iterable[Scene] = (), *, taken_back: Drawings | None = None) -> None:
        of_scenes = {scene.scan_id for scene in scenes}
        self._scans: set[int] = taken_back._scans if taken_back else of_scenes
        self._stands = taken_back is None

    @cached_property
    def taken_back(self) -> Drawings:
        """The same of what no longer stands."""
        return Drawings(taken_back=self)

    @cached_property
    def _protected(self) -> Mapping[int, list[ProtectedRegion]]:
        wanted = ProtectedRegion.objects.filter(
            scan__in=self._scans, removed__isnull=self._stands
        ).select_related("by" if self._stands else "removed_by")
        return _by_scan(wanted.order_by("pk"))

    @cached_property
    def _decided(self) -> Mapping[int, list[RepairDecision]]:
        """Words on single repairs that change the next run."""
        wanted = RepairDecision.objects.filter(**self._wanted).select_related(self._whom)
        kept = RepairDecision.Decision.KEEP
        return _by_scan(wanted.exclude(decision=kept).order_by("frame", "pk"))

    @cached_property
    def _hints(self) -> Mapping[int, list[Hint]]:
        wanted = Hint.objects.filter(**self._wanted).select_related("by", self._whom)
        return _by_scan(wanted.order_by("frame", "pk"))

    @cached_property
    def _references(self) -> Mapping[int, list[ColourReference]]:
        wanted = ColourReference.objects.filter(**self._wanted).select_related(self._whom)
        return _by_scan(wanted.order_by("frame", "pk"))

    @cached_property
    def _corrections(self) -> Mapping[int, list[ColourCorrection]]:
        wanted = ColourCorrection.objects.filter(**self._wanted).select_related("by", self._whom)
        return _by_scan(wanted.as_applied())

    @property
    def _wanted(self) -> dict[str, Any]:
        return {"scan__in": self._scans, "withdrawn__isnull": self._stands}

    @property
    def _whom(self) -> str:
        """Who is asked about: the one who drew it, or who took it back."""
        return "by" if self._stands else "withdrawn_by"

    def params(self, scene: Scene, stage: str) -> Drawn:
        """The stage's drawn parameters over this scene's frames; empty for stages without any.

        Ranges are cut to the scene's frames, so that what is drawn elsewhere changes nothing here.
        """
        found = self.rows(scene, stage)
        return {name: [entry for _, entry in rows] for name, rows in found.items() if rows}

    def rows(self, scene: Scene, stage: str) -> DrawnRows:
        """The rows behind each of the stage's parameters, each with the entry that it becomes."""
        makers = {"repair": self._repair, "colourise": self._colourise, "grade": self._grade}
        return makers[stage](scene) if stage in makers else {}

    def _repair(self, scene: Scene) -> DrawnRows:
        return {
            "protect": [
                (row, _region(scene, row.start_frame, row.end_frame, row.polygon))
                for row in self._protected[scene.scan_id]
                if _reaches(row, scene)
            ],
            "undone": self._decided_as(RepairDecision.Decision.UNDO, scene),
            "neighbour": self._decided_as(RepairDecision.Decision.NEIGHBOUR, scene),
        }

    def _decided_as(self, decision: str, scene: Scene) -> list[tuple[AnyRow, dict[str, Any]]]:
        return [
            (row, _region(scene, row.frame, row.frame + 1, row.polygon))
            for row in self._decided[scene.scan_id]
            if row.decision == decision and _is_in(row, scene)
        ]

    def _colourise(self, scene: Scene) -> DrawnRows:
        return {
            "hints": [
                (hint, hint.as_param())
                for hint in self._hints[scene.scan_id]
                if _is_in(hint, scene)
            ],
            "references": [
                (still, {"frame": still.frame, "sha256": still.sha256})
                for still in self._references[scene.scan_id]
                if _is_in(still, scene)
            ],
        }

    def _grade(self, scene: Scene) -> DrawnRows:
        return {
            "corrections": [
                (row, row.as_param(scene))
                for row in self._corrections[scene.scan_id]
                if _reaches(row, scene)
            ]
        }


def _by_scan(rows: Iterable[Row]) -> Mapping[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.scan_id].append(row)
    return found


def drawn_params(scene: Scene, stage: str) -> Drawn:
    """`Drawings.params` of one scene."""
    return Drawings([scene]).params(scene, stage)


def _is_in(row: Hint | ColourReference | RepairDecision, scene: Scene) -> bool:
    return row.scan_id == scene.scan_id and scene.start_frame <= row.frame < scene.end_frame


def _reaches(row: ProtectedRegion | ColourCorrection, scene: Scene) -> bool:
    return row.start_frame < scene.end_frame and row.end_frame > scene.start_frame


def _region(scene: Scene, start: int, stop: int, polygon: Any) -> dict[str, Any]:
    frames = [max(start, scene.start_frame), min(stop, scene.end_frame)]
    return Region.parse({"frames": frames, "polygon": polygon}).as_json()


def changed_drawings(
    scene: Scene, stage: str, made_with: dict[str, Any], drawings: Drawings | None = None
) -> list[str]:
    """In words, what was drawn or taken back since a take was made with these parameters."""
    if stage not in NAMES:
        return []
    known = drawings or Drawings([scene])
    now = known.rows(scene, stage)
    reasons = []
    for name, what in NAMES[stage].items():
        before = [_identity(entry) for entry in made_with.get(name) or []]
        after = [_identity(entry) for _, entry in now.get(name, [])]
        new = [row for row, entry in now.get(name, []) if _identity(entry) not in before]
        gone = [entry for entry in before if entry not in after]
        if new:
            reasons.append(_said(len(new), what, "added", (row.by for row in new)))
        if gone:
            rows = known.taken_back.rows(scene, stage).get(name, [])
            people = [_who_took_back(row) for row, entry in rows if _identity(entry) in gone]
            reasons.append(_said(len(gone), what, "removed", people))
    return reasons


def _said(count: int, what: str, verb: str, people: Iterable[object]) -> str:
    return f"{count} {what}{'s' if count > 1 else ''} {verb} since{by_whom(people)}"


def _who_took_back(row: AnyRow) -> object:
    return row.removed_by if isinstance(row, ProtectedRegion) else row.withdrawn_by


def _identity(entry: dict[str, Any]) -> Any:
    """Rows never change: one that names its row is that row, in that range.

    Where a file lies makes it no other one; takes of early versions recorded that.
    """
    if "id" in entry:
        return entry["id"], entry.get("frames")
    return {name: value for name, value in entry.items() if name != "path"}
