"""Somebody can log in, for each role, with a password that is shown once."""

from __future__ import annotations

import io
import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from archive.models import Event
from review.models import Approval
from tests import factories

pytestmark = pytest.mark.django_db


def create_people(*arguments: str) -> list[dict[str, str | None]]:
    out = io.StringIO()
    call_command("create_people", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def may_log_in(name: str, password: str) -> bool:
    answers = {"username": name, "password": password}
    return Client().post(reverse("login"), answers).status_code == 302


def test_it_makes_one_person_for_each_role_who_can_log_in():
    made = create_people()
    assert [person["name"] for person in made] == [
        "archivist", "restorer", "reviewer", "researcher", "operator",
    ]  # fmt: skip
    assert len({person["password"] for person in made}) == 5
    for person in made:
        assert may_log_in(person["name"], person["password"])
        user = User.objects.get(username=person["name"])
        assert [group.name for group in user.groups.all()] == [person["name"]]
        assert not user.is_staff


def test_a_second_call_leaves_passwords_as_they_are():
    create_people("--password", "first and last")
    assert {person["password"] for person in create_people()} == {None}
    assert may_log_in("archivist", "first and last")
    create_people("--role", "archivist", "--password", "another one", "--reset")
    assert may_log_in("archivist", "another one")


def test_a_short_password_makes_nobody():
    with pytest.raises(CommandError, match="nobody was made"):
        create_people("--password", "short")
    assert not User.objects.exists()


def test_the_admin_shows_decisions_and_cannot_change_them(archivist, client, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    scene = factories.make_scene()
    take = factories.make_take(scene=scene)
    approval = Approval.objects.create(
        scene=scene, take=take, digest=take.digest, decision="approved", by=archivist
    )
    client.force_login(User.objects.create_superuser("root", password="root"))
    assert client.get("/admin/review/approval/").status_code == 200
    address = f"/admin/review/approval/{approval.pk}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"decision": "changes"}).status_code == 403
    assert client.post(f"/admin/review/approval/{approval.pk}/delete/").status_code == 403


def test_who_logs_out_is_shown_our_own_log_in_page(archivist, client):
    client.force_login(archivist)
    page = client.post("/logout/", follow=True)
    assert page.redirect_chain == [("/login/", 302)]
    assert "Restore film. Hide nothing." in page.content.decode()


def test_somebody_may_have_a_role_in_one_collection_alone() -> None:
    (made,) = create_people("--role", "reviewer", "--collection", "Demo reels")
    user = User.objects.get(username="reviewer-demo-reels")
    assert made["name"] == user.username and made["password"]
    inside, outside = (
        factories.make_reel(element=factories.make_element(title=title), access="research")
        for title in (factories.make_title("In", collection="Demo reels"), factories.make_title())
    )
    assert user.has_perm("archive.view_reel", inside)
    assert not user.has_perm("archive.view_reel", outside)
    event = Event.objects.get(kind="role given")
    assert event.agent.kind == "software" and event.detail["role"] == "reviewer"
    with pytest.raises(CommandError, match="in a collection somebody is"):
        create_people("--role", "operator", "--collection", "Demo reels")
