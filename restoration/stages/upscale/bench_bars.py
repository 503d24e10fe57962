"""What is asked of upscale, and whether a report meets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from restoration.stages.bars import Bar

_GAINS = {
    "compact": {"clean x4": 1.5, "clean x2": 3.0, "film x4": 1.2, "film x2": 1.6},
    "basicvsr": {"clean x4": 4.3, "clean x2": 7.7, "film x4": 2.7, "film x2": 3.2},
}
BENCHED = tuple(_GAINS)
"""Engines that something is asked of; the others are there to compare with."""


def judge(report: Mapping[str, Any], engine: str) -> list[dict[str, Any]]:
    """Every bar with what is wanted, what was measured and whether it is met."""
    return [bar.judged() for bar in _bars(report["conditions"], engine)]


def _bars(conditions: Mapping[str, Any], engine: str) -> Iterator[Bar]:
    own = {name: rows[engine] for name, rows in conditions.items()}
    for name, least in _GAINS[engine].items():
        yield Bar(f"gain over bicubic, dB, {name}", least, None, own[name]["gain_db"])
    worse = max(row["worse_share"] for row in own.values())
    yield Bar("share of frames worse than bicubic, any condition", None, 0.0, worse)
    if engine == "compact":
        yield Bar("warping ratio, clean x4", None, 1.0, own["clean x4"]["warping_ratio"])
    stretch = "" if engine == "compact" else "stretch: "
    yield Bar(f"{stretch}warping ratio, film x4", None, 1.6, own["film x4"]["warping_ratio"])
    for name, most in (("clean x4", 0.9), ("film x4", 1.0)):
        ratio = own[name]["unmarked_to_bicubic"]
        yield Bar(f"error of unmarked pixels to bicubic's, {name}", None, most, ratio)
    for figure, least in (("auroc_label", 0.65), ("auroc_heat", 0.80)):
        lowest = min(row[figure] or 0.0 for row in own.values())
        yield Bar(f"{figure.replace('_', ' of the ')}, lowest", least, None, lowest)
    lowest = min(row["auroc_heat"] or 0.0 for row in own.values())
    yield Bar("stretch: auroc of the heat, lowest", 0.85, None, lowest)
    most = max(row["marked_share"] for row in own.values())
    yield Bar("share marked, highest", None, 0.6, most)
    back = min(row["consistency_db"] for row in own.values())
    yield Bar("consistency, dB, lowest", 50.0, None, back)
    far = max(row["far_and_unmarked"] for row in own.values())
    yield Bar("pixels over 8/255 from bicubic and unmarked", None, 0.0, far)
    yield from _cost(conditions)


def _cost(conditions: Mapping[str, Any]) -> Iterator[Bar]:
    clean = conditions["clean x4"]
    if "basicvsr" in clean and "compact" in clean:
        cost = "seconds_per_megapixel"
        ratio = clean["compact"][cost] / clean["basicvsr"][cost]
        yield Bar("cost of compact to basicvsr's, clean x4", None, 0.5, ratio)
