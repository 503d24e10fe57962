"""What the review room shows of repairs: decisions, regions, frames not judged, the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from restoration import scenes
from restoration.drawn import STAGE, changed_drawings
from restoration.models import ProtectedRegion, RepairDecision, Scene, StageRun, Take
from restoration.orders import FACTS, TakeFiles
from restoration.storage import storage


@dataclass(frozen=True, slots=True)
class Decided:
    """A standing word on a repair, and for a neighbour that was asked for what came of it."""

    word: RepairDecision
    answer: str


@dataclass(frozen=True, slots=True)
class RepairRoom:
    """take: the take of repair in the chain of the one that is shown; None if there is none."""

    scene: Scene
    shown: Take | None
    take: Take | None
    decisions: list[Decided]
    protected: list[ProtectedRegion]
    not_judged: list[dict[str, Any]]
    changed: list[str]
    """What was drawn since that take was made, in words."""
    run: StageRun | None
    """The scene's newest run, if it waits, runs or failed."""
    newer: Take | None
    """The take that stands at the end of the chain, if another one is shown."""

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """The fields of a box in numbers, with where they start: all frames, the whole middle."""
        scan, scene = self.scene.scan, self.scene
        return [
            ("first", scene.start_frame),
            ("last", scene.end_frame - 1),
            ("left", scan.width // 4),
            ("top", scan.height // 4),
            ("width", max(1, scan.width // 2)),
            ("height", max(1, scan.height // 2)),
        ]

    def as_json(self) -> dict[str, Any]:
        """For static/js/player/repairs.js."""
        take = self.take
        return {
            "scene": self.scene.pk,
            "shown": self.shown.pk if self.shown else None,
            "take": take.pk if take else None,
            "frames": reverse("take-repairs", args=[take.pk, 0]).replace("/0.json", "/{n}.json")
            if take
            else None,
            "decide": reverse("decide-repair", args=[take.pk]) if take else None,
            "protect": reverse("protect-region", args=[self.scene.pk]),
        }


def repair_room(scene: Scene, shown: Take | None) -> RepairRoom:
    head = scenes.head_take(scene, shown.version if shown else scenes.RESTORATION)
    shown = shown or head
    take = _repair_take(shown)
    made_with = take.manifest.get("params", {}) if take else {}
    words = RepairDecision.objects.standing().of_scene(scene).select_related("by", "take")
    answers = asked_answers(take) if take else []
    return RepairRoom(
        scene=scene,
        shown=shown,
        take=take,
        decisions=[Decided(word, _answer(word, answers)) for word in words],
        protected=list(ProtectedRegion.objects.standing().of_scene(scene).select_related("by")),
        not_judged=not_judged(take) if take else [],
        changed=changed_drawings(scene, STAGE, made_with) if take else [],
        run=_newest_run(scene),
        newer=head if head and shown and head.pk != shown.pk else None,
    )


def _repair_take(shown: Take | None) -> Take | None:
    chain = scenes.chain(shown) if shown else []
    return next((link for link in reversed(chain) if link.stage == STAGE), None)


def not_judged(take: Take) -> list[dict[str, Any]]:
    """Frames that the take reports as too damaged, dark or flat to judge, with the measures."""
    if not take.manifest.get("facts", {}).get("frames_not_judged"):
        return []
    return _facts(take, "not_judged")


def asked_answers(take: Take) -> list[dict[str, Any]]:
    """What the take reports of each neighbour that was asked for; see `stages.repair.asking`."""
    return _facts(take, "asked") if take.manifest.get("params", {}).get("neighbour") else []


def _facts(take: Take, name: str) -> list[dict[str, Any]]:
    """A list of a take's report."""
    try:
        facts = TakeFiles(storage().folder(take.storage_key, FACTS)).facts
        found = json.loads(facts.read_bytes()).get(name, [])
    except (OSError, ValueError):
        return []  # A take whose files are away still has its decisions; fixity reports the rest.
    return [entry for entry in found if isinstance(entry, dict)]


def _answer(word: RepairDecision, answers: list[dict[str, Any]]) -> str:
    """In words, what this take did about a neighbour that was asked for; "" if it knew nothing."""
    if word.decision != RepairDecision.Decision.NEIGHBOUR:
        return ""
    for told in answers:
        if told["frame"] == word.frame and told["polygon"] == word.polygon:
            frames = ", ".join(str(frame) for frame in told["from"])
            copied = f"{told['recovered']} pixels copied from frame {frames}" if frames else ""
            left = f"{told['synthesised']} stay synthesised" if told["synthesised"] else ""
            parts = [part for part in (copied, left) if part]
            return ", ".join(parts) + (f": {told['why']}" if told["why"] and parts else told["why"])
    return ""


def _newest_run(scene: Scene) -> StageRun | None:
    run = StageRun.objects.filter(scene=scene).order_by("-pk").first()
    ended_well = {StageRun.Status.DONE, StageRun.Status.CANCELLED}
    return run if run is not None and run.status not in ended_well else None


def stages_from_repair(scene: Scene) -> list[str]:
    """Repair and what stands on it in the scene's chain: what a changed drawing makes stale."""
    head = scenes.head_take(scene)
    names = [link.stage for link in scenes.chain(head)] if head else []
    least = scenes.place_in_chain(STAGE)
    return [STAGE, *(name for name in names if scenes.place_in_chain(name) > least)]
