"""What somebody is in a collection: the role that was given them there, else those of their groups.

Every right over film is asked here in the end. `grant` says which roles have a right; `holds`
answers for one reel, title or collection, and without one for "in any collection";
`archive.sight` makes conditions on rows of the same. Rights over the installation
(`grant_everywhere`) are of groups alone. An administrator (superuser) has every right, and no
collection takes one away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import rules
from django.contrib.auth.models import Group, User
from django.db.models import IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast

from archive.models import Collection, CollectionRole, Element, Reel, Scan, Title

ARCHIVIST, RESEARCHER = "archivist", "researcher"
STAFF = frozenset({"archivist", "restorer", "reviewer"})
"""Those who work on film: they see reels whatever their access."""
MACHINE = "operator"
"""A role of the installation, which no role in a collection replaces; it shows no film."""
NONE = CollectionRole.Role.NONE.value
ROLES_OF: dict[str, frozenset[str]] = {}
"""The roles that have each right over film; filled by `grant`."""

Subject = Collection | Title | Element | Reel | Scan
"""What rights over film are asked of."""

_KEPT = "_reelproof_roles"


@dataclass(frozen=True, slots=True)
class Roles:
    """What one person is."""

    everywhere: frozenset[str]
    """By their groups: in all collections but those of `there`, and of what is in none."""
    there: Mapping[int, str] = field(default_factory=dict)
    """By the number of a collection: the role that holds in it instead."""

    def within(self, collection: int | None) -> frozenset[str]:
        """The roles that hold in a collection; None: for films that are in none."""
        given = self.there.get(collection) if collection is not None else None
        if given is None:
            return self.everywhere
        return (self.everywhere & {MACHINE}) | ({given} - {NONE})

    def anywhere(self) -> frozenset[str]:
        return self.everywhere | (set(self.there.values()) - {NONE})

    def are_there(self, collection: int | None) -> bool:
        """Whether a role other than none was given in that collection itself."""
        return collection is not None and self.there.get(collection, NONE) != NONE


NOBODY = Roles(frozenset())


def of(user: Any) -> Roles:
    """The person's roles, asked of the database once for each object that stands for them."""
    if user.pk is None:
        return NOBODY
    if getattr(user, _KEPT, None) is None:
        load([user])
    found: Roles = getattr(user, _KEPT)
    return found


def load(people: Iterable[Any]) -> None:
    """Ask for the roles of many people in one query, so that `of` need not."""
    by_pk: dict[int, list[Any]] = {}
    for person in people:
        by_pk.setdefault(person.pk, []).append(person)
    groups = Group.objects.filter(user__in=by_pk).order_by()
    given = CollectionRole.objects.filter(user__in=by_pk, user__is_superuser=False).order_by()
    rows = groups.values_list("user", "name", Cast(Value(None), IntegerField())).union(
        given.values_list("user", "role", "collection"), all=True
    )
    everywhere: dict[int, set[str]] = {pk: set() for pk in by_pk}
    there: dict[int, dict[int, str]] = {pk: {} for pk in by_pk}
    for pk, name, collection in rows:
        if collection is None:
            everywhere[pk].add(name)
        else:
            there[pk][collection] = name
    for pk, same in by_pk.items():
        for person in same:
            setattr(person, _KEPT, Roles(frozenset(everywhere[pk]), there[pk]))


def forget(user: Any) -> None:
    """Ask anew next time."""
    setattr(user, _KEPT, None)


def collection_of(subject: Subject) -> int | None:
    """The number of the collection that a film is in.

    Raises: TypeError for what is no film.
    """
    if isinstance(subject, Scan):
        subject = subject.reel
    if isinstance(subject, Reel):
        subject = subject.element
    if isinstance(subject, Element):
        subject = subject.title
    if isinstance(subject, Title):
        return subject.collection_id
    if isinstance(subject, Collection):
        return subject.pk
    raise TypeError(f"rights are asked of reels, titles and collections, not of {subject!r}")


def over(user: Any, subject: Subject | None) -> frozenset[str]:
    """The roles that a person has over a film; None: in any collection."""
    found = of(user)
    if subject is None:
        return found.anywhere()
    # Most people have no role in a collection; which one it is need not be asked then.
    return found.within(collection_of(subject)) if found.there else found.everywhere


def holds(*names: str) -> rules.Predicate:
    """True for an active user with any of these roles over the film, and for a superuser."""
    wanted = frozenset(names)

    @rules.predicate(f"holds:{','.join(names)}")
    def is_one(user: Any, subject: Subject | None = None) -> bool:
        return bool(user.is_superuser or wanted & over(user, subject))

    return rules.is_active & is_one


def grant(right: str, *names: str, also: rules.Predicate | None = None) -> None:
    """Give these roles a right over film: asked with a reel, scan, title or collection, or without
    one for "in any collection at all"."""
    ROLES_OF[right] = frozenset(names)
    rules.add_perm(right, holds(*names) & also if also is not None else holds(*names))


def grant_everywhere(right: str, *names: str) -> None:
    """Give the groups of these names a right over the installation, whatever they are in single
    collections."""
    wanted = frozenset(names)

    @rules.predicate(f"everywhere:{','.join(names)}")
    def is_one(user: Any) -> bool:
        return bool(user.is_superuser or wanted & of(user).everywhere)

    rules.add_perm(right, rules.is_active & is_one)


def may_within(user: Any, right: str, collection: int | None) -> bool:
    """Whether a person has a right over films of a collection; None: over those in none."""
    if not user.is_active:
        return False
    return bool(user.is_superuser or ROLES_OF[right] & of(user).within(collection))


def shown_to(user: User) -> QuerySet[CollectionRole]:
    """The person's own roles in collections, as they may know of them: not where they have none,
    since what is hidden from them has no name either."""
    own = CollectionRole.objects.filter(user=user).exclude(role=NONE)
    return own.select_related("collection").order_by("collection__name")


def people(names: Iterable[str], subject: Subject) -> QuerySet[User]:
    """Active people who have any of these roles over a film, each once."""
    wanted = set(names)
    given = CollectionRole.objects.filter(collection=collection_of(subject))
    there = given.filter(role__in=wanted).values("user")
    others = Q(groups__name__in=wanted) & (Q(is_superuser=True) | ~Q(pk__in=given.values("user")))
    return User.objects.filter(Q(pk__in=there) | others, is_active=True).distinct()


def somewhere(names: Iterable[str]) -> QuerySet[User]:
    """Active people who have any of these roles in any collection, each once."""
    wanted = set(names)
    there = CollectionRole.objects.filter(role__in=wanted).values("user")
    return User.objects.filter(
        Q(groups__name__in=wanted) | Q(pk__in=there), is_active=True
    ).distinct()
