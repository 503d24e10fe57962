"""The colour version at work: what is run, what is not in it yet, how it is to be made.

Every value asks the database when it is first needed, since a page that follows an open run asks
every two seconds and shows little of it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from restoration import scenes
from restoration.colour_advice import COLOURISE, Advice, advice_of
from restoration.drawn import changed_drawings
from restoration.models import ColourCorrection, Scene, StageRun, Take
from restoration.take_index import TakeIndex

GRADE = "grade"
ENGINE_WORDS = {
    "spread": "grey where no hint reaches",
    "network": "a network proposes",
    "siggraph17": "the network siggraph17 proposes",
}
TINT_WORDS = {"drop": "leave it out", "keep": "keep it under the colour"}


class ColourWork:
    """A scene's colour version, and the version that a page shows."""

    def __init__(self, scene: Scene, shown: Take | None) -> None:
        """shown: the take that the page shows; None: the restoration's last."""
        self.scene = scene
        self._shown = shown

    @cached_property
    def run(self) -> StageRun | None:
        """The scene's newest run of a colour stage, if it waits, runs or failed."""
        return newest_run(self.scene)

    @cached_property
    def shown(self) -> Take | None:
        return self._shown or self._restored

    @cached_property
    def take(self) -> Take | None:
        """The take at the end of the colour version; None if there is none yet."""
        return self._head(scenes.COLOUR)

    @cached_property
    def hints_changed(self) -> list[str]:
        """What was painted since the colour version was made, in words."""
        return self._changed(COLOURISE, self._link(self.take, COLOURISE))

    @cached_property
    def grade_changed(self) -> list[str]:
        """What was corrected since the version shown was, in words."""
        return self._changed(GRADE, self._link(self._ends, GRADE))

    @property
    def changed(self) -> list[str]:
        return self.hints_changed + self.grade_changed

    @cached_property
    def can_grade(self) -> bool:
        if self._link(self._ends, GRADE) is not None:
            return True
        return ColourCorrection.objects.standing().of_scene(self.scene).exists()

    @cached_property
    def advice(self) -> Advice:
        return advice_of(self._link(self.take, COLOURISE))

    @cached_property
    def newer(self) -> Take | None:
        """A take that was made meanwhile: of the colour version, whichever version is looked at."""
        for take in (self.take, self._ends):
            if take is not None and self.shown is not None and take.pk != self.shown.pk:
                return take
        return self.take if self.shown is None else None

    @property
    def shows_colour(self) -> bool:
        return self.shown is not None and self.shown.version == scenes.COLOUR

    @property
    def version_words(self) -> str:
        return "colour version" if self.shows_colour else "restoration"

    @property
    def engines(self) -> list[tuple[str, str, bool]]:
        """Value, words and whether it is chosen. One that was chosen elsewhere is kept."""
        chosen = self.scene.settings.get(COLOURISE, {}).get("engine", "spread")
        shown = [name for name in ENGINE_WORDS if name in ("spread", "network", chosen)]
        return [(name, ENGINE_WORDS[name], name == chosen) for name in shown]

    @property
    def tints(self) -> list[tuple[str, str, bool]]:
        """As `engines`; none for film that was found to have no tint."""
        chosen = self.scene.settings.get(COLOURISE, {}).get("tint", "drop")
        if not self.advice.tinted and chosen == "drop":
            return []
        return [(name, words, name == chosen) for name, words in TINT_WORDS.items()]

    @cached_property
    def _takes(self) -> TakeIndex:
        return TakeIndex([self.scene])

    @cached_property
    def _restored(self) -> Take | None:
        return self._head(scenes.RESTORATION)

    @property
    def _ends(self) -> Take | None:
        """What stands at the end of the version shown."""
        return self.take if self.shows_colour else self._restored

    def _head(self, version: str) -> Take | None:
        return scenes.head_takes([self.scene], version, takes=self._takes).get(self.scene.pk)

    def _link(self, head: Take | None, stage: str) -> Take | None:
        links = scenes.chain(head, takes=self._takes) if head is not None else []
        return next((take for take in links if take.stage == stage), None)

    def _changed(self, stage: str, made: Take | None) -> list[str]:
        params: dict[str, Any] = made.manifest.get("params", {}) if made else {}
        return changed_drawings(self.scene, stage, params, self._takes.drawings)


def newest_run(scene: Scene) -> StageRun | None:
    """Of a colour stage, unless it is done or was cancelled."""
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
