"""Notes on frames: written, answered, resolved; a shape made a protected region or a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from archive.access import without_held
from archive.models import Reel
from restoration import hints, repairs
from restoration.models import Hint, ProtectedRegion, Scene
from review import drawings
from review.drawings import DrawingRefused, Shape
from review.errors import DecisionRefused, NotAllowed
from review.models import Answer, GuestVisit, Mention, Note

MOST_OF_A_LINK = 300
"""Notes that the guests of one link may leave."""
_NAMED = re.compile(r"(?<![\w@.])@([\w.+-]{1,150})")


@transaction.atomic
def add(
    scene: Scene, *, by: Any, start_frame: int, end_frame: int, text: str, drawing: Any = ()
) -> Note:
    """Put a remark on frames [start_frame, end_frame) of the scene.

    Args:
        drawing: shapes as JSON values, in the scan's luma pixels.

    Raises: NotAllowed, DecisionRefused.
    """
    _require(by, scene.scan.reel, "write a note")
    _require_frames(scene, start_frame, end_frame)
    scan = scene.scan
    try:
        shapes = drawings.parse(list(drawing), width=scan.width, height=scan.height)
    except DrawingRefused as error:
        raise DecisionRefused(f"The note was not kept: {error}.") from error
    note = Note.objects.create(
        scan=scan,
        start_frame=start_frame,
        end_frame=end_frame,
        text=text,
        drawing=[shape.as_json() for shape in shapes],
        by=by,
    )
    _mention(note, text, by=by)
    return note


@transaction.atomic
def add_of_guest(
    visit: GuestVisit, scene: Scene, *, start_frame: int, end_frame: int, text: str
) -> Note:
    """Put a guest's remark on frames [start_frame, end_frame) of a scene that they were shown.

    It calls on whoever made the link. A guest calls on nobody else, draws nothing and answers
    nothing.
    Raises: DecisionRefused.
    """
    _require_frames(scene, start_frame, end_frame)
    if Note.objects.filter(guest__link=visit.link).count() >= MOST_OF_A_LINK:
        raise DecisionRefused(
            f"The note was not kept: this link has {MOST_OF_A_LINK} already. Write to the archive."
        )
    note = Note.objects.create(
        scan=scene.scan, start_frame=start_frame, end_frame=end_frame, text=text, guest=visit
    )
    Mention.objects.create(note=note, person=visit.link.by)
    return note


@transaction.atomic
def answer(note: Note, *, by: Any, text: str) -> Answer:
    """Add to the thread below a note, open or resolved.

    Raises: NotAllowed, DecisionRefused.
    """
    _require(by, note.scan.reel, "answer a note")
    if not text.strip():
        raise DecisionRefused("Nothing was kept: write an answer first.")
    made = Answer.objects.create(note=note, text=text, by=by)
    _mention(note, text, by=by, answer=made)
    return made


@transaction.atomic
def resolve(note: Note, *, by: Any) -> Note:
    """Mark a note as dealt with.

    Raises: NotAllowed, DecisionRefused if somebody did so before.
    """
    return _turn(note, by=by, kind=Answer.Kind.RESOLVED)


@transaction.atomic
def reopen(note: Note, *, by: Any) -> Note:
    """Open a resolved note again.

    Raises: NotAllowed, DecisionRefused if somebody did so before.
    """
    return _turn(note, by=by, kind=Answer.Kind.REOPENED)


def _turn(note: Note, *, by: Any, kind: str) -> Note:
    resolves = kind == Answer.Kind.RESOLVED
    _require(by, note.scan.reel, "resolve a note" if resolves else "open a note again")
    note = Note.objects.select_for_update().get(pk=note.pk)
    if (note.resolved is not None) == resolves:
        last = note.answers.exclude(kind=Answer.Kind.ANSWER).last()
        who = f"{last.by} has {last.get_kind_display()}" if last else "it is open"
        raise DecisionRefused(f"Nothing was changed: {who} already.")
    note.resolved, note.resolved_by = (timezone.now(), by) if resolves else (None, None)
    note.save(update_fields=["resolved", "resolved_by"])
    Answer.objects.create(note=note, kind=kind, by=by)
    return note


def shapes_of(note: Note) -> list[Shape]:
    """The drawing of a note, in its order."""
    return drawings.parse(note.drawing, width=note.scan.width, height=note.scan.height)


def protect(note: Note, shape: int, scene: Scene, *, by: User) -> ProtectedRegion:
    """Keep repairs out of a shape, over those frames of the note that are the scene's.

    Args:
        shape: its place in the drawing, from 0.

    Raises: DecisionRefused, DrawingError.
    """
    drawn = _shape(note, shape)
    if not drawn.polygon:
        raise DecisionRefused("Nothing was protected: only a box or a region encloses a place.")
    polygon = [list(point) for point in drawn.polygon]
    frames = _frames(note, scene)
    return repairs.protect(
        scene, polygon, frames, by=by, reason=f"Note {note.pk}: {note.text}"[:200]
    )


def hint(note: Note, shape: int, scene: Scene, *, by: User) -> list[Hint]:
    """Paint the colour of a shape where it lies, on the note's first frame in the scene.

    Raises: DecisionRefused, DrawingError.
    """
    drawn = _shape(note, shape)
    if drawn.rgb is None:
        raise DecisionRefused("Nothing was painted: this shape has no colour.")
    first, _ = _frames(note, scene)
    side, places = drawings.patches(drawn)
    return hints.paint(scene, first, places, size=side, rgb=drawn.rgb, by=by)


def _shape(note: Note, number: int) -> Shape:
    shapes = shapes_of(note)
    if not 0 <= number < len(shapes):
        raise DecisionRefused("Nothing was changed: the note has no such shape.")
    return shapes[number]


def _frames(note: Note, scene: Scene) -> tuple[int, int]:
    start = max(note.start_frame, scene.start_frame)
    end = min(note.end_frame, scene.end_frame)
    if note.scan_id != scene.scan_id or start >= end:
        raise DecisionRefused("Nothing was changed: the note is not about frames of this scene.")
    return start, end


def of_scene(scene: Scene) -> QuerySet[Note]:
    """Notes on its frames, with their threads; those that are open first."""
    found = Note.objects.filter(
        scan_id=scene.scan_id,
        start_frame__lt=scene.end_frame,
        end_frame__gt=scene.start_frame,
    )
    found = found.select_related("by", "guest", "resolved_by", "scan")
    found = found.prefetch_related("answers__by")
    return found.order_by(F("resolved").asc(nulls_first=True), "start_frame", "at")


def mentions_of(person: Any) -> list[Mention]:
    """Where the person is called on in an open note, and has not answered since; newest first."""
    answered = Answer.objects.filter(
        note=OuterRef("note"), by=OuterRef("person"), at__gte=OuterRef("at")
    )
    found = Mention.objects.filter(~Exists(answered), person=person, note__resolved__isnull=True)
    found = without_held(person, found, "note__scan__reel__", right="review.add_note")
    found = found.select_related(
        "note__by", "note__guest", "answer__by", "note__scan__reel__element__title"
    )
    newest: dict[int, Mention] = {}
    for mention in found:
        newest.setdefault(mention.note_id, mention)
    return list(newest.values())


def scene_of(note: Note) -> Scene | None:
    """The current scene with the note's first frame."""
    current = Scene.objects.current().filter(scan=note.scan_id)
    return current.filter(start_frame__lte=note.start_frame, end_frame__gt=note.start_frame).first()


