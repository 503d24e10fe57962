"""How much of a known weave stabilise takes out, and what it does to film that has none.

    python -m restoration bench stabilise --data DIR [--runs N] [--json]

DIR holds `clean_video/`. Clips are moved and turned by a weave that is known, with grain and
flicker laid over, and brought back: by doing nothing, by plain phase correlation of neighbouring
frames (shifts alone, on the same smooth way), and by the stage. Seeds are fixed. N: clips.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip, load_clip
from restoration.stages.segments import Segment
from restoration.stages.stabilise.path import Way, smooth
from restoration.stages.stabilise.record import TURN, UNIT, Move, move, take_back
from restoration.stages.stabilise.stage import Params, measure

CLIPS = (("01_dog.mp4", 40), ("05_default_juggle.mp4", 30), ("04_coffee.mp4", 60),
         ("bedroom.mp4", 50))  # fmt: skip
FRAMES, WIDTH, RIM = 48, 640, 24
_SHIFT, _TURN = (0.9, 0.7), 0.0006
"""Pixels along x and y, and radians: about what a worn gate does to a frame of that width."""
_KEPT = 0.25
"""Of a departure in the next frame; the rest of it is new."""
_GRAIN, _FLICKER = 2.5, 0.01


class Woven(NamedTuple):
    """A clip that weaves, and how: (frames, 3) pixels and radians about the middle."""

    clip: MemoryClip
    weave: Way


def main(data: Path, *, runs: int = len(CLIPS)) -> dict[str, Any]:
    """Bench the stage beside doing nothing and the peer."""
    cv2.setNumThreads(1)
    rows = []
    for number, (name, start) in enumerate(CLIPS[:runs]):
        frames = _frames(data / "clean_video" / name, start)
        woven = _weave(frames, seed=number)
        still = MemoryClip(_cropped(frames), woven.clip.format)
        rows.append({"clip": name} | _row(woven, still))
    return {"clips": rows, "mean": _mean(rows)}


def _frames(path: Path, start: int) -> list[npt.NDArray[np.uint8]]:
    if not path.is_file():
        raise StageError(f"{path} is not there; name the folder that holds clean_video/")
    clip = load_clip(path, width=WIDTH + 2 * RIM, start=start, count=FRAMES)
    return [np.asarray(picture.planes[0], np.uint8) for picture in clip.pictures]


def _cropped(frames: list[npt.NDArray[np.uint8]]) -> list[Picture]:
    return [_picture(frame[RIM:-RIM, RIM:-RIM]) for frame in frames]


def _picture(plane: npt.NDArray[np.uint8]) -> Picture:
    return Picture(PIXEL_FORMATS["gray"], (np.ascontiguousarray(plane),))


def _weave(frames: list[npt.NDArray[np.uint8]], *, seed: int) -> Woven:
    rng = np.random.default_rng(seed)
    way = rng.standard_normal((len(frames), 3)) * (*_SHIFT, _TURN)
    for number in range(1, len(way)):
        way[number] = _KEPT * way[number - 1] + np.sqrt(1 - _KEPT**2) * way[number]
    height, width = frames[0].shape
    pictures = []
    for frame, (x, y, turn) in zip(frames, way, strict=True):
        # The content moves by (x, y) and turns: what lies at p is read at the opposite.
        back = Move.of(x, y, turn, (0, 0, width, height)).reversed()
        columns, rows = back.places()
        moved = cv2.remap(
            frame.astype(np.float32),
            columns,
            rows,
            cv2.INTER_LANCZOS4,
            borderMode=cv2.BORDER_REFLECT,
        )[RIM:-RIM, RIM:-RIM]
        grain = cv2.GaussianBlur(rng.standard_normal(moved.shape).astype(np.float32), (0, 0), 0.6)
        noisy = moved * rng.normal(1, _FLICKER) + grain / grain.std() * _GRAIN
        pictures.append(_picture(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)))
    form = PictureFormat(pictures[0].width, pictures[0].height, PIXEL_FORMATS["gray"], Fraction(24))
    return Woven(MemoryClip(pictures, form), way)


def _row(woven: Woven, still: MemoryClip) -> dict[str, Any]:
    params, clip = Params(), woven.clip
    everything = Segment(0, len(clip.pictures))
    began = time.process_time()
    found = measure(clip, everything, params)
    moved = [move(p, by) for p, by in zip(clip.pictures, found.moves, strict=True)]
    seconds = time.process_time() - began
    began = time.process_time()
    peer = _phase_correlation(clip, params.window)
    peer_seconds = time.process_time() - began
    radius = float(np.hypot(clip.format.width, clip.format.height)) / 2
    nothing = np.zeros_like(woven.weave)
    own = np.array([[by.x / UNIT, by.y / UNIT, by.turn / TURN] for by in found.moves])
    calm = measure(still, everything, params)
    false = np.array([by.farthest() for by in calm.moves])
    return {
        "nothing": _left(woven.weave, nothing, radius),
        "phase_correlation": _left(woven.weave, peer, radius),
        "stabilise": _left(woven.weave, own, radius),
        "windows": list(found.windows),
        "not_measured": sum(not step.sure for step in found.steps[1:]),
        "taken_back_db": _taken_back(clip, found.moves, moved),
        "false_moves_px": float(np.sqrt((false**2).mean())),
        "seconds_per_frame": seconds / len(clip.pictures),
        "peer_seconds_per_frame": peer_seconds / len(clip.pictures),
    }


def _phase_correlation(clip: MemoryClip, window: int) -> Way:
    lumas = [picture.planes[0].astype(np.float32) for picture in clip.pictures]
    taper = cv2.createHanningWindow(lumas[0].shape[::-1], cv2.CV_32F)
    steps = [(0.0, 0.0, 0.0)]
    for before, after in pairwise(lumas):
        (x, y), _ = cv2.phaseCorrelate(before, after, taper)
        steps.append((x, y, 0.0))
    way = np.cumsum(steps, axis=0)
    return np.asarray(way - smooth(way, window))


def _left(weave: Way, moves: Way, radius: float) -> dict[str, float]:
    """What weave is left, in pixels: in the middle of the picture, and in its corners."""
    left = weave - moves
    step = np.diff(left, axis=0) / np.sqrt(2)
    middle = float(np.sqrt((step[:, :2] ** 2).sum(axis=1).mean()))
    corner = float(
        np.sqrt((step[:, :2] ** 2).sum(axis=1).mean() + ((step[:, 2] * radius) ** 2).mean())
    )
    return {"middle_px": middle, "corner_px": corner}


def _taken_back(clip: MemoryClip, moves: list[Move], moved: list[Any]) -> float:
    errors = [
        float(
            (
                (
                    take_back(after.picture, by.as_json()).planes[0].astype(np.float64)
                    - before.planes[0]
                )[RIM:-RIM, RIM:-RIM]
                ** 2
            ).mean()
        )
        for before, by, after in zip(clip.pictures, moves, moved, strict=True)
        if not by.is_none
    ]
    return 10 * float(np.log10(255**2 / np.mean(errors))) if errors else 99.0


def _mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    methods = ("nothing", "phase_correlation", "stabilise")
    mean: dict[str, Any] = {
        name: {
            figure: float(np.mean([row[name][figure] for row in rows]))
            for figure in ("middle_px", "corner_px")
        }
        for name in methods
    }
    return mean | {
        figure: float(np.mean([row[figure] for row in rows]))
        for figure in (
            "not_measured",
            "taken_back_db",
            "false_moves_px",
            "seconds_per_frame",
            "peer_seconds_per_frame",
        )
    }


def describe(report: Mapping[str, Any]) -> str:
    """The report as text."""
    lines = [f"{'':24}{'nothing':>16}{'phase corr.':>16}{'stabilise':>16}   middle / corner, px"]
    for row in (*report["clips"], {"clip": "mean"} | report["mean"]):
        cells = [
            f"{row[name]['middle_px']:.3f} / {row[name]['corner_px']:.3f}"
            for name in ("nothing", "phase_correlation", "stabilise")
        ]
        lines.append(f"{row['clip']:24}" + "".join(f"{cell:>16}" for cell in cells))
        lines.append(
            f"{'':24}steps not measured {row['not_measured']}, taken back "
            f"{row['taken_back_db']:.1f} dB, moved though still {row['false_moves_px']:.3f} px, "
            f"{row['seconds_per_frame']:.3f} s a frame (peer {row['peer_seconds_per_frame']:.3f}), "
            f"windows {row.get('windows', '')}"
        )
    return "\n".join(lines)
