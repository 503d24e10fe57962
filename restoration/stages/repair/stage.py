"""Remove dirt, dust and scratches by copying from the frames around; touch nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from restoration.imaging.flow_cells import CellEstimator, CellSearch, Gathered
from restoration.stages import kept
from restoration.stages.contract import (
    JSON,
    Clip,
    Outcome,
    Progress,
    Stage,
    StageError,
    StageFrame,
)
from restoration.stages.memory import taking
from restoration.stages.repair.asking import answer
from restoration.stages.repair.choosing import Neighbour
from restoration.stages.repair.detect import Mask
from restoration.stages.repair.fast_motion import without_movers
from restoration.stages.repair.fill import Filled, fill_defects
from restoration.stages.repair.finding import (
    LARGEST,
    ByNetwork,
    ByThresholds,
    Finder,
    Found,
    NetworkJudge,
)
from restoration.stages.repair.judgement import Judgement, judge
from restoration.stages.repair.line_mend import MendedLines
from restoration.stages.repair.line_track import AHEAD, BACK
from restoration.stages.repair.lines import StandingLines
from restoration.stages.repair.parts import Bits
from restoration.stages.repair.regions import draw, drop_larger, parse_regions, spare
from restoration.stages.repair.samples import align_to_chroma, gather, spread
from restoration.stages.repair.views import FARTHEST, WINDOW, Surroundings, View
from restoration.stages.segments import Segment, split_at_marks

NETWORK = "repair"
"""Name of the weights in weights.toml."""
LEARNED_FLOW = "basicvsr-reds"
"""The weights that carry the learned flow."""
ENGINES = ("network", "classical")
FLOWS = ("search", "learned")
CHUNK = 480
"""Frames; about a minute of work at 640 x 480."""


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    engine: str = "classical"
    """`network`, or `classical` for thresholds alone."""
    flow: str = "search"
    """How motion is found: `search` (dense inverse search), or `learned` (SPyNet, for a GPU)."""
    sensitivity: float = 1.0
    """Above 1 finds fainter defects and risks detail; below 1 the other way round."""
    grow: int = 1
    """Pixels by which a defect is widened, for its soft edge."""
    scratches: bool = True
    """Also look for scratches that stay for many frames."""
    largest: float = 0.0
    """Widest blotch to repair, in pixels of the scan (of a disc of its area); what is larger stays.
    0: up to a fiftieth of the picture. Scratches have no such limit."""
    protect: list[Any] = field(default_factory=list)
    """Regions that are never touched (`regions.Region`): polygons with a range of frames."""
    undone: list[Any] = field(default_factory=list)
    """Repairs that a person took back, as regions: left as the scan has them, each as a whole."""

    neighbour: list[Any] = field(default_factory=list)
    """Repairs for which a person asked for a neighbour, as regions: copied from the likeliest place
    where one of the frames beside shows it undamaged, whatever the fit; not made up."""

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {self.engine!r}")
        if self.flow not in FLOWS:
            raise ValueError(f"flow must be one of {', '.join(FLOWS)}, not {self.flow!r}")
        if not 0.1 <= self.sensitivity <= 10.0:
            raise ValueError(f"sensitivity must lie in 0.1 to 10, not {self.sensitivity}")
        if not 0 <= self.grow <= 8:
            raise ValueError(f"grow must lie in 0 to 8 pixels, not {self.grow}")
        if not 0.0 <= self.largest <= 10_000.0:
            raise ValueError(f"largest must lie in 0 to 10000 pixels, not {self.largest}")
        parse_regions("protect", self.protect)
        parse_regions("undone", self.undone)
        parse_regions("neighbour", self.neighbour)


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip repaired."""
    return resume(clip, params, progress, clip.start_frame, None)


def resume(
    clip: Clip, params: Params, progress: Progress, first: int, so_far: dict[str, JSON] | None
) -> Outcome:
    """The same from the frame `first` on; see `Stage.resume`."""
    facts: dict[str, JSON] = so_far or {
        "frames": [],
        "frames_not_judged": 0,
        "not_judged": [],
        "asked": [],
    }
    before = first - clip.start_frame

    def told(done: int, total: int) -> None:
        progress(before + done, before + total)

    return Outcome(repair_frames(clip, params, told, facts, first, clip.end_frame), facts)


def repair_frames(
    clip: Clip, params: Params, progress: Progress, facts: dict[str, JSON], start: int, stop: int
) -> Iterator[StageFrame]:
    """Repair frames [start, stop) of the clip; the same values as when the whole is repaired."""
    finder, search = _finder(params, facts, clip.device), _flow_search(params, clip.device)
    done = 0
    for segment in split_at_marks(clip.start_frame, clip.end_frame, clip.marks):
        part = Segment(max(segment.start, start), min(segment.stop, stop))
        if part.stop <= part.start:
            continue
        for made in _repair_segment(clip, params, finder, search, facts, segment, part):
            yield made
            done += 1
            progress(done, stop - start)