def people_named(text: str, reel: Reel) -> tuple[list[User], list[str]]:
    """Those whom `@name` calls on in a text and who may see it, and names of nobody."""
    found: dict[int, User] = {}
    unknown: list[str] = []
    for name in dict.fromkeys(_NAMED.findall(text)):
        person = _find([name, name.rstrip(".-+")], reel)
        if person is None:
            unknown.append(name)
        else:
            found[person.pk] = person
    return list(found.values()), unknown


def _find(names: Iterable[str], reel: Reel) -> User | None:
    for name in names:
        person = User.objects.filter(username__iexact=name, is_active=True).first()
        if person is None or not person.has_perm("review.open_review", reel):
            continue
        if person.has_perm("archive.view_reel", reel):
            return person
    return None


def _require_frames(scene: Scene, start_frame: int, end_frame: int) -> None:
    if not scene.start_frame <= start_frame < end_frame <= scene.end_frame:
        raise DecisionRefused(
            f"The note was not kept: its frames must lie from {scene.start_frame} to "
            f"{scene.end_frame - 1}."
        )


def _mention(note: Note, text: str, *, by: Any, answer: Answer | None = None) -> None:
    people, _ = people_named(text, note.scan.reel)
    Mention.objects.bulk_create(
        Mention(note=note, answer=answer, person=person) for person in people if person != by
    )


def _require(by: Any, reel: Reel, action: str) -> None:
    if not by.has_perm("review.add_note", reel):
        raise NotAllowed(
            f"{by.get_username()} may not {action}; nothing was changed. "
            "An archivist or an administrator can give you the role for it."
        )
