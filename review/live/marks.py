"""How a room stands, as marks that change when something in it does; and what changed, in words.

A browser says the marks that it has seen last (`Last-Event-ID`), so that one that was away is told
what it missed, and no list of past events is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q

from archive.models import Reel
from restoration.models import Scene, StageRun, TranscriptCorrection
from review.models import Answer, Approval, HandOver, Note, Presence

SCENE, REEL = "scene", "reel"
NOTES, DECISION, RUN, WORDS, PEOPLE = "notes", "decision", "run", "words", "people"
Room = tuple[str, int]
"""A scene's review room or a reel's transcript room: kind and number."""
Marks = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """What is told: its kind, and facts for static/js/live.js."""

    kind: str
    facts: Mapping[str, Any]


def reel_of(room: Room) -> Reel | None:
    """The reel whose rights hold for the room."""
    kind, number = room
    found = Reel.objects.select_related("element__title")
    if kind == REEL:
        return found.filter(pk=number).first()
    return found.filter(scans__scenes=number).first()


def marks_of(room: Room, *, here: bool = True) -> dict[str, str]:
    """Empty for a room that is gone.

    Args:
        here: ask who has it open; else it counts as if nobody had.
    """
    kind, number = room
    people = {PEOPLE: _people_mark(names_in(room) if here else ())}
    if kind == REEL:
        return {WORDS: _words_mark(number)} | people
    scene = Scene.objects.filter(pk=number).first()
    if scene is None:
        return {}
    return {
        NOTES: _notes_mark(scene),
        DECISION: _decision_mark(scene),
        RUN: _run_mark(_run(scene)),
    } | people


def written(marks: Marks) -> str:
    """As one word a kind, for an event's id: `notes:3.7.2 run:9.running.12`."""
    return " ".join(f"{kind}:{mark}" for kind, mark in sorted(marks.items()))


def read(text: str) -> dict[str, str]:
    """The reverse of `written`; what is no mark is left out, and then counts as not seen."""
    pairs = (word.partition(":") for word in text[:1000].split())
    return {kind: mark for kind, _, mark in pairs if kind and mark}


def news(room: Room, before: Marks, now: Marks) -> Iterator[Event]:
    """What differs, most important first."""
    tell = {DECISION: _decision, NOTES: _note, RUN: _of_run, WORDS: _words, PEOPLE: _people}
    for kind, told in tell.items():
        if kind in now and now[kind] != before.get(kind):
            facts = told(room)
            if facts is not None:
                yield Event(kind, facts)


def names_in(room: Room) -> list[tuple[str, str]]:
    """Who has the room open: user name, and name as it is shown."""
    found = Presence.objects.here().filter(kind=room[0], place=room[1]).select_related("user")
    people = {each.user for each in found}
    return sorted((user.get_username(), user.get_full_name() or str(user)) for user in people)


def _people_mark(names: Iterable[tuple[str, str]]) -> str:
    return "+".join(name.replace(" ", "_") for name, _ in names) or "-"


def _notes(scene: Scene) -> Any:
    return Note.objects.filter(
        scan=scene.scan_id, start_frame__lt=scene.end_frame, end_frame__gt=scene.start_frame
    )


def _notes_mark(scene: Scene) -> str:
    """A note resolved is a turn in its thread too."""
    found = _notes(scene).aggregate(last=Max("pk"), turn=Max("answers"))
    return f"{found['last'] or 0}.{found['turn'] or 0}"


def _decision_mark(scene: Scene) -> str:
    found = Approval.everything.filter(scene=scene).aggregate(
        last=Max("pk"), withdrawn=Count("pk", filter=Q(withdrawn__isnull=False))
    )
    handed = scene.hand_overs.aggregate(last=Max("pk"))["last"]
    return f"{found['last'] or 0}.{found['withdrawn']}.{handed or 0}"


def _run(scene: Scene) -> StageRun | None:
    """The newest run of the scene's frames, if it is open; else the one that ended last."""
    of_scene = StageRun.objects.filter(
        scan=scene.scan_id, start_frame=scene.start_frame, end_frame=scene.end_frame
    ).select_related("take", "requested_by")
    running = of_scene.filter(status=StageRun.Status.RUNNING).order_by("pk").first()
    return running or of_scene.order_by("-pk").first()


def _run_mark(run: StageRun | None) -> str:
    return f"{run.pk}.{run.status}.{run.frames_done}" if run else "-"


def _words_mark(reel: int) -> str:
    found = TranscriptCorrection.objects.filter(scan__reel=reel).aggregate(
        last=Max("pk"),
        withdrawn=Count("pk", filter=Q(withdrawn__isnull=False)),
        version=Max("scan__transcripts"),
    )
    return f"{found['version'] or 0}.{found['last'] or 0}.{found['withdrawn']}"


def _decision(room: Room) -> dict[str, Any] | None:
    newest = (
        Approval.everything.filter(scene=room[1]).select_related("by", "withdrawn_by", "take")
    ).order_by("-pk").first()  # fmt: skip
    handed = (
        HandOver.objects.filter(scene=room[1])
        .select_related("by", "to", "take")
        .order_by("-pk")
        .first()
    )
    if handed is not None and (newest is None or handed.at > newest.at):
        what = f"{handed.stage} of this scene" if handed.stage else "this scene"
        return _facts(handed.by, f"handed {what} to {handed.whom}")
    if newest is None:
        return None
    take = f"{newest.take.stage} take {newest.take.number}{' by itself' * newest.alone}"
    if newest.withdrawn is not None:
        return _facts(newest.withdrawn_by, f"withdrew the decision on {take}")
    did = "approved" if newest.decision == Approval.Decision.APPROVED else "asked for changes of"
    return _facts(newest.by, f"{did} {take}")


def _note(room: Room) -> dict[str, Any] | None:
    scene = Scene.objects.get(pk=room[1])
    note = _notes(scene).select_related("by", "guest").order_by("-pk").first()
    if note is None:
        return None
    turn = (
        Answer.objects.filter(note__in=_notes(scene)).select_related("by").order_by("-pk").first()
    )
    if turn is not None and turn.at > note.at:
        did = "answered a note" if turn.kind == Answer.Kind.ANSWER else "settled or reopened a note"
        return _facts(turn.by, did)
    if note.guest is not None:
        return {"by": "", "name": note.author, "did": "wrote a note"}
    return _facts(note.by, "wrote a note")


def _of_run(room: Room) -> dict[str, Any] | None:
    run = _run(Scene.objects.get(pk=room[1]))
    if run is None:
        return None
    return {
        "run": run.pk,
        "stage": run.stage,
        "status": run.status,
        "words": run.get_status_display(),
        "done": run.frames_done,
        "total": run.frames_total,
        "take": run.take.number if run.take else None,
        "error": run.error[:200],
    }


def _words(room: Room) -> dict[str, Any] | None:
    newest = (
        TranscriptCorrection.objects.filter(scan__reel=room[1])
        .select_related("by", "withdrawn_by")
        .order_by("-pk")
        .first()
    )
    if newest is None:
        return {"by": "", "name": "", "did": "a new version of the transcript is there"}
    if newest.withdrawn_by is not None:
        return _facts(newest.withdrawn_by, "took a correction back")
    return _facts(newest.by, "corrected the transcript")


def _people(room: Room) -> dict[str, Any]:
    return {"people": [{"by": by, "name": name} for by, name in names_in(room)]}


def _facts(user: Any, did: str) -> dict[str, Any]:
    if user is None:
        return {"by": "", "name": "somebody", "did": did}
    name = user.get_full_name() or user.get_username()
    return {"by": user.get_username(), "name": name, "did": did}
