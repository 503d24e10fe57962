"""Searches that a person comes back to, and what is new in them since: of the search page, and
in the same way, with their own functions to look, of the catalogue.

What is kept of a search is where its hits were when the person last looked, so that one line gone
and another come is told too. Of more hits than are counted no places are kept: which are taken
changes with every line that is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from review.models import SavedSearch, SearchLine
from review.search import finding
from review.search.lines import lines_of
from review.search.places import new_among, to_keep
from review.search.query import parse

MOST = 30
"""Of one person; each is asked when they open the page, while `MOST_SECONDS` last."""
MOST_SECONDS = 2.0
NAMED = 3
"""New lines that stand beside a kept search; all of them are a page of their own."""


Of = SavedSearch.Of


class TooMany(Exception):
    """The person has as many as there may be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved search as the page shows it."""

    row: SavedSearch
    said_count: str = "not asked now"
    new: Sequence[int] = ()
    """Numbers of the lines that are hits now, and were none when the person last looked."""
    is_capped: bool = False
    """More hits than are counted: what is new is not known."""
    named: Sequence[SearchLine] = ()
    """The first of them."""


Look = Callable[[str, User], Any]
"""What a search finds now, as it is kept; None: more than is counted. Raises: finding.TooSlow."""
Compare = Callable[[SavedSearch, Any], Kept]
"""What a kept search finds now, for its owner. Raises: finding.TooSlow."""


def look(query: str, by: User) -> Any:
    """Where the hits of a search of the search page are."""
    found, is_capped = finding.places(parse(query), user=by)
    return None if is_capped else to_keep(found)


def save(query: str, *, by: User, of: str = Of.SEARCH.value, look: Look = look) -> SavedSearch:
    """Keep a search, or look at one again that is kept.

    Raises: TooMany, finding.TooSlow.
    """
    own = SavedSearch.objects.filter(owner=by, of=of)
    if own.exclude(query=query).count() >= MOST:
        raise TooMany(f"You keep {MOST} searches, the most there may be. Forget one first.")
    now = {"seen": timezone.now(), "places": look(query, by)}
    row, _ = own.update_or_create(owner=by, of=of, query=query, defaults=now)
    return row


def seen(query: str, *, by: User, of: str = Of.SEARCH.value, look: Look = look) -> None:
    """Note that the person looked at what the search finds now, if they keep it.

    Raises: finding.TooSlow.
    """
    own = SavedSearch.objects.filter(owner=by, of=of, query=query)
    if own.exists():
        own.update(seen=timezone.now(), places=look(query, by))


def since_last_look(row: SavedSearch, by: Any) -> Kept:
    """What a kept search finds now that it did not find when its owner last looked.

    Args:
        by: the owner.

    Raises: finding.TooSlow.
    """
    found, is_capped = finding.places(parse(row.query), user=by)
    if is_capped or row.places is None:
        return Kept(row, f"{len(found):,}{'+' * is_capped}", is_capped=is_capped)
    new = [place.line for place in new_among(found, row.places)]
    return Kept(row, f"{len(found):,}", new, named=lines_of(new[:NAMED]))


def kept(user: Any, *, of: str = Of.SEARCH.value, compare: Compare = since_last_look) -> list[Kept]:
    """The person's searches with what is new in each."""
    begun = time.monotonic()
    found = []
    for row in SavedSearch.objects.filter(owner=user, of=of):
        if time.monotonic() - begun > MOST_SECONDS:
            found.append(Kept(row))
            continue
        try:
            found.append(compare(row, user))
        except finding.TooSlow:
            found.append(Kept(row))
    return found
