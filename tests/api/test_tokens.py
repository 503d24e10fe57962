"""Tokens: made with proof of who one is, shown once, no more than their owner, closed at once."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from archive.api import tokens
from archive.errors import TokenRefused
from archive.models import AccessToken, Event
from tests import factories
from tests.api.asking import Program, program
from tests.config.test_logging_in import code_now, switch_on

pytestmark = pytest.mark.django_db


def fill_in(client: Client, proof: str, **other: object):
    said = {"name": "Harvest", "scopes": ["read"], "days": 30, "proof": proof} | other
    return client.post(reverse("new-token"), said)


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_token_is_shown_once_and_kept_as_a_digest(restorer):
    client = logged_in(restorer)
    page = fill_in(client, "secret").content.decode()
    token = restorer.access_tokens.get()
    secret = page.partition('id="secret">')[2].partition("<")[0]
    assert secret.startswith("rp_") and token.digest not in page
    assert secret not in repr(vars(token))
    listed = client.get(reverse("account")).content.decode()
    assert "Harvest" in listed and secret not in listed
    assert Event.objects.get(kind="access token made").detail["owner"] == "rosa"
    asked = Client().get("/api/v1/scenes", headers={"Authorization": f"Bearer {secret}"})
    assert asked.status_code == 200
    client.post(reverse("revoke-token", args=[token.pk]))
    asked = Client().get("/api/v1/scenes", headers={"Authorization": f"Bearer {secret}"})
    assert asked.status_code == 401
    assert Event.objects.filter(kind="access token revoked").count() == 1


def test_an_open_session_alone_makes_no_token(restorer):
    assert fill_in(logged_in(restorer), "wrong").status_code == 422
    switch_on(restorer)
    assert fill_in(logged_in(restorer), "secret").status_code == 422  # a code is asked for now
    assert not AccessToken.objects.exists()
    TOTPDevice.objects.update(last_t=-1, throttling_failure_count=0)
    assert fill_in(logged_in(restorer), code_now(restorer)).status_code == 200


def test_wrong_passwords_for_a_token_lock_as_at_the_door(restorer, settings):
    settings.AXES_ENABLED = True
    client = logged_in(restorer)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        fill_in(client, "wrong")
    assert fill_in(client, "secret").status_code in (422, 429)
    assert not AccessToken.objects.exists()


def test_a_role_that_must_have_a_second_step_opens_nothing_without_one(settings):
    asked = program("archivist")
    assert asked.get("reels").status_code == 200
    settings.SECOND_STEP_FOR = ["archivist"]
    answer = asked.get("reels")
    assert answer.status_code == 401 and "second step" in answer.json()["detail"]
    switch_on(asked.owner)
    assert asked.get("reels").status_code == 200


def test_a_token_has_no_right_that_its_owner_has_not(settings):
    asked = program("researcher")
    scan = factories.make_scan()
    assert asked.get(f"reels/{scan.reel_id}").status_code == 404
    asked.owner.groups.clear()
    assert asked.get("reels").status_code == 403


def test_another_persons_token_cannot_be_revoked(restorer, reviewer):
    made = tokens.make(restorer, name="x", scopes=["read"], days=1)
    client = logged_in(reviewer)
    assert client.post(reverse("revoke-token", args=[made.token.pk])).status_code == 404
    assert tokens.find(made.secret) is not None


def test_what_makes_no_token_is_said(restorer, settings):
    for wrong in ({"scopes": []}, {"scopes": ["all"]}, {"days": 0}, {"days": 366}):
        said = {"name": "x", "scopes": ["read"], "days": 1} | wrong
        with pytest.raises(TokenRefused):
            tokens.make(restorer, **said)
    for _ in range(tokens.MOST):
        tokens.make(restorer, name="x", scopes=["read"], days=1)
    with pytest.raises(TokenRefused, match="Revoke one"):
        tokens.make(restorer, name="x", scopes=["read"], days=1)


def test_a_browser_asks_by_its_session_and_writes_with_its_csrf_token(reviewer):
    scene = factories.make_scene()
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    assert client.get("/api/v1/scenes").status_code == 200
    said = {"scene": scene.pk, "start_frame": 0, "end_frame": 1, "text": "dust"}
    refused = client.post("/api/v1/notes", said, content_type="application/json")
    assert refused.status_code == 403 and "CSRF" in refused.json()["detail"]
    client.get(reverse("account"))
    mark = client.cookies["csrftoken"].value
    headers = {"X-CSRFToken": mark}
    kept = client.post("/api/v1/notes", said, content_type="application/json", headers=headers)
    assert kept.status_code == 201


def test_nobody_comes_in_with_a_password(restorer):
    answer = Client().get("/api/v1/reels", headers={"Authorization": "Basic cm9zYTpzZWNyZXQ="})
    assert answer.status_code == 401


def test_who_asks_too_often_waits(settings):
    settings.API_RATE = "5/minute"
    asked = program("archivist")
    statuses = [asked.get("collections").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert int(asked.get("collections").headers["Retry-After"]) > 0
    writes = Program(asked.owner)
    assert writes.post("notes").status_code == 400
    assert writes.post("notes").status_code == 429, "a quarter of them may be writes"
