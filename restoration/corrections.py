"""Colour corrections that people enter: of a scene, or of a box or polygon in its picture.

They become the parameters of the next run of grade (`restoration.drawn`). A change takes the old
one back and enters another, so that what a take was made with stays on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from restoration.editing import lock, tell
from restoration.errors import DrawingError
from restoration.models import ColourCorrection, Scene
from restoration.stages.grade.cdl import Cdl, Three
from restoration.stages.grade.stage import MOST, Correction

_CHOSEN = (
    "scan", "box", "polygon", "softness", "white", "slope", "offset", "power", "saturation",
    "reason", "by",
)  # fmt: skip
"""What the parts of a correction share."""


@transaction.atomic
def enter(
    scene: Scene,
    cdl: Cdl,
    *,
    by: User,
    frames: tuple[int, int] | None = None,
    box: Sequence[int] | None = None,
    polygon: Sequence[Sequence[int]] | None = None,
    softness: int = 0,
    white: Three | None = None,
    reason: str = "",
    replaces: ColourCorrection | None = None,
) -> ColourCorrection:
    """Correct frames [start, stop) of a scene, the whole of it if none are named.

    Args:
        box: left, top, width, height in the scan's luma pixels.
        polygon: [x, y] of three corners or more; with neither it is of the whole picture.
        softness: pixels over which it fades inwards from the edge of either.
        white: the picture's colour that is to become neutral first.
        replaces: the correction that this one takes the place of, in this scene alone.

    Raises: DrawingError, and nothing is recorded.
    """
    start, stop = frames or (scene.start_frame, scene.end_frame)
    _check(scene, start, stop)
    lock(scene.scan)
    if replaces is not None:
        withdraw(replaces, by=by, scene=scene)
    if ColourCorrection.objects.standing().of_scene(scene).count() >= MOST:
        raise DrawingError(f"Nothing was corrected: {MOST} corrections of a scene are the most.")
    made = ColourCorrection(
        scan=scene.scan, start_frame=start, end_frame=stop, box=list(box) if box else None,
        polygon=[list(corner) for corner in polygon] if polygon else None, softness=softness,
        white=list(white) if white else None, reason=reason.strip()[:200], by=by, **cdl.as_json(),
    )  # fmt: skip
    try:
        parsed = Correction.parse(made.as_param(scene))
    except ValueError as error:
        raise DrawingError(f"Nothing was corrected: {error}.") from error
    _require_inside(scene, parsed)
    made.save()
    tell("colour correction", scene.scan, by, _about(made, (start, stop)))
    return made


@transaction.atomic
def withdraw(
    correction: ColourCorrection, *, by: User, scene: Scene | None = None
) -> ColourCorrection:
    """Take a correction back: all of it, or what of it lies in a scene.

    Other scenes keep theirs, as parts of it that bear its number: what stands there, in which order
    and by whom, is what it was, and their takes hold.
    Raises: DrawingError if that was done before, or nothing of it lies in the scene.
    """
    lock(correction.scan)
    correction.refresh_from_db()
    if correction.withdrawn is not None:
        raise DrawingError("This correction was taken back before; nothing was changed.")
    gone = (correction.start_frame, correction.end_frame)
    if scene is not None:
        gone = _keep_elsewhere(correction, scene)
    correction.withdrawn, correction.withdrawn_by = timezone.now(), by
    correction.save(update_fields=["withdrawn", "withdrawn_by"])
    tell("colour correction withdrawn", correction.scan, by, _about(correction, gone))
    return correction


def _keep_elsewhere(correction: ColourCorrection, scene: Scene) -> tuple[int, int]:
    """Enter what of it other scenes have as parts of it; its frames in this scene."""
    start = max(correction.start_frame, scene.start_frame)
    stop = min(correction.end_frame, scene.end_frame)
    if start >= stop:
        raise DrawingError("This correction does not reach into this scene; nothing was changed.")
    for first, end in ((correction.start_frame, start), (stop, correction.end_frame)):
        if first < end:
            same = {name: getattr(correction, name) for name in _CHOSEN}
            part = ColourCorrection.objects.create(
                start_frame=first, end_frame=end, part_of_id=correction.number, **same
            )
            ColourCorrection.objects.filter(pk=part.pk).update(at=correction.at)
    return start, stop


def _check(scene: Scene, start: int, stop: int) -> None:
    if scene.retired:
        raise DrawingError(
            "Nothing was corrected: the cuts of this scene were changed meanwhile. "
            "Open the reel and correct the new scene."
        )
    if not scene.start_frame <= start < stop <= scene.end_frame:
        raise DrawingError(
            f"Nothing was corrected: the frames must lie from {scene.start_frame} to "
            f"{scene.end_frame - 1}."
        )


def _require_inside(scene: Scene, correction: Correction) -> None:
    height, width = scene.scan.height, scene.scan.width
    rows, columns = correction.part(height, width)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise DrawingError(
            f"Nothing was corrected: that lies outside the picture of {width} by {height} pixels."
        )


def _about(row: ColourCorrection, frames: tuple[int, int]) -> dict[str, Any]:
    return {
        "correction": row.number,
        "frames": list(frames),
        "box": row.box,
        "polygon": row.polygon,
        "softness": row.softness,
        "white": row.white,
        "slope": row.slope,
        "offset": row.offset,
        "power": row.power,
        "saturation": row.saturation,
        "reason": row.reason,
    }
