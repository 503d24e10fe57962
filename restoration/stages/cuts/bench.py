"""How many cuts are found, and how many are not there, beside PySceneDetect as it comes.

    python -m restoration bench cuts --data DIR --json

DIR holds `shots/*.json` (hand-marked cuts, each naming its video) and `clean_video/`. A cut counts
as found within two frames. From the clean clips reels are spliced with every cut known, then
spoiled by flicker (gain 0.7 to 1.3 a frame), single-frame flashes, and dissolves.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scenedetect.common import FrameTimecode
from scenedetect.detector import SceneDetector
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from archive.media.pixels import Picture
from restoration.stages.cuts.stage import STAGE
from restoration.stages.material import CLEAN_CLIPS, MemoryClip, load_clip

_WIDTH = 256
_TOLERANCE = 2
_SEGMENT = 32
_EVERY_FRAME = 1_000_000

Finder = Callable[[MemoryClip], list[int]]


def main(data: Path) -> dict[str, Any]:
    """Every method on every hand-marked video and on the spliced reels."""
    cases = []
    for marked in sorted((data / "shots").glob("*.json")):
        truth = json.loads(marked.read_text())
        clip = load_clip(data / truth["video"], width=_WIDTH, start=0, count=_EVERY_FRAME)
        cases.append(_case(marked.stem, clip, truth["cuts"], truth["gradual"]))
    for name, clip, cuts in _spliced(data / "clean_video"):
        cases.append(_case(name, clip, cuts, []))
    methods = ("cuts", "ContentDetector", "AdaptiveDetector", "no cuts")
    return {
        "tolerance_frames": _TOLERANCE,
        "cases": cases,
        "film": {
            m: _total(case for case in cases if "spliced" not in case["clip"])(m) for m in methods
        },
        "spliced": {
            m: _total(case for case in cases if "spliced" in case["clip"])(m) for m in methods
        },
    }


def _case(
    name: str, clip: MemoryClip, cuts: Sequence[int], gradual: Sequence[Any]
) -> dict[str, Any]:
    finders: dict[str, Finder] = {
        "cuts": _ours,
        "ContentDetector": lambda clip: _peer(ContentDetector(luma_only=True), clip),
        "AdaptiveDetector": lambda clip: _peer(AdaptiveDetector(luma_only=True), clip),
        "no cuts": lambda clip: [],
    }
    spans = [_span(entry) for entry in gradual]
    rows = {}
    for method, find in finders.items():
        began = time.perf_counter()
        found = find(clip)
        rows[method] = _score(found, cuts, spans) | {
            "seconds_per_1000_frames": 1000 * (time.perf_counter() - began) / clip.end_frame
        }
    return {"clip": name, "frames": clip.end_frame, "methods": rows}


def _span(entry: Any) -> tuple[int, int]:
    return (entry["start"], entry["end"]) if isinstance(entry, dict) else (entry[0], entry[1])


def _score(
    found: Sequence[int], cuts: Sequence[int], spans: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """A cut inside a gradual change counts once for it; the rest must meet a true cut."""
    open_cuts, hits, false = list(cuts), 0, 0
    open_spans = list(spans)
    for cut in found:
        near = [true for true in open_cuts if abs(true - cut) <= _TOLERANCE]
        inside = [span for span in open_spans if span[0] - 2 <= cut <= span[1] + 2]
        if near:
            open_cuts.remove(near[0])
            hits += 1
        elif inside:
            open_spans.remove(inside[0])
            hits += 1
        else:
            false += 1
    return {"found": hits, "true": len(cuts) + len(spans), "false": false}


def _total(cases: Any) -> Callable[[str], dict[str, float]]:
    kept = list(cases)

    def over(method: str) -> dict[str, float]:
        rows = [case["methods"][method] for case in kept]
        found, true, false = (sum(row[key] for row in rows) for key in ("found", "true", "false"))
        frames = sum(case["frames"] for case in kept)
        return {
            "f1": 2 * found / max(1, 2 * found + false + (true - found)),
            "recall": found / max(1, true),
            "false_per_1000_frames": 1000 * false / max(1, frames),
        }

    return over


def _ours(clip: MemoryClip) -> list[int]:
    facts = STAGE.run(clip, STAGE.params(), lambda done, total: None).facts
    return [int(cut) for cut in facts["cuts"]]


def _peer(detector: SceneDetector, clip: MemoryClip) -> list[int]:
    """PySceneDetect's detector, its defaults but for grey film, on the frames as they are."""
    found = []
    for number, picture in enumerate(clip.pictures):
        shown = np.asarray(cv2.cvtColor(picture.planes[0], cv2.COLOR_GRAY2BGR))
        timecode = FrameTimecode(number, clip.format.rate)
        found += [int(cut.frame_num) for cut in detector.process_frame(timecode, shown)]
    return found


def _spliced(folder: Path) -> list[tuple[str, MemoryClip, list[int]]]:
    """One reel of ten segments, four ways: as it is, with flicker, with flashes, with dissolves."""
    rng = np.random.default_rng(7)
    segments = []
    for turn in range(10):
        name = CLEAN_CLIPS[turn % len(CLEAN_CLIPS)]
        start = 4 + 45 * (turn // len(CLEAN_CLIPS))
        segments.append(load_clip(folder / name, width=_WIDTH, start=start, count=_SEGMENT))
    size = segments[0].format
    lumas = [[_fit(picture, size.width, size.height) for picture in s.pictures] for s in segments]
    plain = [luma for segment in lumas for luma in segment]
    cuts = list(range(_SEGMENT, len(plain), _SEGMENT))
    flicker = [luma * rng.uniform(0.7, 1.3) for luma in plain]
    flashes = [
        np.full_like(luma, 250.0) if number % 37 == 17 else luma
        for number, luma in enumerate(flicker)
    ]
    half = 6
    mixed: list[np.ndarray] = list(plain)
    for cut in cuts:
        for step in range(-half, half):
            share = (step + half + 0.5) / (2 * half)
            before, after = plain[min(cut + step, cut - 1)], plain[max(cut + step, cut)]
            mixed[cut + step] = (1 - share) * before + share * after
    pixel = segments[0].format.pixel

    def clip_of(frames: Sequence[np.ndarray]) -> MemoryClip:
        codes = [np.clip(np.rint(frame), 0, 255).astype(np.uint8) for frame in frames]
        return MemoryClip([Picture(pixel, (code,)) for code in codes], size)

    named = {"plain": plain, "flicker": flicker, "flicker and flashes": flashes, "dissolves": mixed}
    return [(f"spliced, {name}", clip_of(frames), cuts) for name, frames in named.items()]


def _fit(picture: Picture, width: int, height: int) -> np.ndarray:
    return cv2.resize(picture.planes[0], (width, height)).astype(np.float64)
