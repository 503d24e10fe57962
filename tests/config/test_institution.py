"""Logging in through an institution: whom it sends, with which role, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from archive.models import InstitutionAccount
from config import institution

pytestmark = [
    pytest.mark.django_db,
    # The provider's own use of its libraries.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider on loopback; it lets in whoever is named, with these claims."""
    from oidc_provider_mock import User as Known
    from oidc_provider_mock import run_server_in_thread

    known = [
        Known(sub="a-1", claims={"preferred_username": "greta", "groups": ["film", "library"],
                                 "email": "rosa@example.org", "email_verified": False}),
        Known(sub="a-2", claims={"preferred_username": "rosa", "groups": "film"}),
        Known(sub="a-3", claims={"preferred_username": "otto", "groups": ["canteen"]}),
    ]  # fmt: skip
    with run_server_in_thread(user_claims=known) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(autouse=True)
def named(settings: Any, issuer: str) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = issuer, "reelproof"
    settings.OIDC_CLIENT_SECRET, settings.OIDC_NAME = "secret", "the university"
    settings.OIDC_ROLES = [("film", "restorer"), ("heads", "archivist")]
    backends = list(settings.AUTHENTICATION_BACKENDS)
    settings.AUTHENTICATION_BACKENDS = [backends[0], institution.BACKEND, *backends[1:]]


@pytest.fixture
def stranger() -> Client:
    return Client()


def sent_to(client: Client, wanted: str = "/catalogue/") -> str:
    """The institution's address that the button leads to."""
    return client.get(reverse("institution-begin"), {"next": wanted}).headers["Location"]


