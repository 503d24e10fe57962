"""Notes down who has a room open, and forgets it soon after."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from review.live.marks import Room
from review.models import Presence


def note_down(here: Iterable[tuple[int, Room]]) -> None:
    """That these users (by id) have these rooms open now; who has no account any more is left out.

    Their rows are held until the end, so that no account is removed in between.
    """
    told = sorted(set(here))
    with transaction.atomic():
        accounts = User.objects.filter(pk__in={user for user, _ in told}).order_by("pk")
        held = set(accounts.select_for_update(no_key=True).values_list("pk", flat=True))
        Presence.objects.bulk_create(
            [
                Presence(user_id=user, kind=kind, place=place, seen=Now())
                for user, (kind, place) in told
                if user in held
            ],
            update_conflicts=True,
            unique_fields=["user", "kind", "place"],
            update_fields=["seen"],
        )
        Presence.objects.long_gone().delete()


def leave(user: int, room: Room) -> None:
    """They closed it."""
    Presence.objects.filter(user=user, kind=room[0], place=room[1]).delete()
