"""Who looked at restricted film: under embargo, or in a collection that is closed to others.

Rights to a reel are asked in one place (`archive.access`), which notes the reel on the request; if
the answer was given, `ReadingMiddleware` writes it down. What is asked for again under the same
name within ten minutes (a film in pieces, a hundred pictures of a storyboard) is one reading.
What people change is a custody event already and no reading.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from archive import custody, embargo
from archive.models import Collection, Reading, Reel

AGAIN = timedelta(minutes=10)
"""Within which the same is not written down again."""
YOUNGEST_DAYS = 30
"""Readings younger than this cannot be removed; the trigger of the table says the same."""
PAGES = ("text/html", "application/json", "application/xml", "text/xml", "text/event-stream")
_NOTED = "_reelproof_readings"


def note(request: HttpRequest, reel: Reel) -> None:
    """Remember that this request was let at that reel."""
    noted: set[int] = getattr(request, _NOTED, set())
    noted.add(reel.pk)
    setattr(request, _NOTED, noted)


class ReadingMiddleware:
    """Write down the restricted reels that a request was let at, once it was answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        reels: set[int] = getattr(request, _NOTED, set())
        user = getattr(request, "user", None)
        given = request.method == "GET" and response.status_code < 300
        if reels and given and isinstance(user, User):
            what = request.resolver_match.view_name if request.resolver_match else ""
            kind = response.headers.get("Content-Type", "").partition(";")[0]
            write(user, reels, what=what, address=request.path, media=kind not in PAGES)
        return response


def write(person: User, reels: set[int], *, what: str, address: str, media: bool) -> None:
    """One row for each of these reels that is restricted and was not read so just before."""
    lately = Reading.objects.filter(
        reel=OuterRef("pk"), person=person, what=what, at__gt=Now() - AGAIN
    )
    new = set(restricted().filter(~Exists(lately), pk__in=reels).values_list("pk", flat=True))
    if not new:
        return
    held = set(
        Reel.objects.filter(embargo.under_embargo(), pk__in=new).values_list("pk", flat=True)
    )
    embargoed, closed = Reading.Why.EMBARGO, Reading.Why.CLOSED
    Reading.objects.bulk_create(
        Reading(
            person=person,
            reel_id=reel,
            why=embargoed if reel in held else closed,
            what=what,
            address=address[:300],
            media=media,
        )
        for reel in sorted(new)
    )


def restricted() -> QuerySet[Reel]:
    """Reels under embargo, or in collections that have members."""
    closed = Collection.objects.filter(titles=OuterRef("element__title"), members__isnull=False)
    return Reel.objects.filter(embargo.under_embargo() | Q(Exists(closed)))


def forget(days: int) -> int:
    """Remove readings older than that, as the owner's role, and tell custody how many.

    Raises: ValueError for less than a month.
    """
    if days < YOUNGEST_DAYS:
        raise ValueError(f"readings are kept for {YOUNGEST_DAYS} days at the least, not {days}")
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "DELETE FROM archive_reading WHERE at < now() - make_interval(days => %s)", [days]
        )
        count: int = cursor.rowcount
    if count:
        with transaction.atomic():
            custody.record(
                kind="readings forgotten",
                agent=custody.software(),
                subject="archive",
                detail={"readings": count, "older_than_days": days},
            )
    return count
