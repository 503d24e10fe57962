"""Searches that a person comes back to, and what is new in them since.

What is kept of a search is where its hits were when the person last looked, so that one line gone
and another come is told too. Of more hits than are counted no places are kept: which are taken
changes with every line that is written.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from review.models import SavedSearch, SearchLine
from review.search import finding
from review.search.places import new_among, to_keep
from review.search.query import parse

MOST = 30
"""Of one person; each is asked when they open the page, while `MOST_SECONDS` last."""
MOST_SECONDS = 2.0
NAMED = 3
"""New lines that stand beside a kept search; all of them are a page of their own."""


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


def save(query: str, *, by: User) -> SavedSearch:
    """Keep a search, or look at one again that is kept.

    Raises: TooMany, finding.TooSlow.
    """
    own = SavedSearch.objects.filter(owner=by)
    if own.exclude(query=query).count() >= MOST:
        raise TooMany(f"You keep {MOST} searches, the most there may be. Forget one first.")
    row, _ = own.update_or_create(owner=by, query=query, defaults=_looked_at(query, by))
    return row


def seen(query: str, *, by: User) -> None:
    """Note that the person looked at what the search finds now, if they keep it.

    Raises: finding.TooSlow.
    """
    own = SavedSearch.objects.filter(owner=by, query=query)
    if own.exists():
        own.update(**_looked_at(query, by))


def _looked_at(query: str, by: User) -> dict[str, Any]:
    found, is_capped = finding.places(parse(query), user=by)
    return {"seen": timezone.now(), "places": None if is_capped else to_keep(found)}


def since_last_look(row: SavedSearch, *, by: Any) -> Kept:
    """What a kept search finds now that it did not find when its owner last looked.

    Args:
        by: the owner.

    Raises: finding.TooSlow.
    """
    found, is_capped = finding.places(parse(row.query), user=by)
    if is_capped or row.places is None:
        return Kept(row, f"{len(found):,}{'+' * is_capped}", is_capped=is_capped)
    new = [place.line for place in new_among(found, row.places)]
    return Kept(row, f"{len(found):,}", new, named=finding.lines_of(new[:NAMED]))


def kept(user: Any) -> list[Kept]:
    """The person's searches with what is new in each."""
    begun = time.monotonic()
    found = []
    for row in SavedSearch.objects.filter(owner=user):
        if time.monotonic() - begun > MOST_SECONDS:
            found.append(Kept(row))
            continue
        try:
            found.append(since_last_look(row, by=user))
        except finding.TooSlow:
            found.append(Kept(row))
    return found
