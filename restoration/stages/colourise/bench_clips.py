"""Clips: how colour holds through a scene, beside flow alone, and that none crosses a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.imaging.colour import Lab, Plane, ciede2000, fit_gamut, to_lab
from restoration.imaging.flow import FlowEstimator, follow, leaves_picture, round_trip_error
from restoration.imaging.metrics import psnr
from restoration.imaging.tones import lightness_of, to_srgb
from restoration.stages.colourise.bench_stills import PATCH, Still, draw_points
from restoration.stages.colourise.field import Field, carry, find_way
from restoration.stages.colourise.peers import Colours
from restoration.stages.colourise.refine import draw_to_edges
from restoration.stages.colourise.spread import spread_points
from restoration.stages.colourise.stage import STAGE
from restoration.stages.material import MemoryClip, load_clip

CLIPS = (("05_default_juggle.mp4", 100), ("bedroom.mp4", 20), ("big_buck_bunny_0_30.webm", 300))
WIDTH, FRAMES, HINTS = 256, 24, 50


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A clip in colour, as a grey scan shows it, and the truth, frame by frame."""

    name: str
    grey: MemoryClip
    stills: list[Still]

    @classmethod
    def load(cls, data: Path, name: str, start: int, frames: int = FRAMES) -> Film:
        path = data / "clean_video" / name
        clip = load_clip(path, width=WIDTH, start=start, count=frames, pixel_name="yuv420p")
        stills, pictures = [], []
        for picture in clip.pictures:
            rgb = np.rint(to_srgb(picture, clip.format) * 255).astype(np.uint8)
            still = Still.of(path, rgb)
            stills.append(still)
            flat = np.dstack([still.lightness, *np.zeros((2, *still.lightness.shape))])
            codes = np.rint(fit_gamut(flat.astype(np.float32))[0][..., 0] * 255).astype(np.uint8)
            pictures.append(Picture(PIXEL_FORMATS["gray"], (codes,)))
        first = pictures[0]
        form = PictureFormat(first.width, first.height, first.pixel, clip.format.rate)
        return cls(name, MemoryClip(pictures, form), stills)


class Made(NamedTuple):
    """lab: what a method made of each frame. certain: share of undecided pixels, if it tells."""

    lab: list[Lab]
    undecided: float | None = None


def hints_of(film: Film, frame: int, count: int, seed: int) -> list[dict[str, Any]]:
    """Random patches of the truth as the stage's parameter."""
    hints = []
    still = film.stills[frame]
    for number, point in enumerate(draw_points(still, count, seed)):
        y, x = round(point.y - 2.5), round(point.x - 2.5)
        mean = still.rgb[y : y + PATCH, x : x + PATCH].reshape(-1, 3).mean(axis=0)
        place = {"frame": frame, "y": y, "x": x, "height": PATCH, "width": PATCH}
        hints.append({"id": str(number), "rgb": [round(float(c)) for c in mean], **place})
    return hints


def run_ours(clip: MemoryClip, hints: list[dict[str, Any]], engine: str) -> tuple[Made, Any]:
    """The stage itself, from grey codes to RGB codes."""
    outcome = STAGE.run(clip, STAGE.params(hints=hints, engine=engine), lambda done, total: None)
    frames = list(outcome.frames)
    lab = [lab_of(frame.picture, clip.format) for frame in frames]
    return Made(lab, float(outcome.facts["undecided"])), (frames, outcome.facts)


def lab_of(picture: Picture, read: PictureFormat) -> Lab:
    """Of RGB that was made from such a scan."""
    form = PictureFormat(
        picture.width, picture.height, picture.pixel, read.rate, colour_range="full", matrix="gbr"
    )
    return to_lab(to_srgb(picture, form))


def flow_alone(film: Film, count: int, seed: int) -> Made:
    """The first frame spread without a network, then warped from frame to frame and no more."""
    still = film.stills[0]
    points = draw_points(still, count, seed)
    ab = draw_to_edges(still.lightness, spread_points(still.lightness, points).ab, points)
    return flow_from(film, ab)


