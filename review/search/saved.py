"""Searches that a person comes back to, and what is new in them since."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from review.models import SavedSearch
from review.search import finding
from review.search.query import parse

MOST = 30
"""Of one person; each is asked when they open the page, while `MOST_SECONDS` last."""
MOST_SECONDS = 2.0


class TooMany(Exception):
    """The person has as many as there may be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved search as the page shows it."""

    row: SavedSearch
    count: int = 0
    said_count: str = "not asked now"

    @property
    def new(self) -> int:
        """Hits more than when the person last looked; lines that went are not told."""
        return max(self.count - self.row.seen_count, 0)


def save(query: str, *, by: User) -> SavedSearch:
    """Keep a search, or look at one again that is kept.

    Raises: TooMany.
    """
    own = SavedSearch.objects.filter(owner=by)
    if own.exclude(query=query).count() >= MOST:
        raise TooMany(f"You keep {MOST} searches, the most there may be. Forget one first.")
    count = finding.find(parse(query), user=by, size=1).count
    row, _ = own.update_or_create(
        owner=by, query=query, defaults={"seen": timezone.now(), "seen_count": count}
    )
    return row


def seen(query: str, count: int, *, by: User) -> None:
    """Note that the person looked at what the search finds now."""
    SavedSearch.objects.filter(owner=by, query=query).update(seen=timezone.now(), seen_count=count)


def kept(user: Any) -> list[Kept]:
    """The person's searches with what each finds now."""
    begun = time.monotonic()
    found = []
    for row in SavedSearch.objects.filter(owner=user):
        if time.monotonic() - begun > MOST_SECONDS:
            found.append(Kept(row))
            continue
        try:
            now = finding.find(parse(row.query), user=user, size=1)
        except finding.TooSlow:
            found.append(Kept(row))
        else:
            found.append(Kept(row, now.count, now.said_count))
    return found
