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
from restoration.stages.colourise.bench_bars import BARS_OF_STILLS, judge
from restoration.stages.colourise.bench_clips import (
    CLIPS,
    Film,
    measure_clips,
    measure_obedience,
)
from restoration.stages.colourise.bench_references import frames_for, measure_references
from restoration.stages.colourise.bench_stills import Ours, Still, measure_stills, square
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.peers import Colours, LumaPrior
from restoration.stages.colourise.refine import draw_to_edges
from restoration.stages.colourise.scene import Known, Proposer
from restoration.stages.colourise.spread import Point, spread_points
from restoration.stages.colourise.stage import NETWORK
from restoration.stages.photographs import photographs

KS = (0, 1, 2, 5, 10, 20, 50, 100)
BARRED_KS, LARGE_KS = (0, 1, 10, 100), (0, 10, 100)
"""Those that bars are set for, and of the larger stills."""
SEEDS = 5
STILLS, LARGE_STILLS = 28, 4
FEW = 8
"""Stills, spread evenly, that are reported apart with every k and peer: those of former reports."""


def main(data: Path, *, runs: int = STILLS, seeds: int = SEEDS) -> dict[str, Any]:
    """Bench both engines and all peers.

    Args:
        runs: how many stills of those held out; fewer are quicker and say less.
    """
    cv2.setNumThreads(1)  # processor time of one thread is what methods are compared by
    from restoration.stages.colourise.judging import Colourist

    colourist = Colourist(weights.require(NETWORK))
    engines: dict[str, Ours] = {"spread": _spread, "network": _by(colourist)}
    ways = {"spread": _spread, "learned spread": _learned, "network": engines["network"]}
    prior, stills = _prior(data), _stills(data, runs, 256)
    few = _stills(data, min(runs, FEW), 256)
    large = _stills(data, min(runs, LARGE_STILLS), 480)
    films = [Film.load(data, name, start, frames=2) for name, start in CLIPS]
    at_256_few = measure_stills(few, ways, prior, KS, seeds)
    report: dict[str, Any] = {
        "stills": [still.name for still in stills],
        "few": [still.name for still in few],
        "seeds": seeds,
        "at_256": measure_stills(stills, ways, prior, BARRED_KS, seeds, all_peers=False),
        "at_256_few": at_256_few,
        "at_480": measure_stills(large, ways, prior, LARGE_KS, seeds),
        "references": _references(data, stills[::2]),
        "clips": measure_clips(data, list(engines), len(CLIPS)),
        "obedience": {name: _worst(films, name) for name in engines},
        "greys_given_back": _greys_given_back(),
    }
    report["bars_few"] = {
        name: judge(report | {"at_256": at_256_few}, name)[:BARS_OF_STILLS] for name in engines
    }
    report["bars"] = {name: judge(report, name) for name in engines}
    return report


def _spread(lightness: Plane, points: Sequence[Point]) -> tuple[Colours, Plane]:
    spread = spread_points(lightness, list(points))
    return draw_to_edges(lightness, spread.ab, points), spread.certainty


def _learned(lightness: Plane, points: Sequence[Point]) -> tuple[Colours, Plane]:
    """What the network is shown, without it."""
    spread = spread_points(lightness, list(points), learned=True)
    return draw_to_edges(lightness, spread.ab, points), spread.certainty


def _references(data: Path, stills: Sequence[Still]) -> dict[str, dict[str, float]]:
    """Stills in the bench's place of references; frames of the bench's clips."""
    clips = {name: frames_for(data, name, start) for name, start in CLIPS}
    return measure_references(stills, clips)


def _by(proposer: Proposer) -> Ours:
    def propose(lightness: Plane, points: Sequence[Point]) -> tuple[Colours, Plane]:
        spread = spread_points(lightness, list(points), learned=True)
        field = Field(spread.ab, spread.certainty, spread.told_by)
        made = proposer.improve(lightness, field, [Known(point, 0) for point in points])
        return draw_to_edges(lightness, made.ab, points), made.evidence

    return propose


def _stills(data: Path, count: int, side: int) -> list[Still]:
    """Held out stills, spread evenly over the folders."""
    from restoration.stages.colourise.training_samples import (
        HELD_OUT_EVERY,
        has_colour,
        load_photograph,
    )

    paths = photographs(data, every=HELD_OUT_EVERY, held_out=True)
    loaded = [(path, load_photograph(path, side)) for path in paths]
    coloured = [(path, photograph) for path, photograph in loaded if has_colour(photograph)]
    chosen = np.unique(np.linspace(0, len(coloured) - 1, min(count, len(coloured))).round())
    return [Still.of(coloured[int(n)][0], square(coloured[int(n)][1], side)) for n in chosen]


def _prior(data: Path) -> LumaPrior:
    from restoration.stages.colourise.training_samples import HELD_OUT_EVERY, load_photograph

    paths = photographs(data, every=HELD_OUT_EVERY, held_out=False)
    loaded = [load_photograph(path, 128) for path in paths]
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
    for part in ("at_256", "at_256_few", "at_480"):
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
    lines += [
        "",
        "references alone, no hints (points; distance in a and b at them; CIEDE2000; PSNR)",
    ]
    for kind, row in report["references"].items():
        lines.append(f"  {kind:20}" + "  ".join(f"{key} {value}" for key, value in row.items()))
    lines += ["", f"clips, 24 frames, 50 hints on the first: {', '.join(report['clips']['clips'])}"]
    for name, row in report["clips"]["methods"].items():
        lines.append(f"  {name:14}" + "  ".join(f"{key} {value}" for key, value in row.items()))
    for name, rows in report["clips"]["by_clip"].items():
        told = "; ".join(f"{r['psnr']:.2f} dB, {r['first']:.2f}, {r['last']:.2f}" for r in rows)
        lines.append(f"  {name:14}{told}")
    judged = [(f"bars, {engine}", bars) for engine, bars in report["bars"].items()]
    few = f"bars on {len(report['few'])} stills"
    judged += [(f"{few}, {engine}", bars) for engine, bars in report["bars_few"].items()]
    for title, bars in judged:
        lines += ["", title]
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
