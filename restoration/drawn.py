"""What people drew over a scene, as the parameters that it becomes when the scene is run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

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


class Drawings:
    """What stands drawn over these scenes, asked of the database once, when it is first needed.

    By scan, so that a scene is held against what is drawn on its own film alone.
    """

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self._scans = {scene.scan_id for scene in scenes}

    @cached_property
    def _protected(self) -> Mapping[int, list[ProtectedRegion]]:
        standing = ProtectedRegion.objects.standing().filter(scan__in=self._scans)
        return _by_scan(standing.order_by("pk"))

    @cached_property
    def _decided(self) -> Mapping[int, list[RepairDecision]]:
        """Words on single repairs that change the next run."""
        standing = RepairDecision.objects.standing().filter(scan__in=self._scans)
        kept = RepairDecision.Decision.KEEP
        return _by_scan(standing.exclude(decision=kept).order_by("frame", "pk"))

    @cached_property
    def _hints(self) -> Mapping[int, list[Hint]]:
        standing = Hint.objects.standing().filter(scan__in=self._scans)
        return _by_scan(standing.select_related("by").order_by("frame", "pk"))

    @cached_property
    def _references(self) -> Mapping[int, list[ColourReference]]:
        standing = ColourReference.objects.standing().filter(scan__in=self._scans)
        return _by_scan(standing.order_by("frame", "pk"))

    @cached_property
    def _corrections(self) -> Mapping[int, list[ColourCorrection]]:
        standing = ColourCorrection.objects.standing().filter(scan__in=self._scans)
        return _by_scan(standing.select_related("by").as_applied())

    def params(self, scene: Scene, stage: str) -> Drawn:
        """The stage's drawn parameters over this scene's frames; empty for stages without any.

        Ranges are cut to the scene's frames, so that what is drawn elsewhere changes nothing here.
        """
        makers = {"repair": self._repair, "colourise": self._colourise, "grade": self._grade}
        found = makers[stage](scene) if stage in makers else {}
        return {name: entries for name, entries in found.items() if entries}

    def _repair(self, scene: Scene) -> Drawn:
        return {
            "protect": _within(
                scene,
                [
                    (row.scan_id, row.start_frame, row.end_frame, row.polygon)
                    for row in self._protected[scene.scan_id]
                ],
            ),
            "undone": self._decided_as(RepairDecision.Decision.UNDO, scene),
            "neighbour": self._decided_as(RepairDecision.Decision.NEIGHBOUR, scene),
        }

    def _decided_as(self, decision: str, scene: Scene) -> list[dict[str, Any]]:
        rows = [row for row in self._decided[scene.scan_id] if row.decision == decision]
        return _within(
            scene, [(row.scan_id, row.frame, row.frame + 1, row.polygon) for row in rows]
        )

    def _colourise(self, scene: Scene) -> Drawn:
        return {
            "hints": [
                hint.as_param() for hint in self._hints[scene.scan_id] if _is_in(hint, scene)
            ],
            "references": [
                {"frame": still.frame, "sha256": still.sha256}
                for still in self._references[scene.scan_id]
                if _is_in(still, scene)
            ],
        }

    def _grade(self, scene: Scene) -> Drawn:
        here = [
            row
            for row in self._corrections[scene.scan_id]
            if row.start_frame < scene.end_frame and row.end_frame > scene.start_frame
        ]
        return {"corrections": [row.as_param(scene) for row in here]}


def _by_scan(rows: Iterable[Row]) -> Mapping[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.scan_id].append(row)
    return found


def drawn_params(scene: Scene, stage: str) -> Drawn:
    """`Drawings.params` of one scene."""
    return Drawings([scene]).params(scene, stage)


def _is_in(row: Hint | ColourReference, scene: Scene) -> bool:
    return row.scan_id == scene.scan_id and scene.start_frame <= row.frame < scene.end_frame


def _within(scene: Scene, rows: Iterable[tuple[int, int, int, Any]]) -> list[dict[str, Any]]:
    return [
        Region.parse(
            {
                "frames": [max(start, scene.start_frame), min(stop, scene.end_frame)],
                "polygon": polygon,
            }
        ).as_json()
        for scan, start, stop, polygon in rows
        if scan == scene.scan_id and start < scene.end_frame and stop > scene.start_frame
    ]


def changed_drawings(
    scene: Scene, stage: str, made_with: dict[str, Any], drawings: Drawings | None = None
) -> list[str]:
    """In words, what was drawn or taken back since a take was made with these parameters."""
    if stage not in NAMES:
        return []
    now = (drawings or Drawings([scene])).params(scene, stage)
    reasons = []
    for name, what in NAMES[stage].items():
        before = [_identity(entry) for entry in made_with.get(name) or []]
        after = [_identity(entry) for entry in now.get(name, [])]
        new = sum(entry not in before for entry in after)
        gone = sum(entry not in after for entry in before)
        for count, verb in ((new, "added"), (gone, "removed")):
            if count:
                reasons.append(f"{count} {what}{'s' if count > 1 else ''} {verb} since")
    return reasons


def _identity(entry: dict[str, Any]) -> Any:
    """Rows never change: one that names its row is that row, in that range.

    Where a file lies makes it no other one; takes of early versions recorded that.
    """
    if "id" in entry:
        return entry["id"], entry.get("frames")
    return {name: value for name, value in entry.items() if name != "path"}
