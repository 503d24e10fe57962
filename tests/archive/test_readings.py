"""Who looks at restricted film is written down, for good, and shown to archivists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from archive.models import Collection, Event, Reading, Reel, Rights
from tests.factories import make_reel, make_scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def reel() -> Reel:
    return make_reel()


@pytest.fixture
def as_archivist(client: Client, archivist: User) -> Client:
    client.force_login(archivist)
    return client


def put_under_embargo(reel: Reel) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    Rights.objects.create(title=reel.element.title, statement="in copyright", embargo=tomorrow)


def close_collection(reel: Reel, *members: User) -> None:
    title = reel.element.title
    title.collection = Collection.objects.create(name="Closed")
    title.save()
    for member in members:
        title.collection.members.create(user=member)


def test_film_that_is_not_restricted_is_nobodys_business(as_archivist: Client, reel: Reel) -> None:
    assert as_archivist.get(f"/reels/{reel.pk}/").status_code == 200
    assert not Reading.objects.exists()


def test_pages_and_film_under_embargo_are_written_down_once_in_ten_minutes(
    as_archivist: Client, archivist: User, reel: Reel
) -> None:
    put_under_embargo(reel)
    for _ in range(3):
        as_archivist.get(f"/reels/{reel.pk}/")
    as_archivist.get(f"/reels/{reel.pk}/history/?page=1")
    read = Reading.objects.order_by("pk").values_list("person", "reel", "why", "what", "media")
    assert list(read) == [
        (archivist.pk, reel.pk, "embargo", "reel", False),
        (archivist.pk, reel.pk, "embargo", "description-history", False),
    ]


def test_members_of_a_closed_collection_leave_their_names_and_refused_people_none(
    client: Client, member: Callable[..., User], reel: Reel
) -> None:
    inside, outside = member("inside", "reviewer"), member("outside", "reviewer")
    close_collection(reel, inside)
    make_scan(reel=reel)
    client.force_login(outside)
    assert client.get(f"/reels/{reel.pk}/").status_code == 403
    assert not Reading.objects.exists()
    client.force_login(inside)
    assert client.get(f"/reels/{reel.pk}/").status_code == 200
    only = Reading.objects.get()
    assert (only.person, only.why, only.address) == (inside, "closed", f"/reels/{reel.pk}/")


def test_the_page_tells_archivists_and_nobody_else(
    as_archivist: Client, client: Client, reviewer: User, reel: Reel
) -> None:
    put_under_embargo(reel)
    as_archivist.get(f"/reels/{reel.pk}/")
    page = as_archivist.get(f"/readings/?reel={reel.pk}&person=ANNA").content.decode()
    assert "under embargo" in page and f"/reels/{reel.pk}/" in page
    assert "Nobody did" in as_archivist.get("/readings/?person=nobody").content.decode()
    assert "Nobody did" in as_archivist.get(f"/readings/?reel={reel.pk + 1}").content.decode()
    client.force_login(reviewer)
    assert client.get("/readings/").status_code == 403


def test_the_application_can_neither_change_nor_remove_a_reading(
    archivist: User, reel: Reel
) -> None:
    Reading.objects.create(person=archivist, reel=reel, why="embargo", what="reel", media=False)
    for change in ("UPDATE archive_reading SET what = ''", "DELETE FROM archive_reading"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert Reading.objects.count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_is_old_is_forgotten_by_command_and_nothing_young(
    archivist: User, reel: Reel, superuser_dsn: str
) -> None:
    for _ in range(2):
        Reading.objects.create(person=archivist, reel=reel, why="embargo", what="reel", media=False)
    with psycopg.connect(superuser_dsn) as mighty:
        mighty.execute("SET session_replication_role = replica")
        mighty.execute(
            "UPDATE archive_reading SET at = now() - interval '800 days'"
            " WHERE id = (SELECT min(id) FROM archive_reading)"
        )
    with pytest.raises(CommandError, match="30 days at the least"):
        call_command("forget_readings", "--days", "7")
    call_command("forget_readings")
    assert Reading.objects.count() == 1
    event = Event.objects.get(kind="readings forgotten")
    assert event.detail == {"readings": 1, "older_than_days": 730}
    with (
        psycopg.connect(superuser_dsn) as mighty,
        pytest.raises(psycopg.Error, match="append-only"),
    ):
        mighty.execute("DELETE FROM archive_reading")