def _finder(params: Params, facts: dict[str, JSON], device: str) -> Finder:
    """The engine that was asked for, or the classical one where torch is not installed.

    Raises: WeightsError if the network's file is not the one that was shipped.
    """
    facts["engine"] = "classical"
    if params.engine == "classical":
        return ByThresholds(params.sensitivity)
    try:
        judge_by_network = _network_on(device)
    except ModuleNotFoundError as missing:
        facts["engine_missing"] = f"{missing.name} is not installed"
        return ByThresholds(params.sensitivity)
    facts["engine"], facts["network_precision"] = "network", judge_by_network.precision
    return ByNetwork(judge_by_network, params.sensitivity)


def _network_on(device: str) -> NetworkJudge:
    """Raises: ModuleNotFoundError without torch, WeightsError."""
    if device == "cpu":
        from restoration.stages.repair.judging import Judge

        return kept.network(NETWORK, Judge)
    from restoration.stages.repair.judging_batches import BatchJudge

    return kept.network(NETWORK, BatchJudge, device)


def _flow_search(params: Params, device: str) -> CellSearch:
    """Raises: StageError without torch, WeightsError without the weights."""
    if params.flow == "search":
        return CellEstimator()
    try:
        from restoration.imaging.spynet import LearnedFlow
    except ModuleNotFoundError as missing:
        raise StageError(
            f"{missing.name} is not installed, and learned flow needs it; choose flow=search"
        ) from missing
    return Gathered(kept.network(LEARNED_FLOW, LearnedFlow, device))


def _loaded(params: Params) -> tuple[str, ...]:
    """Names of the weights that a run with these loads."""
    network = (NETWORK,) if params.engine == "network" else ()
    return (*network, LEARNED_FLOW) if params.flow == "learned" else network


@dataclass(frozen=True, slots=True, eq=False)
class _Defects:
    """What was found in one frame.

    damaged: (H, W) bool at the size of the scan, in whole samples. core: that before it was grown.
    mask: what of it is to be repaired, without that which a person protected or took back.
    """

    judgement: Judgement
    found: Found
    damaged: Mask
    core: Mask
    mask: Mask


def _repair_segment(
    clip: Clip,
    params: Params,
    finder: Finder,
    search: CellSearch,
    facts: dict[str, JSON],
    segment: Segment,
    part: Segment,
) -> Iterator[StageFrame]:
    seen = max(segment.start, part.start - BACK) if params.scratches else segment.stop
    around = Surroundings(clip, segment, min(seen, part.start), search)
    lines = StandingLines(around)
    defects: dict[int, _Defects] = {}
    for frame in range(part.start, part.stop):
        while seen < min(frame + AHEAD + 1, segment.stop):
            around.forget_before(min(seen, frame) - WINDOW)
            lines.look(seen)
            seen += 1
        around.forget_before(frame - WINDOW)
        for near in [frame, *(frame + offset for offset in around.offsets(frame))]:
            if near not in defects:
                defects[near] = _find(around, near, finder, params)
        judged = defects[frame].judgement
        if judged.why_not:
            facts["not_judged"].append(judged.as_fact(frame))
            facts["frames_not_judged"] += 1
        yield _repair(around, frame, defects, lines if params.scratches else None, params, facts)
        defects.pop(frame - FARTHEST, None)
        lines.forget_before(frame - WINDOW)


def _spared(mask: Mask, here: View, params: Params) -> Mask:
    """The mask without what a person protected or took back."""
    return spare(
        mask,
        here.frame,
        protect=parse_regions("protect", params.protect),
        undone=parse_regions("undone", params.undone),
        pixel=here.picture.pixel,
    )


def _spared_lines(mended: MendedLines | None, here: View, params: Params) -> MendedLines | None:
    """The same for lines, whose mended values are put back."""
    if mended is None or not (params.protect or params.undone):
        return mended
    pixel = here.picture.pixel
    changed = mended.opaque.copy()
    for old, new in zip(here.picture.planes, mended.planes, strict=True):
        changed |= spread(old != new, changed.shape, pixel)
    gone = changed & ~_spared(changed, here, params)
    planes = [plane.copy() for plane in mended.planes]
    for old, new in zip(here.picture.planes, planes, strict=True):
        back = gather(gone, old.shape, pixel)
        new[back] = old[back]
    return replace(mended, planes=planes, opaque=mended.opaque & ~gone)


def _largest(params: Params, pixels: int) -> float:
    """Share of a scan of so many pixels that one defect may cover."""
    return float(np.pi / 4.0 * params.largest**2 / pixels) if params.largest else LARGEST


