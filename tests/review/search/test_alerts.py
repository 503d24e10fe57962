"""New hits of a kept search are mailed to its owner who asked for it, once, and to nobody else."""

from __future__ import annotations

import re
from datetime import date, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from archive.models import Reel
from review.models import AlertAddress, SavedSearch
from review.search import alerts, finding, saved
from tests.review.search.said import reel_that_says

pytestmark = pytest.mark.django_db
SITE = "https://films.example.org"


@pytest.fixture(autouse=True)
def mail_server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_asked_again", 0.0)
    settings.EMAIL_HOST, settings.SITE_ADDRESS = "mail.example.org", SITE
    settings.DEFAULT_FROM_EMAIL = "Film archive <search@example.org>"


@pytest.fixture
def kept(researcher: User) -> SavedSearch:
    """Asked for daily, a day ago, of a search that had one hit by then."""
    reel_that_says("An old farewell.", access=Reel.Access.RESEARCH)
    row = saved.save("farewell", by=researcher)
    now = timezone.now()
    AlertAddress.objects.create(owner=researcher, address="r@x.org", asked=now, confirmed=now)
    alerts.switch(row, "daily")
    a_day_goes_by()
    return row


def a_day_goes_by() -> None:
    for row in SavedSearch.objects.exclude(mailed=None):
        assert row.mailed is not None
        SavedSearch.objects.filter(pk=row.pk).update(mailed=row.mailed - timedelta(days=1))


def said_later(**more: Any) -> Reel:
    return reel_that_says("Then a last farewell & more.", access=Reel.Access.RESEARCH, **more)


def link(name: str, body: str) -> str:
    found = re.search(rf"{SITE}(/search/mail/{name}/\S+)", body)
    assert found
    return found[1]


def test_what_is_new_is_mailed_once_with_where_it_opens(kept: SavedSearch) -> None:
    reel = said_later(speaker="Anna")
    assert alerts.sweep() == {"mailed": 1}
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["r@x.org"], "Reelproof: 1 new hit in your kept searches")
    body = str(sent.body)
    assert "Then a last >farewell< & more." in body and "words by: machine" in body
    assert f"{SITE}/reels/{reel.pk}/transcript/?frame=" in body and "old" not in body
    assert f"No mails at all: {sent.extra_headers['List-Unsubscribe'][1:-1]}\n" in body
    a_day_goes_by()
    assert alerts.sweep() == {"mailed": 0} and len(mail.outbox) == 1


def test_nothing_is_mailed_before_it_is_due_or_where_nothing_is_new(kept: SavedSearch) -> None:
    assert alerts.sweep() == {"mailed": 0}
    said_later()
    assert alerts.sweep() == {}
    alerts.switch(kept, "weekly")
    a_day_goes_by()
    assert alerts.sweep() == {}
    alerts.switch(kept, "")
    for _ in range(8):
        a_day_goes_by()
    assert alerts.sweep() == {} and mail.outbox == []


def test_what_was_looked_at_on_the_page_is_not_mailed(kept: SavedSearch, client: Client) -> None:
    said_later()
    client.force_login(kept.owner)
    client.get("/search/", {"q": "farewell"})
    alerts.sweep()
    assert mail.outbox == []


def test_rights_are_asked_when_the_mail_is_written(kept: SavedSearch) -> None:
    said_later().title.rights.create(statement="http://x.org/", embargo=date(2999, 1, 1))
    reel_that_says("A farewell for staff.")
    alerts.sweep()
    assert mail.outbox == []
    said_later()
    kept.owner.groups.clear()
    a_day_goes_by()
    alerts.sweep()
    User.objects.filter(pk=kept.owner_id).update(is_active=False)
    a_day_goes_by()
    assert alerts.sweep() == {} and mail.outbox == []


@pytest.mark.parametrize("missing", ["server", "address", "confirmation"])
def test_without_server_or_confirmed_address_nothing_is_mailed(
    missing: str, kept: SavedSearch, settings: Any
) -> None:
    said_later()
    if missing == "server":
        settings.EMAIL_HOST = ""
    elif missing == "address":
        AlertAddress.objects.all().delete()
    else:
        AlertAddress.objects.update(confirmed=None)
    assert alerts.sweep() == {} and mail.outbox == []


