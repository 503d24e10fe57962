"""What is asked of colourise, and whether a report meets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from restoration.stages.colourise.bench_clips import beside

BARS_OF_STILLS = 14
"""How many of the bars, the first ones, are of stills."""


class _Bar(NamedTuple):
    bar: str
    least: float | None
    most: float | None
    measured: float


def judge(report: Mapping[str, Any], engine: str) -> list[dict[str, Any]]:
    """Every bar with what is wanted, what was measured and whether it is met."""
    return [_told(bar) for bar in (*_stills(report, engine), *_rest(report, engine))]


def _told(bar: _Bar) -> dict[str, Any]:
    met = (bar.least is None or bar.measured >= bar.least - 1e-9) and (
        bar.most is None or bar.measured <= bar.most + 1e-9
    )
    wanted = f">= {bar.least}" if bar.least is not None else f"<= {bar.most}"
    return {"bar": bar.bar, "wanted": wanted, "measured": float(bar.measured), "met": met}


def _stills(report: Mapping[str, Any], engine: str) -> list[_Bar]:
    small, large = report["at_256"], report["at_480"]
    own, rbf = small[engine], small["plain RBF"]
    bars = [
        _Bar(f"PSNR over plain RBF, k={k}", least, None, own[k]["psnr"] - rbf[k]["psnr"])
        for k, least in (("1", 0.4), ("10", 0.6), ("100", 0.7))
    ]
    over = own["0"]["psnr"] - small["luma prior"]["0"]["psnr"]
    bars.append(_Bar("PSNR over luma prior, k=0", 0.2, None, over))
    for k, most in (("10", -0.4), ("100", -0.3)):
        difference = own[k]["mean"] - rbf[k]["mean"]
        bars.append(_Bar(f"CIEDE2000 mean against plain RBF, k={k}", None, most, difference))
        tail = own[k]["p95"] - rbf[k]["p95"]
        bars.append(_Bar(f"CIEDE2000 p95 against plain RBF, k={k}", None, 0.0, tail))
    larger = large[engine]["100"]["psnr"] - large["plain RBF"]["100"]["psnr"]
    bars.append(_Bar("at 480 px: PSNR over plain RBF, k=100", 0.5, None, larger))
    bars += [
        _Bar(f"stretch: PSNR, k={k}", least, None, own[k]["psnr"])
        for k, least in (("0", 22.5), ("10", 27.0), ("100", 31.0))
    ]
    bars.append(_Bar("colourfulness ratio, k=0", None, 1.1, own["0"]["colourful"]))
    bars.append(_Bar("colourfulness ratio, k=100", 0.8, None, own["100"]["colourful"]))
    return bars


def _rest(report: Mapping[str, Any], engine: str) -> list[_Bar]:
    obeyed, clips = report["obedience"][engine], report["clips"]
    own, alone, leak = clips["methods"][engine], clips["methods"]["flow alone"], clips["leak"]
    same = clips["methods"][beside(engine)]
    return [
        _Bar("hint pixels: CIEDE2000 mean, in gamut", None, 0.3, obeyed["hint_mean"]),
        _Bar("hint pixels: CIEDE2000 max, in gamut", None, 1.0, obeyed["hint_max"]),
        _Bar("every grey code given back (1: yes)", 1, None, float(report["greys_given_back"])),
        _Bar("pixels wrongly HUMAN or not", None, 0, obeyed["human_astray"]),
        _Bar("largest change of L at 8 bits", None, 0.5, obeyed["lightness_off"]),
        _Bar("clips: stretch: PSNR, k=50", 34.0, None, own["psnr"]),
        _Bar("clips: chroma flicker ratio", None, 1.0, own["flicker_ratio"]),
        _Bar("clips: last frame against flow alone", None, 0.0, own["last"] - alone["last"]),
        _Bar(
            "clips: last frame against flow from its first", None, 0.0, own["last"] - same["last"]
        ),
        _Bar("clips: drift in 24 frames", None, 1.0, own["drift"]),
        _Bar("leak forward across a hidden cut", None, 0.05, leak[engine]["forward"]),
        _Bar("leak backward across a hidden cut", None, 0.05, leak[engine]["backward"]),
    ]
