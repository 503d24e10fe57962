"""What the review room shows of colour: hints, palettes, corrections, the run, the version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from restoration import palettes, scenes
from restoration.drawn import changed_drawings
from restoration.models import ColourCorrection, Hint, PaletteEntry, Scene, StageRun, Take

COLOURISE, GRADE = "colourise", "grade"


@dataclass(frozen=True, slots=True)
class Stroke:
    """Patches that were painted in one go."""

    first: Hint
    patches: int


@dataclass(frozen=True, slots=True)
class ColourRoom:
    scene: Scene
    shown: Take | None
    take: Take | None
    """The take at the end of the colour version; None if there is none yet."""
    hints: list[Hint]
    corrections: list[ColourCorrection]
    palette: list[PaletteEntry]
    changed: list[str]
    """What was painted or corrected since that take was made, in words."""
    run: StageRun | None
    """The scene's newest run of a colour stage, if it waits, runs or failed."""
    newer: Take | None
    """What stands at the end of the version shown, if that is another take."""

    @property
    def strokes(self) -> list[Stroke]:
        """The newest first."""
        found: dict[Any, list[Hint]] = {}
        for hint in self.hints:
            found.setdefault(hint.stroke, []).append(hint)
        strokes = [Stroke(patches[0], len(patches)) for patches in found.values()]
        return sorted(strokes, key=lambda stroke: stroke.first.pk, reverse=True)

    @property
    def shows_colour(self) -> bool:
        return self.shown is not None and self.shown.version == scenes.COLOUR

    def as_json(self) -> dict[str, Any]:
        """For static/js/player/colour.js."""
        return {
            "paint": reverse("paint-hints", args=[self.scene.pk]),
            "undo": reverse("undo-hint", args=[self.scene.pk]),
            "shown": self.shown.pk if self.shown else None,
            "hints": [
                {
                    "id": hint.pk,
                    "frame": hint.frame,
                    "box": [hint.x, hint.y, hint.width, hint.height],
                    "colour": hint.hex,
                    "by": hint.by.get_username(),
                }
                for hint in self.hints
            ],
            "corrections": [
                {"id": row.pk, "frames": [row.start_frame, row.end_frame], "box": row.box}
                for row in self.corrections
                if row.box
            ],
        }


def colour_room(scene: Scene, shown: Take | None) -> ColourRoom:
    head = scenes.head_take(scene, scenes.COLOUR)
    shown = shown or scenes.head_take(scene)
    ends = head if shown and shown.version == scenes.COLOUR else scenes.head_take(scene)
    hints = Hint.objects.standing().of_scene(scene).select_related("by", "entry__palette")
    corrections = ColourCorrection.objects.standing().of_scene(scene).select_related("by")
    return ColourRoom(
        scene=scene,
        shown=shown,
        take=head,
        hints=list(hints),
        corrections=list(corrections),
        palette=palettes.entries_of(scene.scan.reel.element.title),
        changed=_changed(scene, head),
        run=_newest_run(scene),
        newer=_newer(head, ends, shown),
    )


def _newer(head: Take | None, ends: Take | None, shown: Take | None) -> Take | None:
    """A colour take that was made meanwhile is offered whichever version is looked at."""
    for take in (head, ends):
        if take is not None and shown is not None and take.pk != shown.pk:
            return take
    return head if shown is None else None


def _changed(scene: Scene, head: Take | None) -> list[str]:
    links = {take.stage: take for take in _colour_links(head)}
    reasons = []
    for stage in (COLOURISE, GRADE):
        take = links.get(stage)
        made_with = take.manifest.get("params", {}) if take else {}
        reasons += changed_drawings(scene, stage, made_with)
    return reasons


def _colour_links(head: Take | None) -> Iterable[Take]:
    return scenes.chain(head) if head is not None else []


def _newest_run(scene: Scene) -> StageRun | None:
    runs = StageRun.objects.filter(scene=scene, stage__in=[COLOURISE, GRADE])
    run = runs.order_by("-pk").first()
    ended_well = {StageRun.Status.DONE, StageRun.Status.CANCELLED}
    return run if run is not None and run.status not in ended_well else None


def stages_from_colour(scene: Scene) -> list[str]:
    """What to run when hints changed: colourise, and the correction if the version has one."""
    head = scenes.head_take(scene, scenes.COLOUR)
    graded = head is not None and head.stage == GRADE
    corrected = ColourCorrection.objects.standing().of_scene(scene).exists()
    return [COLOURISE, *([GRADE] if graded or corrected else [])]
