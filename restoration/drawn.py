"""What people drew over a scene, as the parameters that it becomes when the scene is run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from restoration.models import ProtectedRegion, RepairDecision, Scene
from restoration.stages.repair.regions import Region

STAGE = "repair"
NAMES = {"protect": "protected region", "undone": "undone repair"}
"""Parameters that are drawn and never typed, and what one of each is called."""


class Drawings:
    """What stands drawn over these scenes, asked of the database once, when it is first needed."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self._scans = {scene.scan_id for scene in scenes}

    @cached_property
    def _protected(self) -> list[ProtectedRegion]:
        return list(ProtectedRegion.objects.standing().filter(scan__in=self._scans).order_by("pk"))

    @cached_property
    def _undone(self) -> list[RepairDecision]:
        standing = RepairDecision.objects.standing().filter(scan__in=self._scans, decision="undo")
        return list(standing.order_by("frame", "pk"))

    def params(self, scene: Scene, stage: str) -> dict[str, list[dict[str, Any]]]:
        """The stage's drawn parameters over this scene's frames; empty for stages without any.

        Regions are cut to the scene's frames, so that what is drawn elsewhere changes nothing here.
        """
        if stage != STAGE:
            return {}
        found = {
            "protect": _within(
                scene,
                [
                    (row.scan_id, row.start_frame, row.end_frame, row.polygon)
                    for row in self._protected
                ],
            ),
            "undone": _within(
                scene,
                [(row.scan_id, row.frame, row.frame + 1, row.polygon) for row in self._undone],
            ),
        }
        return {name: regions for name, regions in found.items() if regions}


def drawn_params(scene: Scene, stage: str) -> dict[str, list[dict[str, Any]]]:
    """`Drawings.params` of one scene."""
    return Drawings([scene]).params(scene, stage)


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
    if stage != STAGE:
        return []
    now = (drawings or Drawings([scene])).params(scene, stage)
    reasons = []
    for name, what in NAMES.items():
        before, after = made_with.get(name) or [], now.get(name, [])
        new = sum(region not in before for region in after)
        gone = sum(region not in after for region in before)
        for count, verb in ((new, "added"), (gone, "removed")):
            if count:
                reasons.append(f"{count} {what}{'s' if count > 1 else ''} {verb} since")
    return reasons
