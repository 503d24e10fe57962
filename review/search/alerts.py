"""Mail of what is new in kept searches, to those who asked for it.

Nothing is sent unless the installation names a server for mail, the owner switched the search's
mail on, and the address was confirmed by whoever reads its mail. What the owner may see is asked
anew each time. A hit is mailed at most once: that it was told is written down before the mail
leaves, and taken back only where the server says that it did not take it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPServerDisconnected

from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail, signing
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from review.errors import ReviewError
from review.models import AlertAddress, SavedSearch
from review.search import concordance, finding
from review.search.concordance import Hit
from review.search.lines import lines_of
from review.search.places import Kept, Place, new_among, to_keep, together
from review.search.query import parse

log = logging.getLogger(__name__)

EVERY = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
MOST = 20
"""Hits of one search in a mail; the page has all."""
OWNERS = 20
"""Who are mailed in one pass of the sweeper, which has other things to do."""
WAIT_SECONDS = 300
"""After the server could not be asked."""
CONFIRM_DAYS = 3
AGAIN = timedelta(minutes=10)
"""Between two mails that ask whether an address is right."""
OFF = "This installation sends no mail: whoever operates it has named no server for it."
_CONFIRM, _END = "review.search.alerts.confirm", "review.search.alerts.end"
_asked_again = 0.0


class AlertRefused(ReviewError):
    """No mail is promised; the message says why."""


@dataclass(frozen=True, slots=True)
class News:
    """What a mail says of one kept search."""

    row: SavedSearch
    hits: Sequence[tuple[Hit, str]]
    """The first, each with where it opens."""
    count: int
    before: Kept | None
    """What was kept as told before this mail."""

    @property
    def all_of_it(self) -> str:
        return _link("search") + "?" + _asking(self.row.query)

    @property
    def end(self) -> str:
        return end_address(f"search-{self.row.pk}")


def is_on() -> bool:
    return bool(settings.EMAIL_HOST)


def address_of(owner: User) -> AlertAddress | None:
    return AlertAddress.objects.filter(owner=owner).first()


def ask_address(address: str, *, owner: User) -> AlertAddress:
    """Keep where a person wants mail, and ask whoever reads it there.

    Raises: AlertRefused.
    """
    if not is_on():
        raise AlertRefused(OFF)
    now, there = timezone.now(), address_of(owner)
    if there is not None and there.asked > now - AGAIN:
        raise AlertRefused("A mail that asks left within the last ten minutes. Wait for it.")
    row, _ = AlertAddress.objects.update_or_create(
        owner=owner, defaults={"address": address, "asked": now, "confirmed": None}
    )
    told = signing.dumps([owner.pk, address], salt=_CONFIRM)
    words = {
        "owner": owner.get_username(), "link": _link("confirm-alerts", told), "days": CONFIRM_DAYS
    }  # fmt: skip
    body = render_to_string("review/mail/confirm.txt", words)
    try:
        _message("Is this address right?", body, address).send()
    except (OSError, SMTPException) as error:
        AlertAddress.objects.filter(pk=row.pk).update(asked=now - AGAIN)
        log.warning("the mail that confirms an address was not taken: %s", error)
        raise AlertRefused("The server for mail did not take it. Try it again later.") from error
    return row


def confirmed_by(token: str) -> AlertAddress:
    """The address that a link of such a mail is of.

    Raises: AlertRefused.
    """
    try:
        owner, address = signing.loads(token, salt=_CONFIRM, max_age=CONFIRM_DAYS * 86_400)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise AlertRefused("This link is not whole, or too old. Ask for another.") from error
    row = AlertAddress.objects.filter(owner=owner, address=address).first()
    if row is None:
        raise AlertRefused("The address was changed since. The newest mail has the link.")
    return row


def confirm(token: str) -> AlertAddress:
    """Raises: AlertRefused."""
    row = confirmed_by(token)
    row.confirmed = row.confirmed or timezone.now()
    row.save(update_fields=["confirmed"])
    return row


def switch(row: SavedSearch, every: str) -> None:
    """Have a kept search's new hits mailed from now on, or no more (empty).

    Raises: AlertRefused, finding.TooSlow.
    """
    if every:
        if not is_on():
            raise AlertRefused(OFF)
        found, is_capped = finding.places(parse(row.query), user=row.owner)
        if is_capped:
            raise AlertRefused(
                "This search has more hits than are counted: what is new among them cannot be"
                " told. Narrow it, and keep that."
            )
        if not row.mail:
            row.mailed, row.mailed_places = timezone.now(), to_keep(found)
    row.mail, row.mail_error = every, ""
    row.save(update_fields=["mail", "mailed", "mailed_places", "mail_error"])


def ended_by(token: str) -> list[SavedSearch]:
    """The searches whose mail a link ends: one, or all of a person's.

    Raises: AlertRefused.
    """
    try:
        what, number = signing.Signer(salt=_END).unsign(token).split("-")
        key = {"search": "pk", "all": "owner"}[what]
    except (signing.BadSignature, ValueError, KeyError) as error:
        raise AlertRefused("This link is not whole: copy all of it from the mail.") from error
    return list(SavedSearch.objects.filter(**{key: int(number)}, of=SavedSearch.Of.SEARCH))


def end(token: str) -> list[SavedSearch]:
    """Raises: AlertRefused."""
    rows = ended_by(token)
    SavedSearch.objects.filter(pk__in=[row.pk for row in rows]).update(mail="")
    return rows


def end_address(what: str) -> str:
    """The link that ends mails: of `search-NUMBER`, or of `all-NUMBER` of a person."""
    return _link("end-alerts", signing.Signer(salt=_END).sign(what))


def sweep() -> dict[str, int]:
    """Mail what is due; nothing where the server cannot be asked, which is tried again."""
    global _asked_again
    if not is_on() or time.monotonic() < _asked_again:
        return {}
    owners = list(_due().order_by("owner").values_list("owner", flat=True).distinct()[:OWNERS])
    if not owners:
        return {}
    server = mail.get_connection()
    try:
        server.open()
    except (OSError, SMTPException) as error:
        _asked_again = time.monotonic() + WAIT_SECONDS
        log.warning("kept searches wait to be mailed, the server cannot be asked: %s", error)
        return {}
    try:
        return {"mailed": sum(_tell(owner, server) for owner in owners)}
    finally:
        server.close()


def _due() -> QuerySet[SavedSearch]:
    now = timezone.now()
    late = Q(mailed=None)
    for mail_every, every in EVERY.items():
        late |= Q(mail=mail_every, mailed__lte=now - every)
    return SavedSearch.objects.filter(
        late, of=SavedSearch.Of.SEARCH, owner__is_active=True,
        owner__alert_address__confirmed__isnull=False,
    ).exclude(mail="")  # fmt: skip


def _tell(owner_id: int, server: BaseEmailBackend) -> int:
    """Mail one person what is new in their searches that are due; whether a mail left."""
    now = timezone.now()
    with transaction.atomic():
        due = _due().filter(owner=owner_id).select_for_update(skip_locked=True, of=("self",))
        rows = list(due.select_related("owner__alert_address").order_by("pk"))
        news = [each for row in rows if (each := _looked_at(row, now)) is not None]
    if not news:
        return 0
    owner = news[0].row.owner
    try:
        _digest(owner, news, server).send()
    except SMTPServerDisconnected as error:
        # Whether it was taken is not known: it is not told twice.
        log.warning("the mail of %s may not have left: %s", owner, error)
        return 0
    except (OSError, SMTPException) as error:
        log.warning("the mail of %s was not taken: %s", owner, error)
        for each in news:
            SavedSearch.objects.filter(pk=each.row.pk, mailed=now).update(
                mailed_places=each.before, mail_error=f"The last mail was not taken: {error}"[:300]
            )
        return 0
    return 1


def _looked_at(row: SavedSearch, now: datetime) -> News | None:
    """What is new, written down as told; None if nothing is, or nothing can be told."""
    before, row.mailed, row.mail_error = row.mailed_places, now, ""
    try:
        found, is_capped = finding.places(parse(row.query), user=row.owner)
    except finding.TooSlow:
        found, is_capped = [], True
    new: list[Place] = []
    if is_capped:
        row.mail_error = "It has more hits than are counted, so that nothing can be told."
    elif before is None:
        row.mailed_places = to_keep(found)
    else:
        untold = new_among(found, before)
        row.mailed_places = together(before, untold)
        new = new_among(untold, row.places or {})
    row.save(update_fields=["mailed", "mailed_places", "mail_error"])
    if not new:
        return None
    query = parse(row.query)
    hits = concordance.hits(lines_of([place.line for place in new[:MOST]]), query)
    shown = [(hit, settings.SITE_ADDRESS + hit.address(row.query)) for hit in hits]
    return News(row, shown, len(new), before)


def _digest(owner: User, news: Sequence[News], server: BaseEmailBackend) -> mail.EmailMessage:
    count = sum(each.count for each in news)
    subject = f"{count} new hit{'s' * (count != 1)} in your kept searches"
    ends = end_address(f"all-{owner.pk}")
    words = {"news": news, "ends": ends, "page": _link("search"), "most": MOST}
    message = _message(
        subject, render_to_string("review/mail/news.txt", words), owner.alert_address.address
    )
    message.extra_headers |= {
        "List-Unsubscribe": f"<{ends}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    message.connection = server
    return message


def _message(subject: str, body: str, to: str) -> mail.EmailMessage:
    headers = {"Auto-Submitted": "auto-generated"}
    return mail.EmailMessage(f"Reelproof: {subject}", body, to=[to], headers=headers)


def _link(name: str, *args: str) -> str:
    return settings.SITE_ADDRESS + reverse(name, args=args)


def _asking(query: str) -> str:
    return urlencode({"q": query})
