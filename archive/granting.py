"""Giving somebody a role in a collection and taking it back, with who did so and when.

It stands in the archive's chain of custody, under the collection.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from archive import custody, roles
from archive.errors import RoleRefused
from archive.models import Collection, CollectionRole, Event

RIGHT = "archive.give_roles"
GIVEN, TAKEN_BACK = "role given", "role taken back"


@transaction.atomic
def give(collection: Collection, person: User, role: str, *, by: User | None) -> CollectionRole:
    """Let a role hold for somebody in a collection, instead of those of their groups.

    Args:
        role: of `CollectionRole.Role`; `none` shuts them out.
        by: None: whoever runs this on the machine.

    Raises: RoleRefused.
    """
    if role not in CollectionRole.Role.values:
        known = ", ".join(CollectionRole.Role.values)
        raise RoleRefused(f"Nothing was changed: a role in a collection is one of {known}.")
    _require(collection, person, by)
    held = _held(collection, person)
    before = held.role if held is not None else ""
    if held is not None and before == role:
        return held
    made, _ = CollectionRole.objects.update_or_create(
        collection=collection, user=person, defaults={"role": role, "given_by": by}
    )
    _tell(GIVEN, made, by, {"role": role, "before": before})
    roles.forget(person)
    return made


@transaction.atomic
def take_back(collection: Collection, person: User, *, by: User) -> None:
    """Let the roles of their groups hold for somebody in the collection again.

    Raises: RoleRefused, also if they had no role there.
    """
    _require(collection, person, by)
    held = _held(collection, person)
    if held is None:
        raise RoleRefused(
            f"Nothing was changed: {person} has no role of their own in {collection}."
        )
    _tell(TAKEN_BACK, held, by, {"role": held.role})
    held.delete()
    roles.forget(person)


def events_of(collection: Collection) -> QuerySet[Event]:
    """Who was given what by whom, the newest first."""
    found = Event.objects.filter(subject=_subject(collection), kind__in=(GIVEN, TAKEN_BACK))
    return found.select_related("agent").order_by("-pk")


def _held(collection: Collection, person: User) -> CollectionRole | None:
    # Whoever gives a role to the same person waits here, so that each event tells what it ended.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    return CollectionRole.objects.filter(collection=collection, user=person).first()


def _require(collection: Collection, person: User, by: User | None) -> None:
    if person.is_superuser:
        raise RoleRefused(f"Nothing was changed: {person} is an administrator and sees everything.")
    if by is None:
        return
    if not by.has_perm(RIGHT, collection):
        raise RoleRefused(f"{by} does not give roles in {collection}; nothing was changed.")
    if person == by:
        raise RoleRefused("Nothing was changed: nobody gives a role to themselves. Ask another.")
    is_over_all = by.is_superuser or roles.ARCHIVIST in roles.of(by).everywhere
    if roles.ARCHIVIST in roles.of(person).everywhere and not is_over_all:
        raise RoleRefused(
            f"Nothing was changed: {person} is an archivist of all collections; only another such "
            "archivist or an administrator says otherwise."
        )


def _tell(kind: str, role: CollectionRole, by: User | None, detail: dict[str, Any]) -> None:
    custody.record(
        kind=kind,
        agent=custody.person(by) if by is not None else custody.software(),
        subject=_subject(role.collection),
        detail={
            "person": role.user.get_username(),
            "collection": role.collection.name,
            **detail,
        },
    )


def _subject(collection: Collection) -> str:
    return f"collection:{collection.pk}"
