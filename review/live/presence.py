"""Notes down who has a room open, and forgets it soon after."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models.functions import Now

from review.live.marks import Room
from review.models import Presence


def note_down(here: Iterable[tuple[int, Room]]) -> None:
    """That these users (by id) have these rooms open now."""
    rows = [
        Presence(user_id=user, kind=kind, place=place, seen=Now())
        for user, (kind, place) in sorted(set(here))
    ]
    Presence.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["user", "kind", "place"],
        update_fields=["seen"],
    )
    Presence.objects.long_gone().delete()


def leave(user: int, room: Room) -> None:
    """They closed it."""
    Presence.objects.filter(user=user, kind=room[0], place=room[1]).delete()
