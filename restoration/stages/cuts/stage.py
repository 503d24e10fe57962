"""Find where one shot ends and the next begins, whatever the light does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace

from restoration.imaging.flow import FlowEstimator
from restoration.stages.contract import Clip, Outcome, Progress, Stage
from restoration.stages.cuts.blanks import BlankWatch
from restoration.stages.cuts.borders import DOUBTFUL
from restoration.stages.cuts.clean import without_dirt, without_foreign
from restoration.stages.cuts.evidence import Evidence
from restoration.stages.cuts.findings import conclude
from restoration.stages.cuts.gradual import between, find_mix
from restoration.stages.cuts.hard import CutProposer, measure_boundary
from restoration.stages.cuts.measurements import APART, DRIFT_REACH, Measurements
from restoration.stages.cuts.motion import carried_far, cross, slide, steadied
from restoration.stages.cuts.reading import Reading, open_reading
from restoration.stages.cuts.splices import around, find_joint, stands_out
from restoration.stages.cuts.thumbnails import (
    REACH,
    Thumbnail,
    Window,
    difference,
    make_thumbnail,
    mean_difference,
    windows,
)
from restoration.stages.cuts.titles import writing
from restoration.stages.memory import taking

WEIGHTS = "transnetv2"
_BUSY = 26.0
"""Rank difference within 24 frames from which it is asked whether a dissolve is there."""
_JUMP = 0.6
"""Share of that difference between two neighbours with which a cut explains it."""
_MOVES = 10.0
"""Rank difference of two neighbours from which it is asked whether the whole picture slides."""
_LOOKS = 4
"""Frames of which one is looked at for writing."""
_DRIFTS = 12.0
"""Rank difference within 12 frames from which it is asked whether motion explains it."""


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
    blanks = BlankWatch(estimator)
    shown = without_foreign(_thumbnails(clip, measured, progress), measured.flashes)
    for window in windows(_proposed(without_dirt(shown), clip, proposer, measured.proposals)):
        blanks.feed(window)
        busy = _measure(measured, window, estimator, params)
        if reading is not None:
            reading.feed(window.here, busy=busy)
    measured.passages = blanks.found
    if reading is not None:
        total = clip.end_frame - clip.start_frame
        measured.single, measured.every = reading.finish(lambda: progress(total, total))


def _proposed(
    shown: Iterable[Thumbnail], clip: Clip, proposer: CutProposer, proposals: set[int]
) -> Iterator[Thumbnail]:
    """Every frame in turn; what is proposed of it is known before it becomes a centre."""
    for thumbnail in shown:
        proposals |= set(proposer.feed(thumbnail))
        yield thumbnail
    proposals |= set(proposer.finish(clip.end_frame))


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
    step = 0.0 if before is None else mean_difference(here.luma, before.luma)
    measured.steps.append(step)
    # A card stands for many frames: every fourth is enough.
    again = here.frame % _LOOKS and measured.looks
    measured.looks.append(measured.looks[-1] if again else writing(here))


def _measure(
    measured: Measurements, window: Window, estimator: FlowEstimator, params: Params
) -> bool:
    """Measure what lies around the centre frame; whether the network could make a cut of it."""
    boundary = measure_boundary(window)
    jumps = False
    if boundary is not None and (boundary.is_candidate or boundary.frame in measured.proposals):
        share, usual = cross(window, estimator)
        boundary = replace(boundary, carried=share, usual=usual)
        measured.boundaries.append(boundary)
        jumps = Evidence.most(boundary).confidence(1.0 / params.sensitivity) >= DOUBTFUL
    _measure_drift(measured, window, estimator)
    _measure_joint(measured, window, estimator)
    if params.dissolves and (mix := find_mix(window, estimator)) is not None:
        measured.mixes.append(mix)
    return jumps or _glides(measured)


def _glides(measured: Measurements) -> bool:
    """Whether the picture becomes another one by and by, which one jump does not explain."""
    index, reach = len(measured.drift) - 1, DRIFT_REACH[1]
    drift = measured.drift[index][1]
    strides = measured.strides[max(0, index - reach + 1) : index + reach + 1]
    return drift > _BUSY and max(strides) < _JUMP * drift


def _measure_strides(measured: Measurements, window: Window) -> None:
    """From frame to frame, up to as far ahead as drift reaches."""
    index = len(measured.drift) - 1
    while (ahead := len(measured.strides) - index) <= DRIFT_REACH[1]:
        one, other = window.at(ahead - 1), window.at(ahead)
        if other is None:
            break
        stride = 0.0 if one is None else difference(one, other)
        measured.strides.append(stride)
        slides = one is not None and stride > _MOVES
        measured.slides.append(slide(one, other) if one is not None and slides else 0.0)
        measured.steady.append(0.0 if one is None else steadied(one, other))


def _measure_joint(measured: Measurements, window: Window, estimator: FlowEstimator) -> None:
    """Whether frames are missing before the centre frame."""
    index = len(measured.drift) - 1
    # More than are ever looked at together; whatever is foreign there is known already.
    foreign = {
        flash.frame + k for flash in measured.flashes[-2 * REACH :] for k in range(flash.length)
    }
    here = window.here.frame
    stands = [
        any(stands_out(steps, k) for steps in (measured.strides, measured.steady))
        for k in (index - 1, index)
    ]
    if not stands[1] and here - 1 not in foreign:
        return
    steps = [measured.steady[index], *around(measured.steady, index)]
    # The frame at a joint is often spoiled by light or glue, and then both steps beside it are
    # large. What stands on both sides of it tells a splice from mere damage.
    spoiled = [foreign] + ([foreign | {here - 1}] if all(stands) else [])
    found = [find_joint(window, steps, each, estimator) for each in spoiled]
    measured.joints += [joint for joint in found if joint is not None]


def _measure_drift(measured: Measurements, window: Window, estimator: FlowEstimator) -> None:
    """How far the picture drifts within half a second, and whether motion explains it."""
    drift = [_between(window, reach) for reach in DRIFT_REACH]
    measured.apart.append(tuple(_between(window, reach) for reach in APART))
    measured.drift.append((drift[0], drift[1]))
    _measure_strides(measured, window)
    shares = [
        share
        for reach in DRIFT_REACH
        if drift[1] > _BUSY and (share := between(window, reach)) is not None
    ]
    measured.between.append(max(shares, default=None))
    carried = 1.0
    if drift[0] > _DRIFTS:
        # Every third frame is enough: neighbours see nearly the same.
        again = window.here.frame % 3 and len(measured.carried)
        carried = measured.carried[-1] if again else carried_far(window, DRIFT_REACH[0], estimator)
    measured.carried.append(carried)


def _between(window: Window, reach: int) -> float:
    """Rank difference of the frames so far before and after; 0 beyond the ends."""
    one, other = window.at(-reach), window.at(reach)
    return 0.0 if one is None or other is None else difference(one, other)


STAGE = Stage(
    name="cuts",
    version="7",
    queue="cpu",
    makes="findings",
    params=Params,
    run=run,
    memory=taking(900, 50),
    weights=lambda params: (WEIGHTS,) if params.network else (),
)
