"""What the review room shows of colour: hints, palettes, corrections, and the version at work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse

from restoration import palettes
from restoration.colour_advice import COLOURISE
from restoration.colour_work import GRADE, ColourWork
from restoration.models import ColourCorrection, ColourReference, Hint, PaletteEntry, Scene, Take
from restoration.models.colour import hex_of
from restoration.stages.grade.cdl import Cdl, wheels

LED_BY_HAND = frozenset({COLOURISE, GRADE})
"""Stages that do what a person entered for a scene; nobody means them by "start on every scene"."""


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


class ColourRoom(ColourWork):
    """The whole section of the review room."""

    @cached_property
    def hints(self) -> list[Hint]:
        standing = Hint.objects.standing().of_scene(self.scene)
        return list(standing.select_related("by", "entry__palette"))

    @cached_property
    def references(self) -> list[ColourReference]:
        standing = ColourReference.objects.standing().of_scene(self.scene)
        return list(standing.select_related("by"))

    @cached_property
    def corrections(self) -> list[ColourCorrection]:
        standing = ColourCorrection.objects.standing().of_scene(self.scene)
        return list(standing.select_related("by"))

    @cached_property
    def palette(self) -> list[PaletteEntry]:
        return palettes.entries_of(self.scene.scan.reel.element.title)

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
    def doubt(self) -> str | None:
        """Where to ask how uncertain the colour that is shown is; None if no colour is."""
        if self.shown is None or not self.shows_colour or self._link(self.shown, COLOURISE) is None:
            return None
        return reverse("take-doubt", args=[self.shown.pk])

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
    return ColourRoom(scene, shown)
