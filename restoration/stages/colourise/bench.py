"""How near colourise comes to the true colours from k hints, beside simpler ways in the same run.

    python -m restoration bench colourise --data DIR [--runs N] [--json]

DIR holds `stills/` and `clean_video/`. Nothing was trained on these stills: every
fourth of each folder, by name, if it has any colour. Seeds are fixed. Times are processor time, to
be read as ratios within one report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from restoration import weights
from restoration.imaging.colour import Plane, to_lab
from restoration.stages.colourise.bench_bars import judge
from restoration.stages.colourise.bench_clips import (
    CLIPS,
    Film,
    measure_clips,
    measure_obedience,
)
from restoration.stages.colourise.bench_stills import Ours, Still, measure_stills, square
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.peers import Colours, LumaPrior
from restoration.stages.colourise.refine import draw_to_edges
from restoration.stages.colourise.scene import Known, Proposer
from restoration.stages.colourise.spread import Point, spread_points
from restoration.stages.colourise.stage import NETWORK

KS = (0, 1, 2, 5, 10, 20, 50, 100)
LARGE_KS = (0, 10, 100)
SEEDS = 5
STILLS, LARGE_STILLS = 8, 4


def main(data: Path, *, runs: int = STILLS, seeds: int = SEEDS) -> dict[str, Any]:
    """Bench both engines and all peers.

    Args:
        runs: how many stills of those held out; fewer are quicker and say less.
    """
    cv2.setNumThreads(1)  # processor time of one thread is what methods are compared by
    from restoration.stages.colourise.judging import Colourist

    colourist = Colourist(weights.require(NETWORK))
    engines: dict[str, Ours] = {"spread": _spread, "network": _by(colourist)}
    prior, stills = _prior(data), _stills(data, runs, 256)
    large = _stills(data, min(runs, LARGE_STILLS), 480)
    films = [Film.load(data, name, start, frames=2) for name, start in CLIPS]
    report: dict[str, Any] = {
        "stills": [still.name for still in stills],
        "seeds": seeds,
        "at_256": measure_stills(stills, engines, prior, KS, seeds),
        "at_480": measure_stills(large, engines, prior, LARGE_KS, min(2, seeds)),
        "clips": measure_clips(data, list(engines), len(CLIPS)),
        "obedience": {name: _worst(films, name) for name in engines},
        "greys_given_back": _greys_given_back(),
    }
    report["bars"] = {name: judge(report, name) for name in engines}
    return report


def _spread(lightness: Plane, points: Sequence[Point]) -> tuple[Colours, Plane]:
    spread = spread_points(lightness, list(points))
    return draw_to_edges(lightness, spread.ab, points), spread.certainty


def _by(proposer: Proposer) -> Ours:
    def propose(lightness: Plane, points: Sequence[Point]) -> tuple[Colours, Plane]:
        spread = spread_points(lightness, list(points))
        field = Field(spread.ab, spread.certainty, spread.nearest)
        made = proposer.improve(lightness, field, [Known(point, 0) for point in points])
        return draw_to_edges(lightness, made.ab, points), made.evidence

    return propose


def _stills(data: Path, count: int, side: int) -> list[Still]:
    """Held out stills, spread evenly over the folders."""
    from restoration.stages.colourise.training_samples import (
        has_colour,
        load_photograph,
        photographs,
    )

    loaded = [(path, load_photograph(path, side)) for path in photographs(data, held_out=True)]
    coloured = [(path, photograph) for path, photograph in loaded if has_colour(photograph)]
    chosen = np.unique(np.linspace(0, len(coloured) - 1, min(count, len(coloured))).round())
    return [Still.of(coloured[int(n)][0], square(coloured[int(n)][1], side)) for n in chosen]


def _prior(data: Path) -> LumaPrior:
    from restoration.stages.colourise.training_samples import load_photograph, photographs

    loaded = [load_photograph(path, 128) for path in photographs(data, held_out=False)]
    return LumaPrior([to_lab(one.astype(np.float32) / np.float32(255)) for one in loaded])


def _worst(films: Sequence[Film], engine: str) -> dict[str, float]:
    rows = [measure_obedience(film, engine) for film in films]
    return {key: round(max(row[key] for row in rows), 4) for key in rows[0]}


def _greys_given_back() -> bool:
    """Whether every 8- and 16-bit grey comes back as it was where no colour is added."""
    from fractions import Fraction

    from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
    from restoration.stages.colourise.bench_clips import run_ours
    from restoration.stages.material import MemoryClip

    for name in ("gray", "gray16le"):
        pixel = PIXEL_FORMATS[name]
        codes: Any = np.arange(pixel.peak + 1).reshape(16, -1).astype(pixel.dtype)
        form = PictureFormat(codes.shape[1], 16, pixel, Fraction(24))
        _, (frames, _) = run_ours(MemoryClip([Picture(pixel, (codes,))], form), [], "spread")
        if any((plane != codes).any() for plane in frames[0].picture.planes):
            return False
    return True


def describe(report: Mapping[str, Any]) -> str:
    """The report as text: methods by k, clips, then each bar."""
    lines = [f"stills: {', '.join(report['stills'])}; {report['seeds']} seeds"]
    for part in ("at_256", "at_480"):
        for figure, title in (("psnr", "PSNR"), ("mean", "CIEDE2000 mean"), ("p95", "p95")):
            lines += ["", f"{part.replace('_', ' ')} px: {title}"]
            lines += _by_k(report[part], figure)
    lines += ["", "colourfulness ratio", *_by_k(report["at_256"], "colourful")]
    lines += ["", "processor seconds", *_by_k(report["at_256"], "seconds")]
    for engine in report["bars"]:
        told = report["at_256"][engine]
        lines += ["", f"{engine}: share held certain, error there / error elsewhere"]
        lines += [
            f"  k {k:>3}: {row.get('certain', 0):.2f}  {row.get('error_certain', 0):.1f} / "
            f"{row.get('error_open', 0):.1f}"
            for k, row in told.items()
        ]
    lines += ["", f"clips, 24 frames, 50 hints on the first: {', '.join(report['clips']['clips'])}"]
    for name, row in report["clips"]["methods"].items():
        lines.append(f"  {name:14}" + "  ".join(f"{key} {value}" for key, value in row.items()))
    for engine, bars in report["bars"].items():
        lines += ["", f"bars, {engine}"]
        lines += [
            f"  {bar['bar']:58} {bar['wanted']:>9} {bar['measured']:9.3f}  "
            f"{'met' if bar['met'] else 'NOT met'}"
            for bar in bars
        ]
    return "\n".join(lines)


def _by_k(table: Mapping[str, Mapping[str, Mapping[str, float]]], figure: str) -> list[str]:
    ks = list(next(iter(table.values())))
    rows = ["  " + " " * 14 + "".join(f"{'k=' + k:>8}" for k in ks)]
    for name, by_k in table.items():
        told = "".join(f"{by_k[k][figure]:8.2f}" if figure in by_k[k] else f"{'':>8}" for k in ks)
        rows.append(f"  {name:14}{told}")
    return rows
