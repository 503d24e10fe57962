"""Borders between shots: candidates of every kind weighed against each other, the surest kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from restoration.stages.cuts.dissolves import find_dissolves
from restoration.stages.cuts.evidence import Evidence
from restoration.stages.cuts.fades import FadeEvidence, is_firm
from restoration.stages.cuts.gradual import Fade, Range, is_one_scene
from restoration.stages.cuts.measurements import Measurements

SURE = 0.5
"""Confidence from which a candidate is a border."""
DOUBTFUL = 0.2
"""Confidence from which a person is asked."""
_BESIDE = 2

Told = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Border:
    """A place where one shot ends and the next begins, or may do so."""

    frame: int
    kind: str
    confidence: float
    span: Range | None = None
    """First and last frame of a gradual change."""
    evidence: Told = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As it stands in the facts."""
        return {
            "frame": self.frame,
            "kind": self.kind,
            "confidence": round(self.confidence, 3),
            "range": None if self.span is None else list(self.span),
            "evidence": self.evidence,
        }

    def meets(self, start: int, end: int) -> bool:
        """Whether any of its frames lies in the closed range."""
        first, last = self.span or (self.frame, self.frame)
        return first <= end and start <= last

    def touches(self, other: Border) -> bool:
        """Whether both would be the same change of shot."""
        (a, b), (c, d) = (each.span or (each.frame, each.frame) for each in (self, other))
        return a - _BESIDE <= d and c - _BESIDE <= b


def find_borders(
    measured: Measurements, fades: Sequence[Fade], *, strictness: float, shortest: int
) -> tuple[list[Border], list[Border]]:
    """The borders, and the candidates that were almost some, both in order."""
    found = [
        *cuts(measured, strictness),
        *dissolves(measured, strictness),
        *of_fades(fades, measured, strictness),
    ]
    kept: list[Border] = []
    doubtful: list[Border] = []
    firm = [(fade.start, fade.end) for fade in fades if is_firm(fade, measured)]
    brief = [span for fade in fades if (span := (fade.start, fade.end)) not in firm]
    for border in sorted(found, key=lambda border: _precedence(border, firm)):
        if border.kind != "fade" and any(border.meets(*span) for span in firm):
            continue
        if any(border.meets(*span) and o.meets(*span) for span in brief for o in kept):
            continue  # one change of scene is enough around a few blank frames
        if any(border.touches(o) or abs(border.frame - o.frame) < shortest for o in kept):
            continue
        if border.confidence >= SURE:
            kept.append(border)
        elif border.confidence >= DOUBTFUL and not any(border.touches(o) for o in doubtful):
            doubtful.append(border)
    return _in_order(kept), _in_order(doubtful)


def _precedence(border: Border, firm: Sequence[Range]) -> tuple[bool, float, int]:
    """What is certain to be a fade goes first: cuts into and out of black are part of it.

    A few blank frames that nothing fades into may as well be damage beside a cut.
    """
    first = border.kind == "fade" and any(border.meets(*span) for span in firm)
    return not first, -border.confidence, border.frame


def _in_order(borders: Iterable[Border]) -> list[Border]:
    return sorted(borders, key=lambda border: border.frame)


def cuts(measured: Measurements, strictness: float) -> list[Border]:
    """A candidate cut for each boundary that was looked at."""
    found = []
    for boundary in measured.boundaries:
        evidence = Evidence.at(boundary, measured.single, measured.first_frame)
        sure = evidence.confidence(strictness)
        if sure >= DOUBTFUL:
            found.append(Border(boundary.frame, "cut", sure, evidence=evidence.told()))
    return found


def dissolves(measured: Measurements, strictness: float) -> list[Border]:
    """A candidate for every stretch that may be a dissolve."""
    found = []
    for each in find_dissolves(measured):
        sure = each.confidence(strictness)
        if sure >= DOUBTFUL:
            found.append(Border(each.middle, "dissolve", sure, each.span, each.told()))
    return found


def of_fades(fades: Sequence[Fade], measured: Measurements, strictness: float) -> list[Border]:
    """One border for a fade between two scenes; two where black stands as a scene of its own."""
    found = []
    for fade in fades:
        evidence = FadeEvidence.of(fade, measured)
        sure = evidence.confidence(strictness)
        if sure >= DOUBTFUL:
            told = evidence.told()
            places = _places_of_fade(fade, measured.first_frame)
            found += [Border(frame, "fade", sure, span, told) for frame, span in places]
    return found


def _places_of_fade(fade: Fade, first_frame: int) -> list[tuple[int, Range]]:
    into, out_of = (fade.start, fade.blank[0]), (fade.blank[1], fade.end)
    if not fade.inside:
        # Black before the first scene or after the last is no scene of its own unless it is long.
        if not is_one_scene(fade):
            return []
        first = fade.blank[0] == first_frame
        return [(fade.blank[1], out_of)] if first else [(fade.blank[0], into)]
    if is_one_scene(fade):
        return [(fade.blank[0], into), (fade.blank[1], out_of)]
    # Where nothing is shown any more the one scene is over, however long it took to go.
    return [(sum(fade.blank) // 2, (fade.start, fade.end))]
