"""Coloured patches that people put on a scene's frames, taken back one by one or stroke by stroke.

They become a parameter of the next run of colourise (`restoration.drawn`), which holds their pixels
to the colour and spreads it through the scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from restoration.editing import lock, tell
from restoration.errors import DrawingError
from restoration.models import Hint, PaletteEntry, Scene

RGB = tuple[int, int, int]

MOST_PATCHES = 400
"""Patches of one stroke."""
MOST_HINTS = 5000
"""Hints that stand on one scene; more would make runs slow and help nobody."""
LARGEST = 200
"""Pixels along the side of a brush."""


@transaction.atomic
def paint(
    scene: Scene,
    frame: int,
    places: Sequence[tuple[int, int]],
    *,
    size: int,
    rgb: RGB,
    by: User,
    entry: PaletteEntry | None = None,
    batch: UUID | None = None,
) -> list[Hint]:
    """Put square patches of a colour on a frame, all in one stroke.

    Args:
        places: (x, y) of each patch's centre, in the scan's luma pixels.
        size: the side of a patch in pixels; what lies outside the picture is cut off.
        rgb: sRGB, 0 to 255; a palette entry's own colour takes its place.
        entry: the palette's entry that was chosen for it.
        batch: shared with hints of the same entry that are put into other scenes with it.

    Raises: DrawingError, and nothing is recorded.
    """
    _check(scene, frame, places, size, rgb)
    red, green, blue = (entry.red, entry.green, entry.blue) if entry else rgb
    lock(scene.scan)
    standing = Hint.objects.standing().of_scene(scene).count()
    if standing + len(places) > MOST_HINTS:
        raise DrawingError(
            f"Nothing was painted: this scene has {standing} hints and {MOST_HINTS} are the most. "
            "Take some back, or use a larger brush."
        )
    stroke = uuid4()
    boxes = [box for place in places if (box := _patch(scene, place, size))]
    if not boxes:
        raise DrawingError(f"Nothing was painted: {_outside(scene)}")
    made = [
        Hint(
            scan=scene.scan, frame=frame, y=y, x=x, height=height, width=width,
            red=red, green=green, blue=blue, entry=entry, stroke=stroke, batch=batch, by=by,
        )
        for y, x, height, width in boxes
    ]  # fmt: skip
    made = Hint.objects.bulk_create(made)
    tell("colour hint", scene.scan, by, _about(made))
    return made


@transaction.atomic
def withdraw(hint: Hint, *, by: User) -> list[Hint]:
    """Take a hint back, with the other patches of its stroke.

    Raises: DrawingError if that was done before.
    """
    lock(hint.scan)
    standing = Hint.objects.standing().filter(scan=hint.scan_id, stroke=hint.stroke)
    gone = list(standing.select_related("entry__palette").order_by("pk"))
    if not gone:
        raise DrawingError("This hint was taken back before; nothing was changed.")
    Hint.objects.filter(pk__in=[each.pk for each in gone]).update(
        withdrawn=timezone.now(), withdrawn_by=by
    )
    tell("colour hint withdrawn", hint.scan, by, _about(gone))
    return gone


def undo(scene: Scene, *, by: User) -> list[Hint]:
    """Take back the stroke that this person painted last on the scene.

    Raises: DrawingError if none of theirs stands.
    """
    newest = Hint.objects.standing().of_scene(scene).filter(by=by).order_by("-pk").first()
    if newest is None:
        raise DrawingError(
            "There is nothing of yours to undo on this scene. "
            "Other people's hints can be taken back in the list."
        )
    return withdraw(newest, by=by)


def _check(
    scene: Scene, frame: int, places: Sequence[tuple[int, int]], size: int, rgb: RGB
) -> None:
    if scene.retired:
        raise DrawingError(
            "Nothing was painted: the cuts of this scene were changed meanwhile. "
            "Open the reel and paint on the new scene."
        )
    if not scene.start_frame <= frame < scene.end_frame:
        raise DrawingError(
            f"Nothing was painted: this scene has frames {scene.start_frame} to "
            f"{scene.end_frame - 1}, not {frame}."
        )
    if not 1 <= len(places) <= MOST_PATCHES:
        raise DrawingError(
            f"Nothing was painted: a stroke has 1 to {MOST_PATCHES} patches, not {len(places)}."
        )
    if not 1 <= size <= LARGEST:
        raise DrawingError(
            f"Nothing was painted: a brush is 1 to {LARGEST} pixels wide, not {size}."
        )
    if len(rgb) != 3 or not all(0 <= value <= 255 for value in rgb):
        raise DrawingError("Nothing was painted: a colour is three numbers from 0 to 255.")


def _patch(scene: Scene, place: tuple[int, int], size: int) -> tuple[int, int, int, int] | None:
    """First row, first column, height and width inside the picture; None if it lies outside."""
    x, y = place
    left, top = x - size // 2, y - size // 2
    right, bottom = min(left + size, scene.scan.width), min(top + size, scene.scan.height)
    left, top = max(left, 0), max(top, 0)
    return (top, left, bottom - top, right - left) if right > left and bottom > top else None


def _outside(scene: Scene) -> str:
    return f"that lies outside the picture of {scene.scan.width} by {scene.scan.height} pixels."


def _about(hints: Sequence[Hint]) -> dict[str, Any]:
    first = hints[0]
    return {
        "hints": [hint.pk for hint in hints],
        "frame": first.frame,
        "boxes": [[hint.x, hint.y, hint.width, hint.height] for hint in hints],
        "colour": first.hex,
        "entry": str(first.entry) if first.entry else "",
        **({"batch": str(first.batch)} if first.batch else {}),
    }
