"""Every model is in the admin; what only code may write can only be read there."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from archive import custody
from archive.models import Agent, Event, Reel
from tests.factories import make_reel, make_scan, make_title, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def test_every_model_of_the_archive_is_there() -> None:
    assert [
        m for m in apps.get_app_config("archive").get_models() if m not in admin.site._registry
    ] == []


@pytest.mark.parametrize("model", list(apps.get_app_config("archive").get_models()))
def test_its_list_opens(root: Client, model: type) -> None:
    scan = make_scan()
    custody.record(
        kind="inspection", agent=custody.software(), subject="x", reel=scan.reel, detail={}
    )

    answer = root.get(reverse(f"admin:archive_{model._meta.model_name}_changelist"))

    assert answer.status_code == 200


@pytest.mark.parametrize("model", [Event, Agent])
def test_events_and_agents_can_only_be_read(root: Client, model: type) -> None:
    custody.record(kind="inspection", agent=custody.software(), subject="x")
    name, row = model._meta.model_name, model.objects.get()

    assert root.get(reverse(f"admin:archive_{name}_add")).status_code == 403
    assert root.get(reverse(f"admin:archive_{name}_change", args=[row.pk])).status_code == 200
    assert root.post(reverse(f"admin:archive_{name}_change", args=[row.pk])).status_code == 403
    assert root.post(reverse(f"admin:archive_{name}_delete", args=[row.pk])).status_code == 403


def test_a_changed_description_is_an_event(root: Client) -> None:
    reel = make_reel()
    element = reel.element_id

    answer = root.post(
        reverse("admin:archive_reel_change", args=[reel.pk]),
        {"element": element, "number": 1, "access": "research"},
    )

    assert answer.status_code == 302
    event = Event.objects.get(kind="metadata modification")
    changes = {"access": ["staff", "research"]}
    assert (event.reel, event.detail) == (reel, {"of": "reel", "changes": changes})
    assert event.agent.kind == "person"


def test_rights_that_are_changed_below_a_title_are_events(root: Client) -> None:
    title = make_title()
    statement = "http://rightsstatements.org/vocab/InC/1.0/"
    kept = title.rights.create(statement=statement, holder="Moe")
    gone = title.rights.create(statement=statement, holder="Lie")
    typed = {"name": title.name, "rights-TOTAL_FORMS": "3", "rights-INITIAL_FORMS": "2"}
    for place, (row, holder) in enumerate(((kept, "Moe estate"), (gone, "Lie"), (None, "New"))):
        typed |= {f"rights-{place}-title": title.pk, f"rights-{place}-statement": statement,
                  f"rights-{place}-holder": holder,
                  f"rights-{place}-id": row.pk if row else ""}  # fmt: skip
    typed["rights-1-DELETE"] = "on"
    address = reverse("admin:archive_title_change", args=[title.pk])
    answer = root.post(address, typed)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert sorted(title.rights.values_list("holder", flat=True)) == ["Moe estate", "New"]
    told = {
        (each.subject, each.kind): each.detail
        for each in Event.objects.filter(subject__startswith="rights:")
    }
    assert told[f"rights:{kept.pk}", "metadata modification"]["changes"] == {
        "holder": ["Moe", "Moe estate"]
    }
    assert (f"rights:{gone.pk}", "deletion") in told and len(told) == 3


def test_a_deleted_title_is_an_event(root: Client) -> None:
    title = make_title("Harbour Day")

    root.post(reverse("admin:archive_title_delete", args=[title.pk]), {"post": "yes"})

    assert Event.objects.get(kind="deletion").detail == {"was": "Harbour Day"}


def test_a_reel_with_a_history_can_not_be_deleted(root: Client) -> None:
    scan = make_scan()
    custody.record(kind="x", agent=custody.software(), subject="x", reel=scan.reel)

    answer = root.post(reverse("admin:archive_reel_delete", args=[scan.reel_id]), {"post": "yes"})

    assert Reel.objects.exists()
    assert answer.status_code == 200
