"""The bars that repair is to clear, each held against what was measured beside the peers.

Intervals are bootstrap 95 % intervals over runs (Efron 1979, percentiles of 1000 draws); where two
methods are compared, the same runs are drawn for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restoration.stages.repair.bench_score import SIZES, Sums, figures
from restoration.stages.repair.peers import MEDIAN, NOTHING, PEERS

_DRAWS = 1000

Told = Mapping[str, dict[str, Any]]
"""Figures by method."""


@dataclass(frozen=True, slots=True)
class Bar:
    words: str
    least: float | None
    most: float | None
    measure: Callable[[Told, str], float]

    @property
    def wanted(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g}-{self.most:g}"
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"

    def is_met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


def _figure(name: str) -> Callable[[Told, str], float]:
    return lambda told, ours: float(told[ours][name])


def _object(group: str, share: str) -> Callable[[Told, str], float]:
    return lambda told, ours: float(told[ours]["objects"].get(group, {}).get(share, 0.0))


def _gain_over_peers(told: Told, ours: str) -> float:
    return float(told[ours]["gain"] - max(told[name]["gain"] for name in PEERS))


def _warping_over_peers(told: Told, ours: str) -> float:
    """By how much ours departs from the clean clip's, beside the peer that departs least.

    Half the clean clip's error is as wrong as twice: the grain was smoothed away.
    """
    ratios = {name: float(each["warping_ratio"]) for name, each in told.items()}
    away = {name: max(ratio, 1.0 / max(ratio, 1e-9)) for name, ratio in ratios.items()}
    return away[ours] / min(away[name] for name in PEERS if name != NOTHING)


def _times_the_median(told: Told, ours: str) -> float:
    return float(told[ours]["seconds_a_frame"] / told[MEDIAN]["seconds_a_frame"])


BARS = (
    Bar("gain in the mask over the best peer, dB", 0.5, None, _gain_over_peers),
    Bar("harm outside, %", None, 0.08, _figure("harm_percent")),
    Bar("false objects a megapixel", None, 15.0, _figure("false_objects_a_megapixel")),
    Bar("F1, 1 px tolerance", 0.82, None, _figure("f1")),
    Bar("precision", 0.90, None, _figure("precision")),
    Bar(f"objects found, {SIZES[0]}", 0.78, None, _object(f"size {SIZES[0]}", "found")),
    Bar(f"objects found, {SIZES[1]}", 0.88, None, _object(f"size {SIZES[1]}", "found")),
    Bar(f"objects found, {SIZES[2]}", 0.85, None, _object(f"size {SIZES[2]}", "found")),
    Bar("lines mended", 0.40, None, _object("lines", "mended")),
    Bar("warping error over the best peer's", None, 1.0, _warping_over_peers),
    Bar("grain ratio", 0.98, 1.02, _figure("grain_ratio")),
    Bar("processor time over the MC median's", None, 2.0, _times_the_median),
    Bar("clean clips harmed, %", None, 0.05, _figure("clean_harm_percent")),
)


def judge(
    report: dict[str, Any], methods: Mapping[str, Sequence[Sums]], ours: str
) -> list[dict[str, Any]]:
    """Each bar with what is wanted, what was measured, its interval and whether it is met."""
    told = _told(methods, range(len(methods[ours])))
    drawn = _draws(methods, ours)
    rows = []
    for bar in BARS:
        value = bar.measure(told, ours)
        values = [bar.measure(each, ours) for each in drawn]
        interval = [float(np.percentile(values, part)) for part in (2.5, 97.5)] if values else None
        rows.append(_row(bar.words, bar.wanted, value, interval, met=bar.is_met(value)))
    broken = len(report["problems"])
    rows.append(_row("labels that the code values contradict", "0", broken, None, met=broken == 0))
    return rows


def _row(
    words: str, wanted: str, value: float, interval: list[float] | None, *, met: bool
) -> dict[str, Any]:
    return {"bar": words, "wanted": wanted, "measured": value, "interval": interval, "met": met}


def _told(methods: Mapping[str, Sequence[Sums]], which: Sequence[int]) -> dict[str, Any]:
    told = {}
    for name, rows in methods.items():
        told[name] = figures(Sums.total(rows[index] for index in which))
    return told


def _draws(methods: Mapping[str, Sequence[Sums]], ours: str) -> list[dict[str, Any]]:
    runs = len(methods[ours])
    if runs < 2:
        return []
    rng = np.random.default_rng(1)
    return [_told(methods, rng.integers(0, runs, runs).tolist()) for _ in range(_DRAWS)]
