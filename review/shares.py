"""Provenance totals as a person reads them: shares of a picture by label, in words and widths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LABELS = ("ORIGINAL", "ADJUSTED", "RECOVERED", "HUMAN", "SYNTHESISED", "NOT_MEASURED")
WORDS = {
    "ORIGINAL": "original",
    "ADJUSTED": "adjusted",
    "RECOVERED": "recovered",
    "HUMAN": "by hand",
    "SYNTHESISED": "synthesised",
    "NOT_MEASURED": "not measured",
}
MACHINE_MADE = ("SYNTHESISED", "NOT_MEASURED")
SMALLEST_WIDTH = 0.6
"""Percent of the bar: what is there at all must be seen."""


@dataclass(frozen=True, slots=True)
class Share:
    label: str
    part: float
    """Of the picture, 0 to 1."""
    x: float
    width: float
    """Place in a bar, percent."""

    @property
    def word(self) -> str:
        return WORDS[self.label]

    @property
    def percent(self) -> str:
        return percent(self.part)


def percent(part: float) -> str:
    """A share in words; never rounds what is there to nothing, nor nearly all to all."""
    if part <= 0:
        return "0\u00a0%"
    if part < 0.0001:
        return "<\u00a00.01\u00a0%"
    if 0.9999 < part < 1:
        return ">\u00a099.99\u00a0%"
    fine = part < 0.1 or 0.999 < part < 1
    return f"{part * 100:.2f}\u00a0%" if fine else f"{part * 100:.1f}\u00a0%"


def shares(totals: Mapping[str, Any], plane: str = "structure") -> list[Share]:
    """The labels that occur, in order of distance from evidence, with their place in a bar."""
    pixels = totals.get("pixels") or 0
    counts = totals.get(plane, {})
    parts = [(label, counts.get(label, 0) / pixels) for label in LABELS if pixels]
    parts = [(label, part) for label, part in parts if part > 0]
    widths = [max(part * 100, SMALLEST_WIDTH) for _, part in parts]
    scale = 100 / sum(widths) if widths else 1
    found, x = [], 0.0
    for (label, part), width in zip(parts, widths, strict=True):
        found.append(Share(label, part, round(x, 3), round(width * scale, 3)))
        x += width * scale
    return found


def machine_share(totals: Mapping[str, Any], plane: str = "structure") -> float:
    """The part of the pixels that no evidence stands behind, 0 to 1."""
    pixels = totals.get("pixels") or 0
    counts = totals.get(plane, {})
    return sum(counts.get(label, 0) for label in MACHINE_MADE) / pixels if pixels else 0.0


def add_totals(many: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The totals of several takes together."""
    added: dict[str, Any] = {"structure": {}, "colour": {}, "pixels": 0}
    for totals in many:
        added["pixels"] += totals.get("pixels") or 0
        for plane in ("structure", "colour"):
            for label, count in totals.get(plane, {}).items():
                added[plane][label] = added[plane].get(label, 0) + count
    return added


def summary(totals: Mapping[str, Any], plane: str = "structure") -> str:
    """One line for a screen reader and a tooltip."""
    found = shares(totals, plane)
    if not found:
        return "no provenance measured"
    return f"{plane}: " + ", ".join(f"{share.word} {share.percent}" for share in found)