def flow_from(film: Film, ab: Colours) -> Made:
    """The first frame's colours, (H, W, 2), warped from frame to frame and nothing else."""
    estimator = FlowEstimator("fast")
    made: list[Lab] = []
    for number, here in enumerate(film.stills):
        if number:
            codes = [film.grey.pictures[n].planes[0].astype(np.uint8) for n in (number, number - 1)]
            ab = follow(ab, estimator.between(codes[0], codes[1]))
        made.append(_written(here.lightness, ab))
    return Made(made)


def carried_truth(film: Film) -> Made:
    """The first frame's true colours carried as ours are: what the way alone loses."""
    truth = np.ascontiguousarray(film.stills[0].lab[..., 1:])
    shape = truth.shape[:2]
    held = Field(truth, np.ones(shape, np.float32), np.zeros(shape, np.int16))
    estimator, made = FlowEstimator("fast"), [film.stills[0].lab]
    for before, here in pairwise(film.stills):
        way = find_way(here.lightness, before.lightness, estimator)
        held = carry(held, way, here.lightness).field
        made.append(_written(here.lightness, held.ab))
    return Made(made)


def _written(lightness: Plane, ab: npt.NDArray[np.float32]) -> Lab:
    rgb, _ = fit_gamut(np.dstack([lightness, ab]).astype(np.float32))
    return to_lab((np.rint(rgb * 255) / 255).astype(np.float32))


def beside(engine: str) -> str:
    """What the row is called in which flow alone starts from the engine's own first frame."""
    return f"flow from {engine}"


def measure_clips(data: Path, engines: Sequence[str], runs: int) -> dict[str, Any]:
    """Figures by method: the mean over clips."""
    rows: dict[str, list[dict[str, float]]] = {}
    films = [Film.load(data, name, start) for name, start in CLIPS[:runs]]
    for film in films:
        hints = hints_of(film, 0, HINTS, 0)
        made = {"flow alone": flow_alone(film, HINTS, 0), "true start": carried_truth(film)}
        for engine in engines:
            made[engine] = run_ours(film.grey, hints, engine)[0]
            first = np.ascontiguousarray(made[engine].lab[0][..., 1:])
            made[beside(engine)] = flow_from(film, first)
        for name, result in made.items():
            rows.setdefault(name, []).append({**_figures(film, result.lab)})
    means = {
        name: {key: round(float(np.mean([row[key] for row in of])), 3) for key in of[0]}
        for name, of in rows.items()
    }
    leaks = {engine: _leakage(films, engine) for engine in engines if len(films) > 1}
    return {
        "clips": [film.name for film in films],
        "methods": means,
        "by_clip": rows,
        "leak": leaks,
    }


def _figures(film: Film, made: Sequence[Lab]) -> dict[str, float]:
    errors = [float(ciede2000(lab, s.lab).mean()) for lab, s in zip(made, film.stills, strict=True)]
    decibels = []
    for lab, still in zip(made, film.stills, strict=True):
        codes = np.rint(fit_gamut(lab)[0] * 255)
        decibels.append(psnr(float(((codes - still.rgb) ** 2).mean())))
    truth = [still.lab for still in film.stills]
    return {
        "psnr": float(np.mean(decibels)),
        "first": errors[0],
        "last": errors[-1],
        "drift": errors[-1] - errors[0],
        "flicker_ratio": chroma_flicker(made, film) / max(1e-6, chroma_flicker(truth, film)),
    }


