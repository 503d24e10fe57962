"""Remove dirt, dust and scratches by copying from the frames around; touch nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from restoration.imaging.flow import FlowEstimator
from restoration.stages.contract import JSON, Clip, Outcome, Progress, Stage, StageFrame
from restoration.stages.repair.detect import Mask, Thresholds, detect_defects
from restoration.stages.repair.fill import Neighbour, align_to_chroma, fill_defects
from restoration.stages.repair.judgement import Judgement, judge
from restoration.stages.repair.line_mend import MendedLines
from restoration.stages.repair.lines import StandingLines
from restoration.stages.repair.regions import drop_larger, gather, parse_regions, spare, spread
from restoration.stages.repair.views import REACH, Surroundings, View
from restoration.stages.segments import Segment, split_at_marks


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

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

    def __post_init__(self) -> None:
        if not 0.1 <= self.sensitivity <= 10.0:
            raise ValueError(f"sensitivity must lie in 0.1 to 10, not {self.sensitivity}")
        if not 0 <= self.grow <= 8:
            raise ValueError(f"grow must lie in 0 to 8 pixels, not {self.grow}")
        if not 0.0 <= self.largest <= 10_000.0:
            raise ValueError(f"largest must lie in 0 to 10000 pixels, not {self.largest}")
        parse_regions("protect", self.protect)
        parse_regions("undone", self.undone)


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip repaired."""
    outcome = Outcome(facts={"frames": [], "frames_not_judged": 0, "not_judged": []})
    outcome.frames = repair_frames(
        clip, params, progress, outcome.facts, clip.start_frame, clip.end_frame
    )
    return outcome


def repair_frames(
    clip: Clip, params: Params, progress: Progress, facts: dict[str, JSON], start: int, stop: int
) -> Iterator[StageFrame]:
    """Repair frames [start, stop) of the clip; the same values as when the whole is repaired."""
    done = 0
    for segment in split_at_marks(clip.start_frame, clip.end_frame, clip.marks):
        part = Segment(max(segment.start, start), min(segment.stop, stop))
        if part.stop <= part.start:
            continue
        for made in _repair_segment(clip, params, facts, segment, part):
            yield made
            done += 1
            progress(done, stop - start)


def _repair_segment(
    clip: Clip, params: Params, facts: dict[str, JSON], segment: Segment, part: Segment
) -> Iterator[StageFrame]:
    around = Surroundings(clip, segment, part.start, FlowEstimator("fast"))
    masks: dict[int, Mask] = {}
    lines = StandingLines(around)
    judged: dict[int, Judgement] = {}
    for frame in range(part.start, part.stop):
        around.forget_before(frame - 2 * REACH)
        for near in [frame, *(frame + offset for offset in around.offsets(frame))]:
            if near not in masks:
                found = _find(around, near, judged, params)
                masks[near] = _spared(found, around.view(near), params)
        if judged[frame].why_not:
            facts["not_judged"].append(judged[frame].as_fact(frame))
            facts["frames_not_judged"] += 1
        yield _repair(
            around, frame, masks, lines if params.scratches else None, judged, params, facts
        )
        masks.pop(frame - REACH, None)
        judged.pop(frame - REACH, None)
        lines.forget_before(frame - 2 * REACH)


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


def _limits(params: Params, pixels: int) -> Thresholds:
    """Thresholds for frames of so many pixels of the scan."""
    usual = Thresholds.at(params.sensitivity)
    area = np.pi / 4.0 * params.largest**2
    return replace(usual, largest=area / pixels) if area else usual


def _find(around: Surroundings, frame: int, judged: dict[int, Judgement], params: Params) -> Mask:
    here = around.view(frame)
    offsets = around.offsets(frame)
    motions = [around.motion(frame, offset) for offset in offsets]
    judged[frame] = judge(here, motions)
    if judged[frame].why_not:
        return np.zeros(here.full.shape, bool)
    views = {offset: around.view(frame + offset) for offset in offsets}
    found: Mask = detect_defects(here, motions, views, _limits(params, here.full.size))
    if params.largest:
        found = drop_larger(found, params.largest * found.shape[1] / here.full.shape[1])
    if params.grow and found.any():
        kernel = np.ones((2 * params.grow + 1, 2 * params.grow + 1), np.uint8)
        found = cv2.dilate(found.astype(np.uint8), kernel).astype(bool)
    return align_to_chroma(_to_full_size(found, here), here.picture.pixel)


def _to_full_size(mask: Mask, view: View) -> Mask:
    height, width = view.full.shape
    if mask.shape == (height, width):
        return mask
    larger = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return larger.astype(bool)


def _repair(
    around: Surroundings,
    frame: int,
    masks: dict[int, Mask],
    lines: StandingLines | None,
    judged: dict[int, Judgement],
    params: Params,
    facts: dict[str, JSON],
) -> StageFrame:
    here, mask = around.view(frame), masks[frame]
    record: dict[str, JSON] = {"frame": frame, "defects": 0, "recovered": 0, "synthesised": 0}
    record |= {"adjusted": 0, "lines": []}
    facts["frames"].append(record)
    mended = lines.mend(frame) if lines and not judged[frame].why_not else None
    mended = _spared_lines(mended, here, params)
    if not mask.any() and mended is None:
        blank = np.zeros(mask.shape, np.uint8)
        return StageFrame(here.picture, blank, blank)
    neighbours = [
        Neighbour(
            around.view(frame + offset),
            around.motion(frame, offset),
            masks[frame + offset] | lines.seen(frame + offset) if lines else masks[frame + offset],
        )
        for offset in around.offsets(frame)
        if not judged[frame + offset].why_not  # what could not be judged lends nothing
    ]
    filled = fill_defects(here, mask, neighbours, mended)
    record["defects"] = filled.defects
    record["recovered"], record["synthesised"] = filled.recovered, filled.synthesised
    record["adjusted"] = filled.adjusted
    record["lines"] = [line.as_json() for line in mended.records] if mended else []
    return StageFrame(filled.picture, filled.structure, filled.colour, filled.sources)


STAGE = Stage(name="repair", version="6", queue="gpu", makes="pictures", params=Params, run=run)
