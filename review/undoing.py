"""What a person did last on a scene, and how it is taken back: for Ctrl+Z in the review room.

Everything stays on record: a thing that is taken back says who did that and when, by the addresses
that its own button uses. What others read or rest on, as decisions, is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from restoration.models import (
    ColourCorrection,
    ColourReference,
    Hint,
    ProtectedRegion,
    RepairDecision,
    Scene,
)
from review import decisions, handing
from review.models import Answer, Approval, Note

OLD = timedelta(hours=12)
"""What is older is asked first: nobody means it by one key too many."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the person did and that still stands."""

    at: datetime
    words: str
    """What it was, such as `your hint on frame 12`."""
    done: str = ""
    """What is said once it is taken back; empty if it cannot be."""
    address: str = ""
    """Where to send that."""
    place: str = ""
    """The section of the page that comes back; empty: the page."""
    ask: str = ""
    """What is asked before; empty: nothing."""
    values: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For static/js/player/undo.js."""
        when = timezone.localtime(self.at)
        told = f"{self.words}, of {when:%-d %B, %H:%M}"
        ask = self.ask
        if not ask and self.done and timezone.now() - self.at > OLD:
            ask = f"Take back {told}?"
        return {
            "words": told,
            "ago": max(0.0, (timezone.now() - self.at).total_seconds()),
            "done": self.done and f"Taken back: {told}. {self.done}",
            "address": self.address,
            "place": self.place,
            "ask": ask,
            "values": self.values,
        }


def last_act(scene: Scene, person: Any) -> Act | None:
    """The newest thing that this person did on the scene, that stands; None if there is none."""
    found = [act for find in _FINDERS for act in find(scene, person)]
    return max(found, key=lambda act: act.at, default=None)


def _hint(scene: Scene, person: Any) -> Iterator[Act]:
    newest = Hint.objects.standing().of_scene(scene).filter(by=person).order_by("-pk").first()
    if newest is not None:
        yield Act(
            newest.at,
            f"your hint on frame {newest.frame}",
            "It no longer counts from the next run on.",
            reverse("withdraw-hint", args=[scene.pk, newest.pk]),
            "colour",
        )


def _repair(scene: Scene, person: Any) -> Iterator[Act]:
    of_scene = RepairDecision.objects.standing().of_scene(scene)
    newest = of_scene.filter(by=person).order_by("-pk").first()
    if newest is not None:
        yield Act(
            newest.at,
            f"your word on a repair of frame {newest.frame} ({newest.get_decision_display()})",
            "The stage decides on it again.",
            reverse("withdraw-repair-decision", args=[newest.pk]),
            "repairs",
        )


def _region(scene: Scene, person: Any) -> Iterator[Act]:
    of_scene = ProtectedRegion.objects.standing().of_scene(scene)
    newest = of_scene.filter(by=person).order_by("-pk").first()
    if newest is not None:
        yield Act(
            newest.at,
            f"your protected region from frame {newest.start_frame}",
            "It is no longer protected, from the next run on.",
            reverse("remove-protected-region", args=[newest.pk]),
            "repairs",
        )


def _still(scene: Scene, person: Any) -> Iterator[Act]:
    of_scene = ColourReference.objects.standing().of_scene(scene)
    newest = of_scene.filter(by=person).order_by("-pk").first()
    if newest is not None:
        yield Act(
            newest.at,
            f"your coloured still for frame {newest.frame}",
            "It no longer counts from the next run on.",
            reverse("withdraw-reference", args=[scene.pk, newest.pk]),
            "colour",
        )


def _correction(scene: Scene, person: Any) -> Iterator[Act]:
    of_scene = ColourCorrection.objects.standing().of_scene(scene)
    # Parts were entered by the system when somebody took the rest of a correction back.
    newest = of_scene.filter(by=person, part_of=None).order_by("-pk").first()
    if newest is not None:
        words = f"your colour correction from frame {newest.start_frame}"
        yield Act(
            newest.at,
            words,
            "It no longer counts in this scene, from the next run on.",
            reverse("withdraw-correction", args=[scene.pk, newest.pk]),
            "colour",
            f"Take back {words}? An earlier one that it took the place of does not come back.",
        )


def _note(scene: Scene, person: Any) -> Iterator[Act]:
    """A note is never deleted, for others have read it: it is resolved, and can be opened again."""
    mine = Note.objects.filter(
        scan=scene.scan_id, start_frame__lt=scene.end_frame, end_frame__gt=scene.start_frame
    )
    newest = mine.filter(by=person, resolved=None).order_by("-pk").first()
    if newest is not None:
        yield Act(
            newest.at,
            f"your note on frame {newest.start_frame}",
            "It is resolved, and stays on record.",
            reverse("resolve-note", args=[newest.pk]),
            "notes",
        )
    # Of one's own note, resolving it is what this does: undone again it would go on for ever.
    turn = Answer.objects.filter(
        note__in=mine.filter(resolved__isnull=False, resolved_by=person).exclude(by=person),
        kind=Answer.Kind.RESOLVED,
        by=person,
    )
    resolved = turn.select_related("note").order_by("-pk").first()
    if resolved is not None:
        yield Act(
            resolved.at,
            f"that you resolved the note on frame {resolved.note.start_frame}",
            "It is open again.",
            reverse("resolve-note", args=[resolved.note_id]),
            "notes",
            values={"open": "1"},
        )


def _decision(scene: Scene, person: Any) -> Iterator[Act]:
    """Signed and on record: it is withdrawn by a record of its own, and asked first."""
    mine = Approval.everything.filter(scene=scene, by=person, withdrawn=None)
    newest = mine.select_related("take", "scene").order_by("-at", "-pk").first()
    if newest is None:
        return
    if decisions.newest_word(scene, newest.take, alone=newest.alone) != newest:
        return  # Somebody else has decided since.
    what = "approval" if newest.decision == Approval.Decision.APPROVED else "request for changes"
    words = f"your {what} of {newest.take.stage} take {newest.take.number}"
    words += " by itself" if newest.alone else ""
    yield Act(
        newest.at,
        words,
        "Both stay on record.",
        reverse("withdraw", args=[newest.pk]),
        ask=f"Withdraw {words}? The decision and its withdrawal stay on record, with your name.",
    )


def _hand_over(scene: Scene, person: Any) -> Iterator[Act]:
    """Whoever it was handed to has been told."""
    newest = handing.standing().filter(scene=scene, by=person).first()
    if newest is not None:
        yield Act(newest.at, f"that you handed the scene to {newest.whom}")


_FINDERS: tuple[Callable[[Scene, Any], Iterator[Act]], ...] = (
    _hint, _repair, _region, _still, _correction, _note, _decision, _hand_over,
)  # fmt: skip
