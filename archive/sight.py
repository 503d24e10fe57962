"""Which reels a person sees, and has a right over: conditions on the rows of any table.

A sight has one part for what a person is by their groups, and one for each other role that they
were given in collections. Somebody without such a role has one part, and is asked of the database
what was asked before there were roles in collections. The same is answered for one reel by the
rules of `archive.permissions`; `tests/archive/test_roles_in_collections.py` compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from archive import embargo, membership, roles
from archive.models import Collection, Reel

SEES_ALL = "archive.view_history"
"""Held by those who work on film: they see reels whatever their access, unless these are held."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some collections, and what is seen of them."""

    access: tuple[str, ...] | None
    """Kinds of access whose reels are seen; None: the person works on film here, and so sees every
    reel and what is noted of it."""
    embargoed: bool
    """Titles under embargo too."""
    closed: tuple[int, ...] = ()
    """Collections that are not in this part."""
    within: tuple[int, ...] | None = None
    """The collections of this part; None: all others, and films that are in none."""


Sight = tuple[Part, ...]


def of(user: Any, right: str = "") -> Sight:
    """What somebody sees.

    Args:
        right: only where they have this right. Of somebody without roles in collections that is
            not asked here: they have it everywhere or nowhere.
    """
    if not roles.of(user).there or not user.is_active:
        return (_by_groups(user),)
    return _parts(user, roles.ROLES_OF[right] if right else None)


def with_role(user: Any, role: str) -> Sight:
    """What somebody with roles in collections sees where this role is theirs."""
    return _parts(user, frozenset({role}))


def _parts(user: Any, wanted: frozenset[str] | None) -> Sight:
    """Args: wanted: roles of which one is to hold in each part; None: any, or none at all."""
    found, parts = roles.of(user), []
    if wanted is None or wanted & found.everywhere:
        closed = set(found.there)
        if roles.ARCHIVIST not in found.everywhere:
            closed |= set(membership.closed_to(user))
        parts.append(_part(found.everywhere, closed=tuple(sorted(closed))))
    for numbers in _by_role(found).values():
        held = found.within(numbers[0])
        if wanted is None or wanted & held:
            parts.append(_part(held, within=numbers))
    return tuple(parts)


def _by_groups(user: Any) -> Part:
    access = None if user.has_perm(SEES_ALL) else openings(user)
    if user.has_perm(embargo.HELD):
        return Part(access, embargoed=True)
    return Part(access, embargoed=False, closed=tuple(membership.closed_to(user)))


def _by_role(found: roles.Roles) -> dict[str, tuple[int, ...]]:
    """The collections in which each role was given; those of `none` are in no part."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for number, role in sorted(found.there.items()):
        if role != roles.NONE:
            numbers[role].append(number)
    return {role: tuple(each) for role, each in sorted(numbers.items())}


def _part(
    held: frozenset[str], *, closed: tuple[int, ...] = (), within: tuple[int, ...] | None = None
) -> Part:
    access = None if held & roles.STAFF else opened_by(held)
    return Part(access, roles.ARCHIVIST in held, closed, within)


def openings(user: Any) -> tuple[str, ...]:
    """The kinds of access that open a reel to somebody who does not work on film."""
    return opened_by(frozenset({roles.RESEARCHER} if user.has_perm("archive.browse") else ()))


def opened_by(held: frozenset[str]) -> tuple[str, ...]:
    if held & {roles.RESEARCHER, *roles.STAFF}:
        return (Reel.Access.RESEARCH.value, Reel.Access.PUBLIC.value)
    return (Reel.Access.PUBLIC.value,) if settings.PUBLIC_CATALOGUE else ()


def condition(sight: Sight, reel: str = "", *, whatever_access: bool = False) -> Q:
    """Rows whose reel (found by this path, such as `scan__reel__`) is in a sight of several parts.

    Args:
        whatever_access: leave out who reels are open to, and ask for embargo and roles alone.
    """
    found = Q(pk__in=())
    for part in sight:
        each = Q() if part.within is None else membership.in_collections(part.within, reel)
        if part.access is not None and not whatever_access:
            each &= Q(**{f"{reel}access__in": part.access})
        if not part.embargoed:
            each &= ~embargo.under_embargo(reel)
        if part.closed:
            each &= ~membership.in_collections(part.closed, reel)
        found |= each
    return found


def collections(user: Any, right: str = "") -> QuerySet[Collection]:
    """Collections that somebody may choose from: all, but for those who were given roles in some
    of them only where they see anything, and have this right."""
    every = Collection.objects.all()
    if not roles.of(user).there:
        return every
    found = Q(pk__in=())
    for part in of(user, right):
        found |= Q(pk__in=part.within) if part.within is not None else ~Q(pk__in=part.closed)
    return every.filter(found)
