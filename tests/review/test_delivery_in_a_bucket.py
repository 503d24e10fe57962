"""A delivery from takes that only a bucket has, kept there, and handed out from any machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from archive.bucket import Bucket, StoreAway
from archive.models import StoredFile
from review.delivery import requests, sweeper
from review.delivery.attempts import execute_delivery
from review.models import Deliverable, Delivery
from review.withdrawals import withdraw
from tests.bucket_server import names
from tests.review.approved_reel import make_approved_reel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def delivery(in_bucket: Bucket, settings: Any, tmp_path: Path, archivist: User) -> Delivery:
    """Asked for on a machine whose disk is empty."""
    settings.RUN_LEASE_SECONDS, settings.RUN_LEFTOVER_SECONDS = 5, 0
    settings.DELIVERY_HOME = tmp_path / "out"
    reel = make_approved_reel(tmp_path, by=archivist)
    call_command("store_files")
    settings.MEDIA_HOME = tmp_path / "worker"
    return requests.ask(reel, format="all", use="exhibition", by=archivist)


def executed(delivery: Delivery) -> Delivery:
    execute_delivery(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def delivered() -> set[str]:
    return set(StoredFile.objects.kept().below("deliverables").values_list("sha256", flat=True))


def test_a_web_server_without_the_files_hands_them_out(
    delivery: Delivery, settings: Any, tmp_path: Path, archivist: User, client: Client
) -> None:
    executed(delivery)
    assert (delivery.status, delivery.error) == ("done", "")
    made = delivery.deliverable
    assert made is not None
    assert delivered() == {each["sha256"] for each in made.files}, "the record too"
    film = (Path(made.files[0]["path"])).read_bytes()
    (tmp_path / "out").rename(tmp_path / "lost")
    settings.DELIVERY_HOME = tmp_path / "web"
    client.force_login(archivist)
    address = reverse("deliverable-file", args=[made.pk, 0])
    assert client.get(address).getvalue() == film
    settings.STORAGE_PRESIGNED = True
    answer = client.get(address)
    assert answer.status_code == 302 and made.files[0]["name"] in answer.url
    withdraw(made, by=archivist, reason="The family asked for it.")
    assert client.get(address).status_code == 410, "no address of what was withdrawn"


def test_what_is_cut_off_has_not_left(
    delivery: Delivery, in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, put, tries = len(names(in_bucket)), Bucket.put, []

    def cut(self: Bucket, path: Path, name: str, sealed: Any, told: Any) -> None:
        tries.append(name)
        if len(tries) == 3:
            raise StoreAway("The store does not answer (cut)")
        put(self, path, name, sealed, told)

    monkeypatch.setattr(Bucket, "put", cut)
    executed(delivery)
    assert delivery.status == "queued" and not Deliverable.objects.exists()
    assert len(names(in_bucket)) == before
    assert executed(delivery).status == "done"
    assert sweeper.sweep()["removed"] == []
    made = delivery.deliverable
    assert made is not None and len(delivered()) == len(made.files)
