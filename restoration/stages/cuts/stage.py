"""Find where one shot ends and the next begins, whatever the light does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from restoration.imaging.flow import FlowEstimator
from restoration.stages.contract import Clip, Outcome, Progress, Stage
from restoration.stages.cuts.findings import Measurements, conclude
from restoration.stages.cuts.gradual import find_mix
from restoration.stages.cuts.hard import CutProposer, find_flash, measure_boundary
from restoration.stages.cuts.thumbnails import (
    Thumbnail,
    Window,
    difference,
    make_thumbnail,
    windows,
)

_LEAD = 6
"""Frames that flashes are found ahead of the cuts."""


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    sensitivity: float = 1.0
    """Above 1 finds more cuts and more false ones, below 1 fewer."""
    shortest: int = 4
    """Frames between two cuts, at least."""
    dissolves: bool = True
    """Also look for changes of scene that take many frames."""

    def __post_init__(self) -> None:
        if not 0.2 <= self.sensitivity <= 5.0:
            raise ValueError(f"sensitivity must lie in 0.2 to 5, not {self.sensitivity}")
        if self.shortest < 1:
            raise ValueError(f"shortest must be at least 1 frame, not {self.shortest}")


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Decode the clip once and name its cuts, dissolves and marked frames."""
    measured = Measurements(clip.start_frame)
    proposer = CutProposer(
        clip.format.rate, sensitivity=3.0 / params.sensitivity, least_change=12.0
    )
    estimator = FlowEstimator("medium") if params.dissolves else None
    foreign: set[int] = set()
    tested = clip.start_frame
    for window in windows(_thumbnails(clip, progress)):
        here = window.here
        # Flashes are looked for a little ahead, so that no measure takes them for the scene.
        tested = _find_flashes(measured, window, foreign, tested)
        measured.proposals |= set(proposer.feed(here, foreign=here.frame in foreign))
        _measure(measured, window, frozenset(foreign), estimator)
    measured.proposals |= set(proposer.finish(clip.end_frame))
    facts = conclude(measured, strictness=1.0 / params.sensitivity, shortest=params.shortest)
    return Outcome(facts=facts)


def _thumbnails(clip: Clip, progress: Progress) -> Iterator[Thumbnail]:
    total = clip.end_frame - clip.start_frame
    for done, picture in enumerate(clip.frames(clip.start_frame, clip.end_frame), start=1):
        yield make_thumbnail(clip.start_frame + done - 1, picture)
        progress(done, total)


def _find_flashes(measured: Measurements, window: Window, foreign: set[int], tested: int) -> int:
    """Test every frame up to a few after the centre; the first frame still to be tested."""
    for ahead in range(tested - window.here.frame, _LEAD + 1):
        if window.at(ahead) is None:
            break
        tested += 1
        if window.here.frame + ahead in foreign:
            continue
        flash = find_flash(Window(window.frames, window.centre + ahead))
        if flash is not None:
            measured.flashes.append(flash)
            foreign |= {flash.frame + k for k in range(flash.length)}
    foreign -= {frame for frame in foreign if frame < window.frames[0].frame}
    return tested


def _measure(
    measured: Measurements,
    window: Window,
    foreign: frozenset[int],
    estimator: FlowEstimator | None,
) -> None:
    here, before = window.here, window.at(-1)
    boundary = measure_boundary(window, foreign)
    if boundary is not None:
        measured.boundaries.append(boundary)
    if estimator is not None and (mix := find_mix(window, estimator)) is not None:
        measured.mixes.append(mix)
    if before is not None and before.is_flat and not here.is_flat:
        measured.bridged[here.frame] = _across_blank(window)
    measured.means.append(here.mean)
    measured.spreads.append(here.spread)
    measured.flat.append(here.is_flat)
    step = 0.0 if before is None else float(cv2.absdiff(here.luma, before.luma).mean())
    measured.steps.append(step)
    measured.titles.append(_is_title(here))


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


STAGE = Stage(name="cuts", version="1", queue="cpu", makes="findings", params=Params, run=run)