def chroma_flicker(frames: Sequence[Lab], film: Film) -> float:
    """Mean change of a and b along the motion of the true pictures, where it can be followed."""
    estimator = FlowEstimator("medium")
    found = []
    for number in range(len(frames) - 1):
        one, two = (film.grey.pictures[n].planes[0].astype(np.uint8) for n in (number, number + 1))
        there, back = estimator.between(one, two), estimator.between(two, one)
        seen = (round_trip_error(there, back) < 1.0) & ~leaves_picture(there)
        moved = follow(np.ascontiguousarray(frames[number + 1][..., 1:]), there)
        change = np.hypot(*np.moveaxis(frames[number][..., 1:] - moved, -1, 0))
        found.append(float(change[seen].mean()))
    return float(np.mean(found))


def _leakage(films: Sequence[Film], engine: str) -> dict[str, float]:
    """Change of colour behind an undetected cut, by hints before it, and the other way round.

    CIEDE2000 between the frames beyond the cut of the spliced clip and of the same frames alone,
    without any hints.
    """
    told = {"forward": 0.0, "backward": 0.0}
    half = 6
    for first, second in pairwise(films):
        height = min(first.grey.format.height, second.grey.format.height)
        parts = [_cropped(film.grey, height)[:half] for film in (first, second)]
        form = PictureFormat(WIDTH, height, PIXEL_FORMATS["gray"], first.grey.format.rate)
        spliced = MemoryClip([*parts[0], *parts[1]], form)
        for way, frame, beyond in (("forward", half - 1, 1), ("backward", half, 0)):
            film = (first, second)[1 - beyond]
            hints = hints_of(film, 0 if frame == half else frame, 20, 1)
            hints = [h | {"frame": frame} for h in hints if h["y"] + PATCH <= height]
            made = run_ours(spliced, hints, engine)[0].lab
            there = made[half:] if beyond else made[:half]
            alone = [to_lab(to_srgb(p, form)) for p in parts[beyond]]
            off = [float(ciede2000(a, b).mean()) for a, b in zip(there, alone, strict=True)]
            told[way] = max(told[way], float(np.max(off)))
    return told


def _cropped(clip: MemoryClip, height: int) -> list[Picture]:
    return [
        Picture(each.pixel, (np.ascontiguousarray(each.planes[0][:height], np.uint8),))
        for each in clip.pictures
    ]


def measure_obedience(film: Film, engine: str) -> dict[str, float]:
    """What must hold for every take: L kept, hints obeyed, HUMAN only where somebody painted."""
    hints = hints_of(film, 0, 20, 3)
    _, (frames, _facts) = run_ours(film.grey, hints, engine)
    off, stray = 0.0, 0
    for number, (before, frame) in enumerate(zip(film.grey.pictures, frames, strict=True)):
        lab = lab_of(frame.picture, film.grey.format)
        off = max(off, float(np.abs(lab[..., 0] - lightness_of(before, film.grey.format)).max()))
        painted = np.zeros(lab.shape[:2], bool)
        for hint in hints if number == 0 else ():
            painted[hint["y"] : hint["y"] + PATCH, hint["x"] : hint["x"] + PATCH] = True
        stray += int(((frame.colour == 3) != painted).sum())
    return {"lightness_off": off, "human_astray": float(stray), **_hint_error(film, hints, frames)}


def _hint_error(film: Film, hints: list[dict[str, Any]], frames: Sequence[Any]) -> dict[str, float]:
    """CIEDE2000 of painted pixels from what was asked at the film's own L, in gamut."""
    lab = lab_of(frames[0].picture, film.grey.format)
    asked, painted = lab.copy(), np.zeros(lab.shape[:2], bool)
    for hint in hints:  # where two overlap, the later one stands
        box = slice(hint["y"], hint["y"] + PATCH), slice(hint["x"], hint["x"] + PATCH)
        asked[box][..., 0] = film.stills[0].lightness[box]
        asked[box][..., 1:] = to_lab(np.array(hint["rgb"], np.float32) / np.float32(255))[1:]
        painted[box] = True
    lowered = fit_gamut(asked)[1]
    found = ciede2000(lab, asked)[painted & ~lowered]
    return {"hint_mean": float(found.mean()), "hint_max": float(found.max())}
