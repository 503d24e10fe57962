"""What the review room shows of colour: hints, palettes, corrections, the run, the version."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.urls import reverse

from restoration import palettes, scenes
from restoration.drawn import changed_drawings
from restoration.models import (
    ColourCorrection,
    ColourReference,
    Hint,
    PaletteEntry,
    Scene,
    StageRun,
    Take,
)
from restoration.models.colour import hex_of
from restoration.orders import TakeFiles
from restoration.stages.grade.cdl import Cdl, wheels
from restoration.storage import storage

COLOURISE, GRADE = "colourise", "grade"
LED_BY_HAND = frozenset({COLOURISE, GRADE})
"""Stages that do what a person entered for a scene; nobody means them by "start on every scene"."""
ENGINE_WORDS = {
    "spread": "grey where no hint reaches",
    "network": "a network proposes",
    "siggraph17": "the network siggraph17 proposes",
}
TINT_WORDS = {"drop": "leave it out", "keep": "keep it under the colour"}
REACHED = 0.005
"""Share of a frame from which a hint counts as reaching it."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """Patches that were painted in one go. reach: first and last frame that they colour, if any."""

    first: Hint
    patches: int
    reach: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction as the page tells it."""

    row: ColourCorrection
    words: str

    @classmethod
    def of(cls, row: ColourCorrection) -> Corrected:
        cdl = _cdl(row)
        named = zip(
            ("lift", "gamma", "gain"), wheels(cdl), ((0.0,) * 3, *[(1.0,) * 3] * 2), strict=True
        )
        parts = [f"{name} {_short(values)}" for name, values, usual in named if values != usual]
        if cdl.saturation != 1:
            parts.append(f"saturation {cdl.saturation:g}")
        if row.white:
            parts.append(f"{white_hex(row)} made neutral")
        return cls(row, ", ".join(parts) or "changes nothing")


def corners_of(box: Any) -> list[list[int]]:
    """Of a box, [left, top, width, height], in order."""
    left, top, width, height = box
    right, bottom = left + width - 1, top + height - 1
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def white_hex(row: ColourCorrection) -> str:
    """The colour that it makes neutral, as #rrggbb; empty if it makes none."""
    return hex_of(*(round(value) for value in row.white)) if row.white else ""


def _short(values: tuple[float, float, float]) -> str:
    """One number if the three are one."""
    shown = [f"{value:.3g}" for value in values]
    return shown[0] if len(set(shown)) == 1 else " ".join(shown)


def _cdl(row: ColourCorrection) -> Cdl:
    return Cdl.parse(row.as_values())


@dataclass(frozen=True, slots=True)
class Place:
    """Where one hint would decide most. gain: share of its frame that it would decide, percent."""

    frame: int
    x: int
    y: int
    gain: float


@dataclass(frozen=True, slots=True)
class Advice:
    """What colourise says of its own take."""

    warnings: list[str]
    paint_next: list[Place]
    reach: dict[str, tuple[int, int]]
    """First and last frame of which a hint, by its id, colours half a percent or more."""
    tinted: bool = False
    """Whether the film was found to be sepia, tinted or toned."""

    def reach_of(self, patches: list[Hint]) -> tuple[int, int] | None:
        """Of several hints together; None if they colour nothing in the newest take."""
        spans = [self.reach[str(hint.pk)] for hint in patches if str(hint.pk) in self.reach]
        if not spans:
            return None
        return min(first for first, _ in spans), max(last for _, last in spans)


@dataclass(frozen=True, slots=True)
class ColourRoom:
    scene: Scene
    shown: Take | None
    take: Take | None
    """The take at the end of the colour version; None if there is none yet."""
    hints: list[Hint]
    references: list[ColourReference]
    corrections: list[ColourCorrection]
    palette: list[PaletteEntry]
    hints_changed: list[str]
    """What was painted since the colour version was made, in words."""
    grade_changed: list[str]
    """What was corrected since the version shown was, in words."""
    can_grade: bool
    advice: Advice
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
        strokes = [
            Stroke(patches[0], len(patches), self.advice.reach_of(patches))
            for patches in found.values()
        ]
        return sorted(strokes, key=lambda stroke: stroke.first.pk, reverse=True)

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

    @property
    def doubt(self) -> str | None:
        """Where to ask how uncertain the colour that is shown is; None if no colour is."""
        if self.shown is None or not self.shows_colour or _link(self.shown, COLOURISE) is None:
            return None
        return reverse("take-doubt", args=[self.shown.pk])

    @property
    def changed(self) -> list[str]:
        return self.hints_changed + self.grade_changed

    @property
    def version_words(self) -> str:
        return "colour version" if self.shows_colour else "restoration"

    @property
    def white(self) -> str:
        return white_hex(self.newest) if self.newest else ""

    @property
    def corrected(self) -> list[Corrected]:
        return [Corrected.of(row) for row in self.corrections]

    @property
    def wheels(self) -> list[tuple[str, list[tuple[str, float]]]]:
        """The fields of lift, gamma and gain, with the values of the newest correction."""
        newest = self.corrections[-1] if self.corrections else None
        cdl = _cdl(newest) if newest else Cdl()
        rows = zip(("lift", "gamma", "gain"), wheels(cdl), strict=True)
        channels = ("red", "green", "blue")
        return [(name, list(zip(channels, values, strict=True))) for name, values in rows]

    @property
    def newest(self) -> ColourCorrection | None:
        """Whose values the form shows, and which it replaces unless told else."""
        return self.corrections[-1] if self.corrections else None

    @property
    def corrects(self) -> tuple[int, int]:
        """First and last frame that the form shows: those of the newest within the scene."""
        first, stop = self.scene.start_frame, self.scene.end_frame
        if self.newest is not None:
            first, stop = max(first, self.newest.start_frame), min(stop, self.newest.end_frame)
        return first, stop - 1

    @property
    def box_numbers(self) -> list[tuple[str, str, int | str]]:
        """Name, label and value of each field."""
        box = self.newest.box if self.newest else None
        names = ("left", "top", "width", "height")
        return list(zip(names, ("From left", "From top", "Wide", "High"), box or [""] * 4,
                        strict=True))  # fmt: skip

    @property
    def corners(self) -> str:
        """Those of the newest correction, as they are written in the form."""
        polygon = self.newest.polygon if self.newest else None
        return " ".join(f"{x},{y}" for x, y in polygon or [])

    @property
    def shows_colour(self) -> bool:
        return self.shown is not None and self.shown.version == scenes.COLOUR

    def as_json(self) -> dict[str, Any]:
        """For static/js/player/colour.js."""
        return {
            "paint": reverse("paint-hints", args=[self.scene.pk]),
            "withdraw": reverse("withdraw-hint", args=[self.scene.pk, 0]),
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
            "doubt": self.doubt,
            "next": [asdict(place) for place in self.advice.paint_next],
            "corrections": [
                {
                    "id": row.pk,
                    "frames": [row.start_frame, row.end_frame],
                    "outline": row.polygon or corners_of(row.box),
                }
                for row in self.corrections
                if row.box or row.polygon
            ],
        }


