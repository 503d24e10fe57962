"""A guest at the door: the password, how often it may be tried, and who came in, and as whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import check_password
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from archive import custody
from review.guests.links import closed_because
from review.models import GuestVisit, SharedTake, ShareLink

WRONG_AT_MOST = 5
LOCKED = timedelta(minutes=15)
VISITS_AN_HOUR = 30
"""More of them by one link are no guest's; each is an event that stays for ever."""
MEDIA_SECONDS = 15 * 60
"""So long does the address of a film or a map open; the page asks for new ones before that."""
_SESSION = "guest_visits"
_SALT = "reelproof.guest"


class Closed(Exception):
    """The guest is told that nothing is to be seen here."""

    def __init__(self, words: str, status: int = 404) -> None:
        super().__init__(words)
        self.words, self.status = words, status


class NotIn(Exception):
    """The guest may try again; the words say what was wrong."""

    def __init__(self, words: str, status: int = 403) -> None:
        super().__init__(words)
        self.words, self.status = words, status


UNKNOWN = "There is no such link. Check that the address is whole, or ask who sent it."
CLOSED = "This link is closed: it expired, was revoked, or the archive shows this no longer."


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who came in by an open link."""

    visit: GuestVisit
    link: ShareLink

    def shown(self, pk: int) -> SharedTake:
        """One of the takes that the link shows. Raises: Closed."""
        return _one(self.link, pk)

    def address_of(self, shown: SharedTake) -> str:
        """What an address of this take's media holds; it opens in this session, for a while."""
        return signing.dumps([self.visit.pk, shown.pk], salt=_SALT, compress=False)


def require_open(link: ShareLink | None) -> ShareLink:
    """Raises: Closed, without telling why: that is for those who made the link."""
    if link is None:
        raise Closed(UNKNOWN)
    if closed_because(link):
        raise Closed(CLOSED, 410)
    return link


def enter(request: HttpRequest, link: ShareLink, *, name: str, password: str) -> GuestVisit:
    """Let a guest in under the name that they give.

    Raises: NotIn.
    """
    with transaction.atomic():
        row = ShareLink.objects.select_for_update().get(pk=link.pk)
        refusal = _refusal(row, password)
        visit = None if refusal else _visit(row, name)
    if refusal or visit is None:  # raised out here: a wrong password has to stay counted
        raise refusal or NotIn("Nothing was opened.")
    request.session.cycle_key()
    request.session[_SESSION] = {**request.session.get(_SESSION, {}), str(link.pk): visit.pk}
    return visit


def _refusal(link: ShareLink, password: str) -> NotIn | None:
    now = timezone.now()
    if link.locked_until is not None and link.locked_until > now:
        return NotIn(_LOCKED, 429)
    if link.visits.filter(at__gt=now - timedelta(hours=1)).count() >= VISITS_AN_HOUR:
        return NotIn("This link was opened too often within an hour. Come back later.", 429)
    if not link.password or check_password(password, link.password):
        link.wrong, link.locked_until = 0, None
        link.save(update_fields=["wrong", "locked_until"])
        return None
    link.wrong += 1
    if link.wrong >= WRONG_AT_MOST:
        link.wrong, link.locked_until = 0, now + LOCKED
    link.save(update_fields=["wrong", "locked_until"])
    if link.locked_until is not None and link.locked_until > now:
        return NotIn(_LOCKED, 429)
    return NotIn("The password is not right. Ask who sent you the link; nothing was opened.")


_LOCKED = "Too many wrong passwords. The link opens again in a quarter of an hour."


def _visit(link: ShareLink, name: str) -> GuestVisit:
    visit = GuestVisit.objects.create(link=link, name=name)
    custody.record(
        kind="share link opened",
        agent=custody.software(),  # nobody has proved who the guest is
        subject=f"share-link:{link.pk}",
        reel=link.reel,
        detail={"guest": link.guest, "as": name, "visit": visit.pk},
    )
    return visit


def guest_of(request: HttpRequest, link: int) -> Guest:
    """Who came in by this link in this session, if it still opens.

    Raises: Closed; also where there is no such link, so that nobody learns which there are.
    """
    return _guest(request.session.get(_SESSION, {}).get(str(link)))


def guest_with(request: HttpRequest, signed: str) -> tuple[Guest, SharedTake]:
    """Who asks for the media behind a signed address, in the session that it was given to.

    Raises: Closed.
    """
    try:
        visit, shown = signing.loads(signed, salt=_SALT, max_age=MEDIA_SECONDS)
    except signing.BadSignature as error:
        raise Closed(
            "This address is not valid any more. Go back to the page it was on."
        ) from error
    if visit not in request.session.get(_SESSION, {}).values():
        raise Closed(UNKNOWN)
    guest = _guest(visit)
    return guest, _one(guest.link, shown)


def _guest(visit: Any) -> Guest:
    found = GuestVisit.objects.select_related(
        "link__reel__element__title__collection", "link__by"
    ).filter(pk=visit or 0)
    known = found.first()
    if known is None:
        raise Closed(UNKNOWN)
    return Guest(known, require_open(known.link))


def _one(link: ShareLink, pk: int) -> SharedTake:
    shown = link.shown.select_related("scene__scan", "take__scan").filter(pk=pk).first()
    if shown is None:
        raise Closed(UNKNOWN)
    return shown
