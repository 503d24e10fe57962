"""From measurements of every frame to the list of cuts that a person would have made."""

from __future__ import annotations

from typing import Any

from restoration.stages.cuts.borders import find_borders
from restoration.stages.cuts.fades import true_fades
from restoration.stages.cuts.marks import find_intertitles, find_marks
from restoration.stages.cuts.measurements import Measurements


def conclude(measured: Measurements, *, strictness: float, shortest: int) -> dict[str, Any]:
    """The facts of the stage: cuts, gradual, marks, confidence, intertitles, borders, doubtful."""
    fades = true_fades(measured)
    borders, doubtful = find_borders(measured, fades, strictness=strictness, shortest=shortest)
    changing = {border.span for border in borders if border.span}
    # A film that begins or ends in black fades there, though no scene ends.
    changing |= {(fade.start, fade.end) for fade in fades if not fade.inside}
    gradual = sorted(changing)
    titles = find_intertitles(measured, borders)
    return {
        "cuts": [border.frame for border in borders],
        "gradual": [list(span) for span in gradual],
        "marks": find_marks(
            measured, borders, [*gradual, *((fade.start, fade.end) for fade in fades)]
        ),
        "confidence": [round(border.confidence, 3) for border in borders],
        "intertitles": [list(span) for span, _ in titles],
        "intertitle_confidence": [round(sure, 3) for _, sure in titles],
        "borders": [border.told() for border in borders],
        "doubtful": [border.told() for border in doubtful],
    }