def colour_room(scene: Scene, shown: Take | None) -> ColourRoom:
    head = scenes.head_take(scene, scenes.COLOUR)
    shown = shown or scenes.head_take(scene)
    ends = head if shown and shown.version == scenes.COLOUR else scenes.head_take(scene)
    graded, coloured = _link(ends, GRADE), _link(head, COLOURISE)
    hints = Hint.objects.standing().of_scene(scene).select_related("by", "entry__palette")
    corrections = ColourCorrection.objects.standing().of_scene(scene).select_related("by")
    return ColourRoom(
        scene=scene,
        shown=shown,
        take=head,
        hints=list(hints),
        references=list(ColourReference.objects.standing().of_scene(scene).select_related("by")),
        corrections=list(corrections),
        palette=palettes.entries_of(scene.scan.reel.element.title),
        hints_changed=_changed(scene, COLOURISE, coloured),
        grade_changed=_changed(scene, GRADE, graded),
        advice=advice_of(coloured),
        can_grade=graded is not None or bool(corrections),
        run=newest_run(scene),
        newer=_newer(head, ends, shown),
    )


def doubt_of(shown: Take) -> list[dict[str, Any]]:
    """How uncertain the colour is, a grid for each frame, as colourise recorded it; empty if not.

    Each: frame, width, height, data (uint8 rows from 0, sure, to 255; deflated, base64).
    """
    take = _link(shown, COLOURISE)
    return [
        {"frame": frame["frame"], **frame["doubt"]}
        for frame in (_facts(take).get("frames", []) if take else [])
        if "doubt" in frame
    ]


def _facts(take: Take) -> dict[str, Any]:
    """What the take recorded; nothing if its files are away, which fixity reports."""
    try:
        return _read(_facts_file(take))
    except (OSError, ValueError):
        return {}


def _facts_file(take: Take) -> Path:
    return TakeFiles(storage().folder(take.storage_key)).facts


def _read(facts: Path) -> dict[str, Any]:
    """Raises: OSError, ValueError."""
    found = json.loads(facts.read_bytes())
    return found if isinstance(found, dict) else {}


def advice_of(take: Take | None) -> Advice:
    """The warnings of a take of colourise, and where to paint next, as its facts have them.

    The facts of a long scene are megabytes, and every stroke asks: each file is read once.
    """
    if take is None:
        return Advice([], [], {})
    path = _facts_file(take)
    try:
        return _advice(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return Advice([], [], {})


@lru_cache(maxsize=128)
def _advice(path: Path, changed: int) -> Advice:
    """changed: when the file was, so that one that was put back is read again.

    Raises: OSError, ValueError.
    """
    facts = _read(path)
    places = [
        Place(
            frame=place["frame"],
            x=place["x"] + place["width"] // 2,
            y=place["y"] + place["height"] // 2,
            gain=round(100 * place["gain"], 1),
        )
        for place in facts.get("paint_next", [])
    ]
    reach: dict[str, tuple[int, int]] = {}
    for frame in facts.get("frames", []):
        for name, share in frame.get("from", {}).items():
            if share >= REACHED:
                first = reach.get(name, (frame["frame"], 0))[0]
                reach[name] = (first, frame["frame"])
    tinted = facts.get("source", {}).get("kind") == "tinted"
    return Advice([str(words) for words in facts.get("warnings", [])], places, reach, tinted)


def _newer(head: Take | None, ends: Take | None, shown: Take | None) -> Take | None:
    """A colour take that was made meanwhile is offered whichever version is looked at."""
    for take in (head, ends):
        if take is not None and shown is not None and take.pk != shown.pk:
            return take
    return head if shown is None else None


def _link(head: Take | None, stage: str) -> Take | None:
    """The stage's take in the chain that ends with `head`."""
    links = scenes.chain(head) if head is not None else []
    return next((take for take in links if take.stage == stage), None)


def _changed(scene: Scene, stage: str, made: Take | None) -> list[str]:
    return changed_drawings(scene, stage, made.manifest.get("params", {}) if made else {})


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