def test_a_hit_that_the_server_did_not_take_is_told_next_time(
    kept: SavedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_later()

    def refuse(*_: object) -> int:
        raise SMTPRecipientsRefused({})

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", refuse)
        assert alerts.sweep() == {"mailed": 0}
    kept.refresh_from_db()
    assert "was not taken" in kept.mail_error
    a_day_goes_by()
    assert alerts.sweep() == {"mailed": 1}


def test_a_hit_that_may_have_left_is_not_told_again(
    kept: SavedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_later()

    def vanish(*_: object) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", vanish)
        assert alerts.sweep() == {"mailed": 0}
    a_day_goes_by()
    assert alerts.sweep() == {"mailed": 0} and mail.outbox == []


def test_a_server_that_is_away_is_asked_again_and_nothing_is_lost(
    kept: SavedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_later()

    def away(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "open", away)
        assert alerts.sweep() == {} == alerts.sweep()
    alerts._asked_again = 0.0
    assert alerts.sweep() == {"mailed": 1}


def test_the_link_of_a_mail_ends_it_by_its_button_and_without_a_log_in(kept: SavedSearch) -> None:
    said_later()
    alerts.sweep()
    address = link("end", str(mail.outbox[0].body))
    opened = Client(enforce_csrf_checks=True).get(address)
    assert b"No more mails of" in opened.content
    kept.refresh_from_db()
    assert kept.mail == "daily"  # a program that only looks changes nothing
    assert Client(enforce_csrf_checks=True).post(address).status_code == 200
    kept.refresh_from_db()
    assert kept.mail == ""
    assert Client().get(address[:-4] + "xyz/").status_code == 404


def test_an_address_counts_once_who_reads_its_mail_says_so(
    researcher: User, client: Client
) -> None:
    client.force_login(researcher)
    client.post("/search/mail/address/", {"address": "new@x.org"})
    (asked,) = mail.outbox
    row = researcher.alert_address
    assert asked.to == ["new@x.org"] and row.confirmed is None
    address = link("confirm", str(asked.body))
    assert b"Mail the new hits of" in Client().get(address).content
    row.refresh_from_db()
    assert row.confirmed is None
    Client().post(address)
    row.refresh_from_db()
    assert row.confirmed is not None
    client.post("/search/mail/address/", {"address": "other@x.org"})
    assert len(mail.outbox) == 1, "within ten minutes nobody is asked again"
    AlertAddress.objects.update(address="third@x.org", confirmed=None)
    assert Client().get(address).status_code == 404


def test_the_page_offers_it_and_says_why_where_it_does_not(
    kept: SavedSearch, client: Client, settings: Any
) -> None:
    client.force_login(kept.owner)
    page = client.get("/search/").content.decode()
    assert "every week" in page and "Mail goes to r@x.org." in page
    address = f"/search/{kept.pk}/mail/"
    answer = client.post(address, {"every": "weekly", "q": "farewell"}, follow=True)
    assert "is mailed every week." in answer.content.decode()
    settings.EMAIL_HOST = ""
    page = client.get("/search/").content.decode()
    assert alerts.OFF in page and "every week" not in page
    answer = client.post(address, {"every": "daily"}, follow=True)
    assert alerts.OFF in answer.content.decode()
    kept.refresh_from_db()
    assert kept.mail == "weekly"


def test_nobody_switches_the_mail_of_another(
    kept: SavedSearch, client: Client, reviewer: User
) -> None:
    client.force_login(reviewer)
    assert client.post(f"/search/{kept.pk}/mail/", {"every": ""}).status_code == 404


def test_of_more_hits_than_are_counted_no_mail_is_promised(
    researcher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST", 1)
    said_later()
    said_later()
    row = saved.save("farewell", by=researcher)
    with pytest.raises(alerts.AlertRefused, match="more hits than are counted"):
        alerts.switch(row, "daily")
