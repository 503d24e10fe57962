"""Closed collections: one that has members is seen by them, by archivists, and by whoever was given
a role in it (`archive.roles`), and nobody else.

A member sees it with the rights of their own roles; without roles a membership opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection as Container
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from archive import custody, embargo, roles, trash
from archive.models import Collection, CollectionMember, Element, Reel

LET_IN, TAKEN_OUT = "member let in", "member taken out"


@transaction.atomic
def let_in(collection: Collection, person: User, *, by: User) -> CollectionMember:
    """Make somebody a member; the first one closes the collection to all others."""
    made, is_new = CollectionMember.objects.get_or_create(collection=collection, user=person)
    if is_new:
        _tell(LET_IN, made, by)
    return made


@transaction.atomic
def take_out(member: CollectionMember, *, by: User) -> None:
    """When the last member is gone, the collection is closed no more."""
    _tell(TAKEN_OUT, member, by)
    member.delete()


def _tell(kind: str, member: CollectionMember, by: User) -> None:
    custody.record(
        kind=kind,
        agent=custody.person(by),
        subject=f"collection:{member.collection_id}",
        detail={"person": member.user.get_username(), "collection": member.collection.name},
    )


def closed_to(user: Any) -> list[int]:
    """Numbers of the collections that have members, this person not among them."""
    closed = Collection.objects.filter(members__isnull=False)
    closed = closed.exclude(members__user=user.pk) if user.pk else closed
    return list(closed.order_by("pk").values_list("pk", flat=True).distinct())


def in_collections(collections: Container[int], reel: str = "") -> Q:
    """Rows whose reel (found by this path, such as `scan__reel__`) is in one of these."""
    elements = Element.objects.filter(title__collection__in=collections)
    return Q(**{f"{reel}element__in": elements})


def is_kept_from(user: Any, reel: Reel) -> bool:
    """Whether the reel is in the trash, of a title under embargo, or in a collection closed to
    this person. One question, as it is asked of every picture."""
    hidden = embargo.under_embargo() | trash.in_trash()
    there = roles.of(user)
    if not there.there or not there.are_there(roles.collection_of(reel)):
        closed = Collection.objects.filter(titles=OuterRef("element__title"), members__isnull=False)
        if user.pk:
            closed = closed.exclude(members__user=user.pk)
        hidden |= Q(Exists(closed))
    return Reel.objects.filter(hidden, pk=reel.pk).exists()