def sent_back(address: str, subject: str) -> str:
    """What the institution's own log-in page answers."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"].removeprefix("http://testserver")


def come_in(client: Client, subject: str) -> Any:
    return client.get(sent_back(sent_to(client), subject))


def is_in(client: Client) -> bool:
    return client.get(reverse("today")).status_code == 200


def test_the_log_in_page_has_a_button_only_where_an_institution_is_named(stranger, settings):
    page = stranger.get(reverse("login")).content.decode()
    assert page.count("Log in with the university") == 1
    settings.OIDC_ISSUER = ""
    assert "university" not in stranger.get(reverse("login")).content.decode()
    for name in ("institution-begin", "institution-back", "institution-leave"):
        assert stranger.get(reverse(name)).status_code == 404


def test_whom_it_sends_comes_in_with_the_role_of_their_group(stranger, restorer):
    answer = come_in(stranger, "a-1")
    assert answer.headers["Location"] == "/catalogue/"
    assert is_in(stranger)
    user = InstitutionAccount.objects.get(subject="a-1").user
    assert user.username == "greta" and not user.has_usable_password()
    assert [group.name for group in user.groups.all()] == ["restorer"]
    assert not user.is_staff and not user.is_superuser
    come_in(Client(), "a-1")
    assert InstitutionAccount.objects.count() == 1, "known again"


def test_neither_a_name_nor_an_unverified_address_takes_an_account_over(stranger, restorer):
    User.objects.filter(pk=restorer.pk).update(email="rosa@example.org")
    come_in(stranger, "a-1")  # says that rosa's address is theirs
    come_in(Client(), "a-2")  # says that they are called rosa
    made = InstitutionAccount.objects.order_by("subject")
    assert [each.user.username for each in made] == ["greta", "rosa-2"]
    assert restorer.pk not in [each.user_id for each in made]


def test_an_administrator_joins_an_account_that_there_is(stranger, restorer, issuer, settings):
    InstitutionAccount.objects.create(user=restorer, issuer=issuer, subject="a-2")
    come_in(stranger, "a-2")
    assert is_in(stranger) and User.objects.filter(username__startswith="rosa").count() == 1
    password = {"username": restorer.username, "password": "secret"}
    assert Client().post(reverse("login"), password).status_code == 302
    settings.OIDC_ONLY = True
    assert Client().post(reverse("login"), password).status_code == 200, "its password is off"


def test_roles_follow_the_table_at_each_log_in_and_no_others_are_touched(stranger, settings):
    come_in(stranger, "a-1")
    settings.OIDC_ROLES = [("library", "researcher"), ("film", "restorer")]
    user = InstitutionAccount.objects.get(subject="a-1").user
    come_in(Client(), "a-1")
    assert {group.name for group in user.groups.all()} == {"researcher", "restorer"}
    settings.OIDC_ROLES = [("library", "researcher"), ("cinema", "restorer")]
    come_in(Client(), "a-1")
    assert {group.name for group in user.groups.all()} == {"researcher"}


def test_who_has_no_role_there_or_is_locked_here_is_told_so(stranger, settings):
    answer = come_in(stranger, "a-3")
    assert answer.status_code == 403 and b"none of your groups there" in answer.content
    assert not InstitutionAccount.objects.exists() and not is_in(stranger)
    settings.OIDC_ROLES = []
    come_in(stranger, "a-3")
    user = InstitutionAccount.objects.get().user
    assert not user.groups.exists(), "without a table an administrator gives the roles"
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not is_in(stranger), "an open session ends"
    assert b"locked" in come_in(Client(), "a-3").content


def test_a_second_step_is_asked_for_all_the_same(stranger, settings):
    settings.SECOND_STEP_FOR = ["restorer"]
    assert come_in(stranger, "a-1").headers["Location"] == reverse("login-enrol")
    assert not is_in(stranger)


def test_the_way_there_carries_state_nonce_and_pkce_and_leads_nowhere_else_back(stranger):
    asked = parse_qs(urlsplit(sent_to(stranger, "https://evil.example/")).query)
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) == 43
    assert asked["state"] and asked["nonce"] and asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == ["http://testserver/login/institution/back/"]
    assert stranger.session["institution_next"] == "/"


def test_what_was_not_asked_for_by_this_session_is_refused(stranger):
    back = sent_back(sent_to(stranger), "a-1")
    assert Client().get(back).status_code == 403, "another's session"
    assert stranger.get(back.replace("state=", "state=x")).status_code == 403
    assert stranger.get(reverse("institution-back")).status_code == 403
    assert stranger.get(reverse("institution-back"), {"error": "no"}).status_code == 403
    assert not User.objects.filter(username="greta").exists()


def test_a_code_counts_once(stranger):
    back = sent_back(sent_to(stranger), "a-1")
    assert stranger.get(back).status_code == 302
    other = Client()
    state = parse_qs(urlsplit(sent_to(other)).query)["state"][0]
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert other.get(reverse("institution-back"), {"code": code, "state": state}).status_code == 403


@pytest.mark.parametrize("what", ["nonce", "audience"])
def test_a_token_for_another_request_or_another_site_is_refused(stranger, monkeypatch, what):
    back = sent_back(sent_to(stranger), "a-1")
    if what == "nonce":
        session = stranger.session
        name = next(key for key, _ in session.items() if key.startswith("_state_institution_"))
        told = session[name]
        told["data"]["nonce"] = "another"
        session[name] = told
        session.save()
    else:
        asked = institution.audience
        monkeypatch.setattr(institution, "audience", lambda: f"not-{asked()}")
    assert stranger.get(back).status_code == 403
    assert not is_in(stranger)


def test_another_issuer_than_the_one_named_is_refused(stranger, settings, issuer):
    settings.OIDC_ISSUER = issuer + "/"
    answer = stranger.get(reverse("institution-begin"))
    assert answer.status_code == 403 and b"is not who it should be" in answer.content
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    answer = stranger.get(reverse("institution-begin"))
    assert answer.status_code == 403 and b"does not answer" in answer.content


def test_who_logs_out_is_offered_to_log_out_there_too(stranger, issuer):
    come_in(stranger, "a-1")
    answer = stranger.post(reverse("logout"), follow=True)
    assert not is_in(stranger)
    assert b"Log out of the university too" in answer.content
    answer = stranger.get(reverse("institution-leave"))
    assert answer.headers["Location"].startswith(f"{issuer}/oauth2/end_session?")
