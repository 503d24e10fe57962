"""Single repairs: found in a take's map, kept, undone or asked of a neighbour; protected regions.

A repair is a connected region of one frame that the stage `repair` changed. Decisions are bound to
the place in the picture: in later takes they are found again by frame and overlap. What was decided
becomes a parameter of the next run (`restoration.drawn`); no label is ever changed by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from restoration.editing import lock, tell
from restoration.errors import DrawingError
from restoration.mapfile import MapReader
from restoration.models import ProtectedRegion, RepairDecision, Scene, Take
from restoration.orders import TakeFiles
from restoration.provenance import FrameMap, Label
from restoration.provenance.labels import no_label
from restoration.recording import MAP
from restoration.stages.repair.regions import MOST_POINTS, Region, draw
from restoration.storage import storage

Mask = npt.NDArray[np.bool_]
Polygon = list[list[int]]

MOST = 3000
"""Repairs of one frame that are listed; the largest ones if there are more."""


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """One connected region.

    box: left, top, width, height. at: a pixel of it, (x, y). sources: pixels copied, by frame.
    """

    box: tuple[int, int, int, int]
    at: tuple[int, int]
    outline: Polygon
    pixels: int
    labels: dict[str, int]
    label: Label
    sources: dict[int, int]
    inside: Mask
    """(height, width) of its box."""

    def as_json(self, decision: RepairDecision | None) -> dict[str, Any]:
        return {
            "box": self.box,
            "at": self.at,
            "outline": self.outline,
            "pixels": self.pixels,
            "labels": self.labels,
            "label": self.label.name,
            "sources": {str(frame): pixels for frame, pixels in self.sources.items()},
            "decision": decision
            and {
                "id": decision.pk,
                "decision": decision.decision,
                "by": decision.by.get_username(),
                "reason": decision.reason,
            },
        }


def repairs_in(take: Take, frame: int) -> list[Repair]:
    """Every repair of one frame of a take, from top to bottom.

    Raises: DrawingError for another stage's take or a frame that it has not, ProvenanceError if its
        map cannot be read.
    """
    if take.stage != "repair":
        raise DrawingError(f"{take} is no take of repair; choose one to see its repairs")
    if not take.start_frame <= frame < take.end_frame:
        last = take.end_frame - 1
        raise DrawingError(f"this take has frames {take.start_frame} to {last}, not {frame}")
    place = frame - take.start_frame
    path = TakeFiles(storage().folder(take.storage_key, MAP)).map
    frame_map = next(MapReader(path).frames(place, place + 1))
    return find_repairs(frame_map, frame, adjusts=take.input_take_id is None)


def find_repairs(frame_map: FrameMap, frame: int, *, adjusts: bool) -> list[Repair]:
    """The connected regions of a map that a repair made.

    Args:
        adjusts: whether ADJUSTED is the repair's own, since no earlier stage adjusted anything.
    """
    highest = np.maximum(frame_map.structure, frame_map.colour)
    least = Label.ADJUSTED if adjusts else Label.RECOVERED
    mask = (highest >= least) & ~no_label(highest)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    labels = np.asarray(parts, np.int32)
    largest = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST] + 1
    return [
        _repair(frame_map, highest, labels, stats[part], int(part), frame)
        for part in sorted(largest.tolist())
        if count > 1
    ]


def _repair(
    frame_map: FrameMap,
    highest: npt.NDArray[np.uint8],
    parts: npt.NDArray[np.int32],
    stats: npt.NDArray[np.int32],
    part: int,
    frame: int,
) -> Repair:
    left, top, width, height, pixels = (int(value) for value in stats)
    box = (slice(top, top + height), slice(left, left + width))
    inside = parts[box] == part
    counts = np.bincount(highest[box][inside], minlength=8)
    row, column = (int(value) for value in np.argwhere(inside)[0])
    return Repair(
        box=(left, top, width, height),
        at=(left + column, top + row),
        outline=_outline(inside, left, top),
        pixels=pixels,
        labels={Label(n).name: int(counts[n]) for n in np.flatnonzero(counts).tolist()},
        label=Label(int(counts.argmax())),
        sources=_sources(frame_map, box, inside, frame),
        inside=inside,
    )


def _outline(inside: Mask, left: int, top: int) -> Polygon:
    """The outer edge as a polygon of whole pixels, with fewer corners if it has too many."""
    found, _ = cv2.findContours(
        inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top)
    )
    outline, coarse = max(found, key=len), 1.0
    while len(outline) > MOST_POINTS:
        outline, coarse = cv2.approxPolyDP(outline, coarse, closed=True), coarse * 2
    return [[int(x), int(y)] for x, y in outline[:, 0]]


def _sources(
    frame_map: FrameMap, box: tuple[slice, slice], inside: Mask, frame: int
) -> dict[int, int]:
    if frame_map.sources is None:
        return {}
    offsets = frame_map.sources.offset[box][inside]
    found, counts = np.unique(offsets[offsets != 0], return_counts=True)
    return {frame + int(n): int(c) for n, c in zip(found, counts, strict=True)}


def decision_on(repair: Repair, decisions: list[RepairDecision]) -> RepairDecision | None:
    """The newest of these decisions that speaks of this repair: it covers half of the smaller."""
    left, top, _, _ = repair.box
    for decision in sorted(decisions, key=lambda each: each.pk, reverse=True):
        shifted = tuple((x - left, y - top) for x, y in decision.polygon)
        drawn = draw([Region(0, 1, shifted)], 0, repair.inside.shape)  # type: ignore[arg-type]
        shared = int(np.count_nonzero(drawn & repair.inside)) if drawn is not None else 0
        if shared and shared * 2 >= min(repair.pixels, decision.pixels):
            return decision
    return None


def listed(take: Take, frame: int) -> dict[str, Any]:
    """A frame's repairs with what was decided on them, and what was drawn there, as JSON values.

    Raises: DrawingError, ProvenanceError.
    """
    decisions = list(
        RepairDecision.objects.standing()
        .filter(scan=take.scan_id, frame=frame)
        .select_related("by")
    )
    protected = ProtectedRegion.objects.standing().filter(
        scan=take.scan_id, start_frame__lte=frame, end_frame__gt=frame
    )
    found = repairs_in(take, frame)
    return {
        "frame": frame,
        "repairs": [repair.as_json(decision_on(repair, decisions)) for repair in found],
        "undone": [
            {"id": each.pk, "outline": each.polygon}
            for each in decisions
            if each.decision == RepairDecision.Decision.UNDO
        ],
        "protected": [{"id": each.pk, "outline": each.polygon} for each in protected],
    }


@transaction.atomic
def decide(
    take: Take, frame: int, at: tuple[int, int], *, decision: str, by: User, reason: str = ""
) -> RepairDecision:
    """Keep the repair that covers the pixel `at` (x, y), undo it, or ask for a neighbour instead.

    An earlier word on it is replaced.

    Raises: DrawingError if no repair is there, or nothing of it is made up for which a neighbour
        could be asked, ProvenanceError.
    """
    if decision not in RepairDecision.Decision.values:
        known = ", ".join(RepairDecision.Decision.values)
        raise DrawingError(f"{decision!r} is no decision on a repair; choose one of {known}")
    lock(take.scan)
    repair = next((each for each in repairs_in(take, frame) if _covers(each, at)), None)
    if repair is None:
        raise DrawingError(
            f"Nothing was recorded: there is no repair at {at[0]}, {at[1]} of frame {frame}. "
            "Click on a coloured region of the map."
        )
    if decision == RepairDecision.Decision.NEIGHBOUR and not repair.labels.get("SYNTHESISED"):
        raise DrawingError(
            "Nothing was recorded: nothing of this repair is synthesised, so there is no need to "
            "ask a neighbour. Undo it if what was copied is wrong."
        )
    for earlier in RepairDecision.objects.standing().filter(scan=take.scan_id, frame=frame):
        if decision_on(repair, [earlier]):
            _close(earlier, by)
    made = RepairDecision.objects.create(
        scan=take.scan,
        take=take,
        frame=frame,
        polygon=repair.outline,
        pixels=repair.pixels,
        label=int(repair.label),
        decision=decision,
        reason=reason.strip(),
        by=by,
    )
    tell(f"repair {made.get_decision_display()}", take.scan, by, _about(made))
    return made


def _covers(repair: Repair, at: tuple[int, int]) -> bool:
    left, top, width, height = repair.box
    x, y = at[0] - left, at[1] - top
    return 0 <= x < width and 0 <= y < height and bool(repair.inside[y, x])


@transaction.atomic
def withdraw(decision: RepairDecision, *, by: User) -> RepairDecision:
    """Take a word on a repair back.

    Raises: DrawingError if that was done before.
    """
    lock(decision.scan)
    decision.refresh_from_db()
    if decision.withdrawn is not None:
        raise DrawingError("This decision was withdrawn before; nothing was changed.")
    _close(decision, by)
    tell("repair decision withdrawn", decision.scan, by, _about(decision))
    return decision


def _close(decision: RepairDecision, by: User) -> None:
    decision.withdrawn, decision.withdrawn_by = timezone.now(), by
    decision.save(update_fields=["withdrawn", "withdrawn_by"])


def _about(decision: RepairDecision) -> dict[str, Any]:
    return {
        "decision": decision.pk,
        "frame": decision.frame,
        "box": list(decision.box),
        "take": decision.take_id,
        "digest": decision.take.digest,
        "reason": decision.reason,
    }


@transaction.atomic
def protect(
    scene: Scene, polygon: Any, frames: tuple[int, int], *, by: User, reason: str = ""
) -> ProtectedRegion:
    """Keep repairs out of a polygon, over frames [start, end) of the scene.

    Raises: DrawingError for frames outside the scene, or a polygon outside the picture.
    """
    start, stop = frames
    if not scene.start_frame <= start < stop <= scene.end_frame:
        raise DrawingError(
            f"Nothing was kept: the frames must lie from {scene.start_frame} to "
            f"{scene.end_frame - 1}."
        )
    try:
        region = Region.parse({"frames": [start, stop], "polygon": polygon})
    except ValueError as error:
        raise DrawingError(f"Nothing was kept: {error}") from error
    width, height = scene.scan.width, scene.scan.height
    drawn = draw([region], start, (height, width))
    if drawn is None or not drawn.any():
        raise DrawingError(
            f"Nothing was kept: the region lies outside the picture of {width} by {height} pixels."
        )
    held = [[min(max(x, 0), width - 1), min(max(y, 0), height - 1)] for x, y in region.polygon]
    made = ProtectedRegion.objects.create(
        scan=scene.scan,
        start_frame=start,
        end_frame=stop,
        polygon=held,
        reason=reason.strip(),
        by=by,
    )
    tell("region protected", scene.scan, by, _extent(made))
    return made


@transaction.atomic
def unprotect(region: ProtectedRegion, *, by: User) -> ProtectedRegion:
    """Let repairs into a region again.

    Raises: DrawingError if that was done before.
    """
    lock(region.scan)
    region.refresh_from_db()
    if region.removed is not None:
        raise DrawingError("This region was removed before; nothing was changed.")
    region.removed, region.removed_by = timezone.now(), by
    region.save(update_fields=["removed", "removed_by"])
    tell("protection removed", region.scan, by, _extent(region))
    return region


def _extent(region: ProtectedRegion) -> dict[str, Any]:
    return {
        "region": region.pk,
        "frames": [region.start_frame, region.end_frame],
        "polygon": region.polygon,
        "reason": region.reason,
    }
