"""From measurements of every frame to the list of cuts that a person would have made."""

from __future__ import annotations

from typing import Any

from restoration.stages.cuts.borders import find_borders
from restoration.stages.cuts.gradual import Fade, find_fades
from restoration.stages.cuts.marks import find_intertitles, find_marks
from restoration.stages.cuts.measurements import Measurements


def conclude(measured: Measurements, *, strictness: float, shortest: int) -> dict[str, Any]:
    """The facts of the stage: cuts, gradual, marks, confidence, intertitles, borders, doubtful."""
    fades = _true_fades(measured)
    borders, doubtful = find_borders(measured, fades, strictness=strictness, shortest=shortest)
    gradual = [border.span for border in borders if border.kind == "dissolve" and border.span]
    gradual += [(fade.start, fade.end) for fade in fades]
    return {
        "cuts": [border.frame for border in borders],
        "gradual": [list(span) for span in sorted(gradual)],
        "marks": find_marks(measured, borders, gradual),
        "confidence": [round(border.confidence, 3) for border in borders],
        "intertitles": [list(span) for span in find_intertitles(measured)],
        "borders": [border.told() for border in borders],
        "doubtful": [border.told() for border in doubtful],
    }


def _true_fades(measured: Measurements) -> list[Fade]:
    """Fades, without the single blank frames that are damage inside a shot."""
    foreign = {flash.frame for flash in measured.flashes}
    return [
        fade
        for fade in find_fades(measured.first_frame, measured.spreads, measured.flat)
        if fade.blank[0] not in foreign and (fade.end - fade.start >= 3)
    ]
