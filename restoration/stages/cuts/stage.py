"""Find where one shot ends and the next begins, whatever the light does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace

import cv2
import numpy as np

from restoration.imaging.flow import FlowEstimator
from restoration.stages.contract import Clip, Outcome, Progress, Stage
from restoration.stages.cuts.clean import without_dirt, without_foreign
from restoration.stages.cuts.findings import conclude
from restoration.stages.cuts.gradual import find_mix
from restoration.stages.cuts.hard import CutProposer, measure_boundary
from restoration.stages.cuts.measurements import Measurements
from restoration.stages.cuts.motion import carried_across
from restoration.stages.cuts.reading import Reading, open_reading
from restoration.stages.cuts.thumbnails import (
    Thumbnail,
    Window,
    difference,
    make_thumbnail,
    windows,
)

WEIGHTS = "transnetv2"


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    sensitivity: float = 1.0
    """Above 1 finds more cuts and more false ones, below 1 fewer."""
    shortest: int = 4
    """Frames between two cuts, at least."""
    dissolves: bool = True
    """Also look for changes of scene that take many frames."""
    network: bool = True
    """Ask TransNet V2 too, if PyTorch and its weights are there."""

    def __post_init__(self) -> None:
        if not 0.2 <= self.sensitivity <= 5.0:
            raise ValueError(f"sensitivity must lie in 0.2 to 5, not {self.sensitivity}")
        if self.shortest < 1:
            raise ValueError(f"shortest must be at least 1 frame, not {self.shortest}")


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Decode the clip once and name its cuts, dissolves and marked frames."""
    measured, missing = measure(clip, params, progress)
    facts = conclude(measured, strictness=1.0 / params.sensitivity, shortest=params.shortest)
    facts["network"] = {"weights": WEIGHTS, "used": not missing, "why_not": missing}
    return Outcome(facts=facts)


def measure(clip: Clip, params: Params, progress: Progress) -> tuple[Measurements, str]:
    """What there is to know of every frame, and why the network was not asked, if it was not."""
    measured = Measurements(clip.start_frame)
    reading, missing = open_reading() if params.network else (None, "switched off")
    with closing(reading) if reading is not None else nullcontext():
        _look_through(clip, params, progress, measured, reading)
    return measured, missing


def _look_through(
    clip: Clip,
    params: Params,
    progress: Progress,
    measured: Measurements,
    reading: Reading | None,
) -> None:
    proposer = CutProposer(
        clip.format.rate, sensitivity=3.0 / params.sensitivity, least_change=12.0
    )
    estimator = FlowEstimator("medium")
    shown = without_foreign(_thumbnails(clip, measured, progress), measured.flashes)
    for window in windows(without_dirt(shown)):
        measured.proposals |= set(proposer.feed(window.here))
        _measure(measured, window, estimator, dissolves=params.dissolves)
        if reading is not None:
            reading.feed(window.here)
    measured.proposals |= set(proposer.finish(clip.end_frame))
    if reading is not None:
        total = clip.end_frame - clip.start_frame
        measured.single, measured.every = reading.finish(lambda: progress(total, total))


def _thumbnails(clip: Clip, measured: Measurements, progress: Progress) -> Iterator[Thumbnail]:
    total = clip.end_frame - clip.start_frame
    before: Thumbnail | None = None
    for done, picture in enumerate(clip.frames(clip.start_frame, clip.end_frame), start=1):
        thumbnail = make_thumbnail(clip.start_frame + done - 1, picture)
        _note(measured, thumbnail, before)
        before = thumbnail
        yield thumbnail
        progress(done, total)


def _note(measured: Measurements, here: Thumbnail, before: Thumbnail | None) -> None:
    """What is told of frames as they are, foreign or not."""
    measured.spreads.append(here.spread)
    measured.flat.append(here.is_flat)
    step = 0.0 if before is None else float(cv2.absdiff(here.luma, before.luma).mean())
    measured.steps.append(step)
    measured.titles.append(_is_title(here))


def _measure(
    measured: Measurements, window: Window, estimator: FlowEstimator, *, dissolves: bool
) -> None:
    here, before = window.here, window.at(-1)
    boundary = measure_boundary(window)
    if boundary is not None and boundary.is_candidate:
        motion = carried_across(window, estimator)
        measured.boundaries.append(replace(boundary, carried=motion[0], usual=motion[1]))
    if dissolves and (mix := find_mix(window, estimator)) is not None:
        measured.mixes.append(mix)
    if before is not None and before.is_flat and not here.is_flat:
        measured.bridged[here.frame] = _across_blank(window)


def _across_blank(window: Window) -> float:
    """Smallest rank difference between frames before and after the blank ones, if in reach."""
    at = -1
    while (blank := window.at(at)) is not None and blank.is_flat:
        at -= 1
    before = [found for k in (0, 4, 8) if (found := window.at(at - k)) and not found.is_flat]
    after = [found for k in (0, 4, 8) if (found := window.at(k)) and not found.is_flat]
    return min((difference(one, other) for one in before for other in after), default=np.inf)


def _is_title(thumbnail: Thumbnail) -> bool:
    """Light writing on a dark card: most of the frame dark and even, a small part light."""
    light = float(np.count_nonzero(thumbnail.luma > 110)) / thumbnail.luma.size
    dark = float(np.count_nonzero(thumbnail.luma < 60)) / thumbnail.luma.size
    return 0.01 < light < 0.3 and dark > 0.6


STAGE = Stage(
    name="cuts",
    version="2",
    queue="cpu",
    makes="findings",
    params=Params,
    run=run,
    weights=(WEIGHTS,),
)
