"""Who changed what takes were made with: the names behind the reasons why a take is out of date.

Asked of the database only when a reason is there, and then once for all scenes that are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

from archive.models import Event
from restoration.models import Scene, StageRun, Take, Verdict

SETTINGS = "scene settings"
"""The kind of the custody event that tells of parameters chosen for a scene."""


def by_whom(people: Iterable[object]) -> str:
    """` (by rosa and vera)`; empty if nobody is known."""
    names = sorted({str(person) for person in people if person})
    if not names:
        return ""
    *others, last = names
    return f" (by {', '.join(others)} and {last})" if others else f" (by {last})"


class Changers:
    """Names for what was changed over these scenes, as they stood when first asked for."""

    def __init__(self, scenes: Iterable[Scene], takes: Collection[int]) -> None:
        self._scans = {scene.scan_id for scene in scenes}
        self._known_takes = takes

    def of_take(self, take: Take) -> str:
        """Who last asked for the run that made the take stand."""
        return by_whom([self._runs.get(take.pk)])

    def of_parameter(self, scene: Scene, stage: str, name: str) -> str:
        """Who chose what a parameter of the scene is now."""
        for event in self._choices:
            told = event.detail
            if event.subject != f"scan:{scene.scan_id}" or told.get("stage") != stage:
                continue
            first, end = told.get("frames") or (0, 0)
            overlaps = first < scene.end_frame and end > scene.start_frame
            if overlaps and told["before"].get(name) != told["after"].get(name):
                return by_whom([event.agent.name] if event.agent.user_id else [])
        return ""

    def of_splice(self, scene: Scene, frame: int) -> str:
        """Who said that there is a splice at the frame, or none."""
        return by_whom([self._splices.get((scene.scan_id, frame))])

    @cached_property
    def _runs(self) -> dict[int, str]:
        asked = StageRun.objects.filter(take__in=self._known_takes, requested_by__isnull=False)
        found = asked.order_by("pk").values_list("take_id", "requested_by__username")
        return {take: name for take, name in found if take is not None and name is not None}

    @cached_property
    def _choices(self) -> list[Event]:
        subjects = [f"scan:{scan}" for scan in self._scans]
        told = Event.objects.filter(reel__scans__in=self._scans, kind=SETTINGS)
        return list(told.filter(subject__in=subjects).select_related("agent").order_by("-pk"))

    @cached_property
    def _splices(self) -> dict[tuple[int, int], str]:
        said = Verdict.objects.filter(scan__in=self._scans, about=Verdict.About.SPLICE)
        found = said.filter(by__isnull=False).values_list("scan_id", "frame", "by__username")
        return {(scan, frame): name for scan, frame, name in found if name is not None}
