"""What is asked of colourise, and whether a report meets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from restoration.stages.bars import Bar
from restoration.stages.colourise.bench_clips import beside

BARS_OF_STILLS = 14
"""How many of the bars, the first ones, are of stills."""


def judge(report: Mapping[str, Any], engine: str) -> list[dict[str, Any]]:
    """Every bar with what is wanted, what was measured and whether it is met."""
    return [bar.judged() for bar in (*_stills(report, engine), *_rest(report, engine))]


def _stills(report: Mapping[str, Any], engine: str) -> list[Bar]:
    small, large = report["at_256"], report["at_480"]
    own, rbf = small[engine], small["plain RBF"]
    bars = [
        Bar(f"PSNR over plain RBF, k={k}", least, None, own[k]["psnr"] - rbf[k]["psnr"])
        for k, least in (("1", 0.4), ("10", 0.6), ("100", 0.7))
    ]
    over = own["0"]["psnr"] - small["luma prior"]["0"]["psnr"]
    bars.append(Bar("PSNR over luma prior, k=0", 0.2, None, over))
    for k, most in (("10", -0.4), ("100", -0.3)):
        difference = own[k]["mean"] - rbf[k]["mean"]
        bars.append(Bar(f"CIEDE2000 mean against plain RBF, k={k}", None, most, difference))
        tail = own[k]["p95"] - rbf[k]["p95"]
        bars.append(Bar(f"CIEDE2000 p95 against plain RBF, k={k}", None, 0.0, tail))
    larger = large[engine]["100"]["psnr"] - large["plain RBF"]["100"]["psnr"]
    bars.append(Bar("at 480 px: PSNR over plain RBF, k=100", 0.5, None, larger))
    bars += [
        Bar(f"stretch: PSNR, k={k}", least, None, own[k]["psnr"])
        for k, least in (("0", 22.5), ("10", 27.0), ("100", 31.0))
    ]
    bars.append(Bar("colourfulness ratio, k=0", None, 1.1, own["0"]["colourful"]))
    bars.append(Bar("colourfulness ratio, k=100", 0.8, None, own["100"]["colourful"]))
    return bars


def _rest(report: Mapping[str, Any], engine: str) -> list[Bar]:
    obeyed, clips = report["obedience"][engine], report["clips"]
    own, alone, leak = clips["methods"][engine], clips["methods"]["flow alone"], clips["leak"]
    same = clips["methods"][beside(engine)]
    return [
        Bar("hint pixels: CIEDE2000 mean, in gamut", None, 0.3, obeyed["hint_mean"]),
        Bar("hint pixels: CIEDE2000 max, in gamut", None, 1.0, obeyed["hint_max"]),
        Bar("every grey code given back (1: yes)", 1, None, float(report["greys_given_back"])),
        Bar("pixels wrongly HUMAN or not", None, 0, obeyed["human_astray"]),
        Bar("largest change of L at 8 bits", None, 0.5, obeyed["lightness_off"]),
        Bar("clips: stretch: PSNR, k=50", 34.0, None, own["psnr"]),
        Bar("clips: chroma flicker ratio", None, 1.0, own["flicker_ratio"]),
        Bar("clips: last frame against flow alone", None, 0.0, own["last"] - alone["last"]),
        Bar("clips: last frame against flow from its first", None, 0.0, own["last"] - same["last"]),
        Bar("clips: drift in 24 frames", None, 1.0, own["drift"]),
        Bar("leak forward across a hidden cut", None, 0.05, leak[engine]["forward"]),
        Bar("leak backward across a hidden cut", None, 0.05, leak[engine]["backward"]),
    ]
