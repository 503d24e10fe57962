"""Log in: a password, then for those who have one the code of their second device.

Nobody is logged in half: until the code is right the session holds only who asked for it, and
every page treats them as a stranger. How often a password may be tried is django-axes' to say,
how often a code django-otp's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from archive import roles
from archive.api import tokens
from config import second_step

PENDING = "second_step"
PATIENCE_SECONDS = 600
"""How long somebody may look for their telephone before the password is asked again."""

Answer = Callable[[HttpRequest, User], HttpResponse]


class Login(LoginView):
    """The password; whoever has a second step, or must have one, is sent on to it."""

    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        backend: str = user.backend  # type: ignore[attr-defined]  # authenticate() sets it
        return let_in(self.request, user, backend, self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {
            "institution": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
            "left": "left" in self.request.GET,
        }
        return super().get_context_data(**kwargs) | more


def let_in(request: HttpRequest, user: User, backend: str, wanted: str) -> HttpResponse:
    """Log somebody in whose password was right, or send them on to their second step."""
    if not (second_step.has_one(user) or second_step.must_have_one(user)):
        login(request, user, backend=backend)
        return redirect(wanted)
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": user.pk,
        "backend": backend,
        "next": wanted,
        "until": time.time() + PATIENCE_SECONDS,
    }
    return redirect("login-code" if second_step.has_one(user) else "login-enrol")


def after_password(view: Answer) -> Callable[[HttpRequest], HttpResponse]:
    """Answer only to somebody whose password was right a moment ago."""

    @never_cache
    @login_not_required
    @require_http_methods(["GET", "POST"])
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        user = _waiting(request)
        return view(request, user) if user else redirect("login")

    return answer


def _waiting(request: HttpRequest) -> User | None:
    pending = request.session.get(PENDING)
    if not pending or pending["until"] < time.time():
        request.session.pop(PENDING, None)
        return None
    return User.objects.filter(pk=pending["user"], is_active=True).first()


def _come_in(request: HttpRequest, user: User) -> HttpResponse:
    pending = request.session.pop(PENDING)
    login(request, user, backend=pending["backend"])
    return redirect(pending["next"])


@after_password
def code(request: HttpRequest, user: User) -> HttpResponse:
    """Ask for the six digits, or for one of the codes kept on paper."""
    fault = ""
    if request.method == "POST":
        fault = second_step.check(user, request.POST.get("code", ""))
        if not fault:
            return _come_in(request, user)
    return render(request, "registration/code.html", {"fault": fault}, status=_status(fault))


@after_password
def enrol(request: HttpRequest, user: User) -> HttpResponse:
    """Set the second step up before the first page, for those from whom the archive wants one."""
    if second_step.has_one(user):
        return redirect("login-code")
    if request.method == "POST":
        codes = second_step.confirm(user, request.POST.get("code", ""))
        if codes:
            _come_in(request, user)
            return render(request, "registration/paper_codes.html", {"codes": codes})
    return _show_enrolment(request, user, "registration/enrol.html")


@never_cache
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """One's own second step: set it up, print new paper codes, or give it up."""
    user = request.user
    if not isinstance(user, User):  # the middleware lets nobody else come here
        return redirect("login")
    if request.method == "GET":
        return _show_account(request, user)
    act = request.POST.get("act")
    if act == "confirm":
        codes = second_step.confirm(user, request.POST.get("code", ""))
    elif not second_step.has_one(user) or second_step.check(user, request.POST.get("code", "")):
        codes = []
    elif act == "give-up" and not second_step.must_have_one(user):
        second_step.give_up(user)
        messages.success(request, "The second step is off. Your password alone logs you in.")
        return redirect("account")
    else:
        codes = second_step.new_paper_codes(user) if act == "print" else []
    if codes:
        return render(request, "registration/paper_codes.html", {"codes": codes})
    messages.error(request, f"Nothing was changed. {second_step.WRONG}")
    return _show_account(request, user, status=422)


def _show_account(request: HttpRequest, user: User, status: int = 200) -> HttpResponse:
    facts = {"must": second_step.must_have_one(user), "tokens": tokens.listed(user)}
    facts["own_roles"] = roles.shown_to(user)
    if second_step.has_one(user):
        left = second_step.paper_codes_left(user)
        return render(
            request, "registration/account.html", {**facts, "has": True, "left": left},
            status=status,
        )  # fmt: skip
    return _show_enrolment(request, user, "registration/account.html", facts, status)


def _show_enrolment(
    request: HttpRequest, user: User, template: str, facts: dict[str, Any] | None = None,
    status: int | None = None,
) -> HttpResponse:  # fmt: skip
    fault = second_step.WRONG if request.method == "POST" else ""
    device = second_step.unconfirmed(user)
    shown = {
        "picture": second_step.picture(device),
        "secret": second_step.secret(device),
        "fault": fault,
        **(facts or {}),
    }
    return render(request, template, shown, status=status or _status(fault))


def _status(fault: str) -> int:
    return 422 if fault else 200


@login_not_required
def admin_door(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """The admin's own log-in page knows no second step: there is one door for all."""
    return redirect_to_login(request.GET.get("next") or "/admin/")


def client_address(request: HttpRequest) -> str:
    """Who asks, for counting wrong passwords.

    Behind a proxy every connection comes from it: it is the last to write X-Forwarded-For, and
    what stands before its own entry anybody may have written.
    """
    if settings.BEHIND_HTTPS:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        if forwarded:
            return forwarded
    return str(request.META.get("REMOTE_ADDR", ""))


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, *_credentials: Any
) -> HttpResponse:
    """Say for how long; the password that was given is not looked at."""
    minutes = round(get_cool_off(request).total_seconds() / 60)
    return render(request, "registration/locked.html", {"minutes": minutes}, status=429)
