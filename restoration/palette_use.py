"""A colour of the palette put into other scenes: where it may belong, and the hints that name it.

Places are proposed by the likeness of what lies around the hints that name the colour already. A
proposal is shown and never painted by itself: a person confirms each place, and the hint is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction

from archive import derived
from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.models import Reel, Scan
from restoration import hints
from restoration.errors import DrawingError
from restoration.imaging.likeness import Patch, find
from restoration.imaging.luma import Luma, analysis_luma, shrink
from restoration.models import Hint, PaletteEntry, Scene

LIKE_ENOUGH = 0.5
"""Likeness from which a place is proposed at all."""
_WIDTH = 480
"""Columns at which pictures are compared."""
_REACH = 20
"""Pixels of that size around a hint that are looked for."""
_PATCHES = 3
"""Hints that are looked for: the newest that name the colour."""
_LOOKS = (0.5, 0.15, 0.85)
"""Parts of a scene whose frames are looked at, the middle first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scene that a colour may be put into."""

    scene: Scene
    number: int
    """Its place in the reel, from 1."""
    painted: int
    """Hints of it that name this colour already."""
    of_palette: bool
    """Whether any colour of the same palette (the character, the place) is painted in it."""

    @property
    def middle(self) -> int:
        return (self.scene.start_frame + self.scene.end_frame) // 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a colour may belong, in the scan's luma pixels. likeness: 0 to 1, if it was found."""

    frame: int
    x: int
    y: int
    likeness: float | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A colour put into several scenes at once, by one person."""

    batch: UUID
    hints: list[Hint]

    @property
    def first(self) -> Hint:
        return self.hints[0]


def candidates(entry: PaletteEntry, reel: Reel) -> list[Candidate]:
    """The reel's current scenes in order, and which have the colour or its palette painted."""
    scan = reel.current_scan()
    if scan is None:
        return []
    named = Hint.objects.standing().filter(scan=scan, entry__palette=entry.palette_id)
    rows = list(named.values_list("frame", "entry"))
    found = []
    for number, scene in enumerate(Scene.objects.current().filter(scan=scan), start=1):
        here = [pk for frame, pk in rows if scene.start_frame <= frame < scene.end_frame]
        painted = sum(pk == entry.pk for pk in here)
        found.append(Candidate(scene, number, painted, bool(here)))
    return found


def propose(entry: PaletteEntry, scene: Scene) -> Place | None:
    """The place of the scene that is likest to where the colour was painted before.

    None if it was painted nowhere else, if nothing around there can be known again, if nothing is
    like it, or if a film cannot be read.
    """
    elsewhere = Hint.objects.standing().filter(entry=entry).select_related("scan")
    elsewhere = elsewhere.exclude(
        scan=scene.scan_id, frame__gte=scene.start_frame, frame__lt=scene.end_frame
    )
    try:
        patches = [_around(hint) for hint in elsewhere.order_by("-pk")[:_PATCHES]]
        return _likest(patches, scene) if patches else None
    except (MediaError, OSError):
        return None


def _around(hint: Hint) -> Patch:
    luma, scale = _look(hint.scan, [hint.frame])[0]
    row = round((hint.y + hint.height / 2) * scale)
    column = round((hint.x + hint.width / 2) * scale)
    return Patch.around(luma, row, column, _REACH + round(hint.width * scale / 2))


def _likest(patches: Sequence[Patch], scene: Scene) -> Place | None:
    frames = [scene.start_frame + int(part * scene.frames) for part in _LOOKS]
    best: Place | None = None
    for frame, (luma, scale) in zip(frames, _look(scene.scan, frames), strict=True):
        for likeness in (find(patch, luma) for patch in patches):
            if likeness is None or likeness.score < LIKE_ENOUGH:
                continue
            if best is None or likeness.score > (best.likeness or 0):
                x, y = int((likeness.column + 0.5) / scale), int((likeness.row + 0.5) / scale)
                x, y = min(x, scene.scan.width - 1), min(y, scene.scan.height - 1)
                best = Place(frame, x, y, round(likeness.score, 2))
    return best


def _look(scan: Scan, frames: Iterable[int]) -> list[tuple[Luma, float]]:
    """Those frames' luma, made small, and by how much.

    Raises: MediaError, OSError.
    """
    table = derived.frame_table(scan)
    with open_source(Path(scan.path), rate=scan.rate, table=table) as source:
        found = [analysis_luma(source.picture(frame)) for frame in frames]
    small = [shrink(luma, width=_WIDTH) for luma in found]
    return [(luma, luma.shape[1] / scan.width) for luma in small]


@transaction.atomic
def put_into(
    entry: PaletteEntry, places: Sequence[tuple[Scene, Place]], *, size: int, by: User
) -> Application:
    """Paint a colour of the palette at a confirmed place of each scene: all of them, or none.

    Raises: DrawingError that names the scene, and nothing is painted.
    """
    if not places:
        raise DrawingError("Nothing was painted: tick the scenes that it belongs into.")
    batch, made = uuid4(), []
    for scene, place in places:
        try:
            made += hints.paint(
                scene, place.frame, [(place.x, place.y)], size=size,
                rgb=(entry.red, entry.green, entry.blue), by=by, entry=entry, batch=batch,
            )  # fmt: skip
        except DrawingError as error:
            first, last = scene.start_frame, scene.end_frame - 1
            raise DrawingError(f"{error} (The scene of frames {first} to {last}.)") from error
    return Application(batch, made)


def applications(entry: PaletteEntry) -> list[Application]:
    """How the colour was put into scenes, as far as it still stands there; the newest first."""
    standing = Hint.objects.standing().filter(entry=entry, batch__isnull=False)
    found: dict[UUID, list[Hint]] = {}
    for hint in standing.select_related("by").order_by("-pk"):
        assert hint.batch is not None  # the query left the others out
        found.setdefault(hint.batch, []).insert(0, hint)
    return [Application(batch, of_it) for batch, of_it in found.items()]


@transaction.atomic
def take_back(entry: PaletteEntry, batch: UUID, *, by: User) -> list[Hint]:
    """Withdraw every hint that is left of an application.

    Raises: DrawingError if none is.
    """
    standing = Hint.objects.standing().filter(entry=entry, batch=batch)
    left = list(standing.select_related("scan").order_by("pk"))
    if not left:
        raise DrawingError("This was taken back before; nothing was changed.")
    return [gone for hint in left for gone in hints.withdraw(hint, by=by)]
