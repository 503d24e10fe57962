"""What a guest's page shows of a shared take: the player's facts, its labels, the guest's notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from restoration.models import Take
from review import decisions
from review.guests import copies
from review.guests.doors import Guest
from review.models import Approval, Note, SharedTake
from review.room import timecode_facts


@dataclass(frozen=True, slots=True)
class Card:
    """One scene of a link's list."""

    shown: SharedTake
    still: str
    """The address of its middle picture; empty until the copy is made."""
    is_approved: bool

    @property
    def totals(self) -> dict[str, Any]:
        totals: dict[str, Any] = self.shown.take.totals
        return totals


def card(guest: Guest, shown: SharedTake) -> Card:
    return Card(shown, still_of(guest, shown), is_approved(shown))


def still_of(guest: Guest, shown: SharedTake) -> str:
    state, _ = copies.state_of(shown)
    middle = (shown.take.start_frame + shown.take.end_frame) // 2
    signed = guest.address_of(shown)
    return reverse("guest-still", args=[signed, middle]) if state == "ready" else ""


def is_approved(shown: SharedTake) -> bool:
    """Whether people stand by the very take that is shown, at this moment."""
    approval = decisions.current_approval(shown.scene, shown.link.version)
    return (
        approval is not None
        and approval.take_id == shown.take_id
        and approval.decision == Approval.Decision.APPROVED
        and not decisions.stale_reasons(approval)
    )


def context(guest: Guest, shown: SharedTake) -> dict[str, Any]:
    """For `review/guest_scene.html`."""
    take = shown.take
    others = list(guest.link.shown.order_by("number", "pk"))
    place = next(n for n, each in enumerate(others) if each.pk == shown.pk)
    return {
        "guest": guest,
        "shown": shown,
        "scan": take.scan,
        "take": take,
        "in_colour": take.version == Take.Version.COLOUR,
        "is_approved": is_approved(shown),
        "still": still_of(guest, shown),
        "before": others[place - 1] if place else None,
        "after": others[place + 1] if place + 1 < len(others) else None,
        "notes": notes_of(guest, shown),
        "signed": guest.address_of(shown),
        "room": _room(guest, shown),
    }


def notes_of(guest: Guest, shown: SharedTake) -> Any:
    """What the link's guests wrote of the scene; nothing that anybody else did."""
    take = shown.take
    found = Note.objects.filter(
        guest__link=guest.link,
        scan=take.scan,
        start_frame__gte=take.start_frame,
        end_frame__lte=take.end_frame,
    )
    return found.select_related("guest").order_by("start_frame", "at")


def addresses(guest: Guest, shown: SharedTake) -> dict[str, str]:
    """Of the media, for a quarter of an hour; and where a note goes."""
    signed = guest.address_of(shown)
    return {
        "film": reverse("guest-film", args=[signed]),
        "labels": reverse("guest-labels", args=[signed]),
        "labelsIndex": reverse("guest-labels-index", args=[signed]),
        "note": reverse("guest-note", args=[signed]),
    }


def _room(guest: Guest, shown: SharedTake) -> dict[str, Any]:
    """JSON for static/js/guest.js; frames are the scan's."""
    take = shown.take
    return {
        "scene": {"start": take.start_frame, "end": take.end_frame},
        "rate": [take.scan.rate_numerator, take.scan.rate_denominator],
        "timecode": timecode_facts(take.scan),
        "state": reverse("guest-state", args=[guest.link.pk, shown.pk]),
        "hasSound": bool(take.scan.audio),
        "plane": "colour" if take.version == Take.Version.COLOUR else "structure",
    }