def _find(around: Surroundings, frame: int, finder: Finder, params: Params) -> _Defects:
    here = around.view(frame)
    motions = tuple(around.motion(frame, offset) for offset in around.offsets(frame))
    judgement = judge(here, motions)
    if judgement.why_not:
        nothing = np.zeros(here.shape, bool)
        found = Found(np.zeros(here.codes.shape, np.uint8), motions)
        return _Defects(judgement, found, nothing, nothing, nothing)
    found = finder.find(around, frame, _largest(params, here.shape[0] * here.shape[1]))
    views = {motion.offset: around.view(frame + motion.offset) for motion in motions}
    if found.sure is None:
        mask = without_movers(here, found.mask, motions, views)
    else:
        mask = without_movers(here, found.mask & ~found.sure, motions, views) | found.sure
    if params.largest:
        across = params.largest * mask.shape[1] / here.shape[1]
        mask = drop_larger(mask.view(bool), across).view(np.uint8)
    core = _to_full_size(mask, here)
    if params.grow and mask.any():
        kernel = np.ones((2 * params.grow + 1, 2 * params.grow + 1), np.uint8)
        mask = np.asarray(cv2.dilate(mask, kernel), np.uint8)
    damaged = align_to_chroma(_to_full_size(mask, here), here.picture.pixel)
    return _Defects(judgement, found, damaged, core, _spared(damaged, here, params))


def _to_full_size(mask: Bits, view: View) -> Mask:
    height, width = view.shape
    if mask.shape != (height, width):
        mask = np.asarray(
            cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
        )
    return mask.view(bool)


def _repair(
    around: Surroundings,
    frame: int,
    defects: dict[int, _Defects],
    lines: StandingLines | None,
    params: Params,
    facts: dict[str, JSON],
) -> StageFrame:
    here, mask = around.view(frame), defects[frame].mask
    record: dict[str, JSON] = {"frame": frame, "defects": 0, "recovered": 0, "synthesised": 0}
    record |= {"adjusted": 0, "lines": []}
    facts["frames"].append(record)
    mended = lines.mend(frame) if lines and not defects[frame].judgement.why_not else None
    mended = _spared_lines(mended, here, params)
    count = 0
    if not mask.any() and mended is None:
        blank = np.zeros(mask.shape, np.uint8)
        made = StageFrame(here.picture, blank, blank)
    else:
        neighbours = _neighbours(around, frame, defects, lines)
        count = len(neighbours)
        filled = _fill(here, defects[frame], neighbours, mended, params)
        record["defects"] = filled.defects
        record["recovered"], record["synthesised"] = filled.recovered, filled.synthesised
        record["adjusted"] = filled.adjusted
        record["lines"] = [line.as_json() for line in mended.records] if mended else []
        made = StageFrame(filled.picture, filled.structure, filled.colour, filled.sources)
    facts.setdefault("asked", []).extend(_answers(made, frame, params, count))
    return made


def _neighbours(
    around: Surroundings, frame: int, defects: dict[int, _Defects], lines: StandingLines | None
) -> list[Neighbour]:
    """The frames that may be copied from, nearest first; one that was not judged lends nothing."""
    return [
        Neighbour(
            around.view(frame + motion.offset),
            motion,
            _no_source(defects[frame + motion.offset], frame + motion.offset, lines),
        )
        for motion in defects[frame].found.motions
        if not defects[frame + motion.offset].judgement.why_not
    ]


def _fill(
    here: View,
    defects: _Defects,
    neighbours: list[Neighbour],
    mended: MendedLines | None,
    params: Params,
) -> Filled:
    expected = defects.found.expected(here, defects.mask)
    asked = draw(parse_regions("neighbour", params.neighbour), here.frame, defects.mask.shape)
    return fill_defects(here, defects.mask, neighbours, mended, expected, defects.core, asked)


def _answers(made: StageFrame, frame: int, params: Params, neighbours: int) -> list[JSON]:
    """What became of each request for a neighbour in this frame."""
    asked = parse_regions("neighbour", params.neighbour)
    labels = np.maximum(made.structure, made.colour)
    return [
        answer(region, frame, labels, made.sources, neighbours)
        for region in asked
        if region.start <= frame < region.stop
    ]


def _no_source(defects: _Defects, frame: int, lines: StandingLines | None) -> Mask:
    return defects.damaged if lines is None else defects.damaged | lines.seen(frame)


STAGE = Stage(
    name="repair",
    version="22",
    queue="gpu",
    makes="pictures",
    params=Params,
    run=run,
    memory=taking(850),
    weights=_loaded,
    resume=resume,
    chunk=CHUNK,
    keeps_single=False,
)
