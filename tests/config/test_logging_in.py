"""A password, a second step, and how often either may be wrong."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config import second_step

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted(settings) -> None:
    settings.AXES_ENABLED = True


@pytest.fixture
def stranger() -> Client:
    return Client()


def give_password(client: Client, name: str, password: str = "secret", **headers: str):
    answers = {"username": name, "password": password, "next": "/catalogue/"}
    return client.post(reverse("login"), answers, headers=headers)


def is_in(client: Client) -> bool:
    return client.get(reverse("today")).status_code == 200


def code_now(user: User, step: int = 0) -> str:
    """What the app shows, or will show so many half-minutes later."""
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(device.bin_key, device.step, device.t0, device.digits, step):06d}"


def switch_on(user: User) -> list[str]:
    second_step.unconfirmed(user)
    return second_step.confirm(user, code_now(user, -1))


def test_a_password_alone_lets_in_whoever_has_no_second_step(stranger, restorer):
    response = give_password(stranger, "rosa")
    assert response.headers["Location"] == "/catalogue/"
    assert is_in(stranger)


def test_with_a_second_step_the_password_alone_opens_nothing(stranger, restorer):
    switch_on(restorer)
    response = give_password(stranger, "rosa")
    assert response.headers["Location"] == reverse("login-code")
    assert not is_in(stranger)
    assert "_auth_user_id" not in stranger.session


def test_the_right_code_lets_in_to_where_one_wanted_to_go(stranger, restorer):
    switch_on(restorer)
    give_password(stranger, "rosa")
    response = stranger.post(reverse("login-code"), {"code": code_now(restorer)})
    assert response.headers["Location"] == "/catalogue/"
    assert is_in(stranger)


def test_a_wrong_code_says_what_to_do_and_lets_nobody_in(stranger, restorer):
    switch_on(restorer)
    give_password(stranger, "rosa")
    response = stranger.post(reverse("login-code"), {"code": "000000"})
    assert response.status_code == 422
    assert "Wait for the next one" in response.content.decode()
    assert not is_in(stranger)


def test_a_code_counts_once(stranger, restorer):
    switch_on(restorer)
    code = code_now(restorer)
    assert second_step.check(restorer, code) == ""
    assert second_step.check(restorer, code) != ""


def test_after_a_wrong_code_the_right_one_has_to_wait(restorer):
    switch_on(restorer)
    second_step.check(restorer, "000000")
    assert second_step.check(restorer, code_now(restorer)) != ""


def test_a_code_on_paper_logs_in_once_and_is_used_up(stranger, restorer):
    codes = switch_on(restorer)
    assert len(codes) == second_step.PAPER_CODES
    give_password(stranger, "rosa")
    stranger.post(reverse("login-code"), {"code": codes[0].upper()})
    assert is_in(stranger)
    assert not StaticToken.objects.filter(token=codes[0]).exists()
    assert second_step.check(restorer, codes[0]) != ""


def test_the_password_is_asked_again_after_ten_minutes(stranger, restorer):
    switch_on(restorer)
    give_password(stranger, "rosa")
    session = stranger.session
    session["second_step"] = {**session["second_step"], "until": 0}
    session.save()
    response = stranger.post(reverse("login-code"), {"code": code_now(restorer)})
    assert response.headers["Location"] == reverse("login")
    assert not is_in(stranger)


def test_nobody_reaches_the_second_step_without_the_first(stranger, restorer):
    switch_on(restorer)
    for name in ("login-code", "login-enrol"):
        response = stranger.post(reverse(name), {"code": code_now(restorer)})
        assert response.headers["Location"] == reverse("login")
    assert not is_in(stranger)


def test_a_role_that_needs_a_second_step_sets_it_up_before_the_first_page(
    stranger, archivist, restorer, settings
):
    settings.SECOND_STEP_FOR = ["archivist"]
    assert give_password(Client(), "rosa").headers["Location"] == "/catalogue/"
    response = give_password(stranger, "anna")
    assert response.headers["Location"] == reverse("login-enrol")
    assert "data:image/svg" in stranger.get(reverse("login-enrol")).content.decode()
    assert not is_in(stranger)
    shown = stranger.post(reverse("login-enrol"), {"code": code_now(archivist)})
    assert shown.content.decode().count("<li><code>") == second_step.PAPER_CODES
    assert is_in(stranger)
    refused = stranger.post(reverse("account"), {"act": "give-up", "code": code_now(archivist, 1)})
    assert refused.status_code == 422
    assert second_step.has_one(archivist)


def test_the_second_step_is_switched_on_and_off_on_ones_own_page(restorer):
    client = Client()
    client.force_login(restorer)
    client.get(reverse("account"))
    page = client.post(reverse("account"), {"act": "confirm", "code": code_now(restorer, -1)})
    assert "Print or write down" in page.content.decode()
    without = client.post(reverse("account"), {"act": "give-up", "code": "123456"})
    assert without.status_code == 422
    assert second_step.has_one(restorer)
    TOTPDevice.objects.update(throttling_failure_count=0)
    client.post(reverse("account"), {"act": "give-up", "code": code_now(restorer)})
    assert not second_step.has_one(restorer)


def test_the_admin_has_no_door_of_its_own(stranger):
    response = stranger.get("/admin/login/?next=/admin/auth/")
    assert response.headers["Location"] == "/login/?next=/admin/auth/"


def test_five_wrong_passwords_lock_that_name_for_that_address(stranger, restorer, reviewer):
    for _ in range(5):
        response = give_password(stranger, "rosa", "wrong")
    assert response.status_code == 429
    assert "try again in 15 minutes" in response.content.decode()
    assert give_password(stranger, "rosa").status_code == 429, "the right one is not looked at"
    assert give_password(Client(), "vera").status_code == 302
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert give_password(elsewhere, "rosa").status_code == 302


def test_behind_a_proxy_its_own_word_counts_and_not_the_callers(settings, stranger, restorer):
    settings.BEHIND_HTTPS = True
    for number in range(5):
        forged = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.9"}
        response = give_password(stranger, "rosa", "wrong", **forged)
    assert response.status_code == 429


def test_a_login_page_never_sends_to_another_site(stranger, restorer):
    answers = {"username": "rosa", "password": "secret", "next": "https://evil.example/"}
    assert stranger.post(reverse("login"), answers).headers["Location"] == "/"


def test_passwords_are_kept_with_argon2(settings):
    from config.settings import PASSWORD_HASHERS

    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    user = User.objects.create_user("nina", password="a long enough password")
    assert user.password.startswith("argon2$argon2id$")
    assert user.check_password("a long enough password")
