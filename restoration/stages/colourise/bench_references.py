"""References: how near a coloured still alone brings a frame whose true colours are known.

Three kinds of still: the frame itself, a frame of the same clip elsewhere in time, and another
photograph of the same things, which is made: cut out of the picture, turned, mirrored, of another
size, tones and exposure, with the rest of another picture around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Lab, ciede2000, fit_gamut, to_lab
from restoration.imaging.metrics import psnr
from restoration.stages.colourise.bench_stills import Still
from restoration.stages.colourise.peers import Colours
from restoration.stages.colourise.references import points_from
from restoration.stages.colourise.refine import draw_to_edges
from restoration.stages.colourise.spread import spread_points

AHEAD = (12, 48)
"""Frames by which the still of a clip is another than the frame that is coloured."""
_TURN, _CUT = 8.0, 0.7


def measure_references(
    stills: Sequence[Still], clips: Mapping[str, Sequence[Still]]
) -> dict[str, dict[str, float]]:
    """Figures by kind of still, each the mean over pictures: with it, and without.

    Args:
        clips: by name, the frame to colour and then those `AHEAD` of it.
    """
    pairs: dict[str, list[tuple[Still, Lab]]] = {"the frame itself": [], "another photograph": []}
    for number, still in enumerate(stills):
        pairs["the frame itself"].append((still, still.lab))
        other = stills[(number + 1) % len(stills)]
        pairs["another photograph"].append((still, rephotographed(still, other, number)))
    for frames in clips.values():
        for ahead, later in zip(AHEAD, frames[1:], strict=True):
            pairs.setdefault(f"{ahead} frames away", []).append((frames[0], later.lab))
    return {kind: _figures(of) for kind, of in pairs.items() if of}


def rephotographed(still: Still, around: Still, seed: int) -> Lab:
    """Another photograph of what the still shows, among other things. (H, W, 3)."""
    rng = np.random.default_rng(seed)
    height, width = still.lightness.shape
    rgb = still.rgb[:, ::-1] if rng.random() < 0.5 else still.rgb
    turn = float(rng.uniform(-_TURN, _TURN))
    size = float(rng.uniform(0.75, 1.25))
    move = cv2.getRotationMatrix2D((width / 2, height / 2), turn, size)
    turned = cv2.warpAffine(np.ascontiguousarray(rgb), move, (width, height), borderMode=4)
    light = (turned / 255.0) ** float(rng.uniform(0.8, 1.25)) * float(rng.uniform(0.85, 1.0))
    taken = np.array(around.rgb / 255.0, np.float32)
    tall, wide = int(height * _CUT), int(width * _CUT)
    top, left = (height - tall) // 2, (width - wide) // 2
    place = slice(top, top + tall), slice(left, left + wide)
    taken[place] = light[place]
    noise = rng.normal(0, 0.01, taken.shape)
    return to_lab(np.clip(taken + noise, 0, 1).astype(np.float32))


def _figures(pairs: Sequence[tuple[Still, Lab]]) -> dict[str, float]:
    rows = []
    for still, reference in pairs:
        points = points_from(reference, still.lightness)
        spread = spread_points(still.lightness, points)
        made = draw_to_edges(still.lightness, spread.ab, [])
        nothing = np.zeros_like(made)
        there = [_nearest_colours(still, points)] if points else []
        rows.append(
            {
                "points": float(len(points)),
                "at the points": float(np.mean(there)) if there else float("nan"),
                "mean": _error(still, made),
                "grey": _error(still, nothing),
                "psnr": _psnr(still, made),
                "psnr grey": _psnr(still, nothing),
            }
        )
    return {key: round(float(np.nanmean([row[key] for row in rows])), 3) for key in rows[0]}


def _nearest_colours(still: Still, points: Sequence[Any]) -> float:
    """Mean distance in a and b of the points from the truth."""
    off = [
        np.hypot(*(still.lab[round(point.y), round(point.x), 1:] - (point.a, point.b)))
        for point in points
    ]
    return float(np.mean(off))


def _written(still: Still, ab: Colours) -> npt.NDArray[np.float32]:
    rgb, _ = fit_gamut(np.dstack([still.lightness, ab]).astype(np.float32))
    return np.asarray(np.rint(rgb * 255), np.float32)


def _error(still: Still, ab: Colours) -> float:
    return float(ciede2000(to_lab(_written(still, ab) / np.float32(255)), still.lab).mean())


def _psnr(still: Still, ab: Colours) -> float:
    return psnr(float(((_written(still, ab) - still.rgb) ** 2).mean()))


def frames_for(data: Path, name: str, start: int) -> list[Still]:
    """The frame to colour, and those `AHEAD` of it."""
    from restoration.stages.colourise.bench_clips import Film

    return [Film.load(data, name, start + ahead, 1).stills[0] for ahead in (0, *AHEAD)]
