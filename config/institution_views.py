"""The addresses of logging in through an institution; there are none where none is named."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import institution
from config.logging_in import let_in

NEXT = "institution_next"
View = Callable[[HttpRequest], HttpResponseBase]


def where_named(view: View) -> View:
    """For strangers, and only where the settings name an institution."""

    @never_cache
    @login_not_required
    @require_safe
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        if not institution.is_used():
            raise Http404("Nobody logs in through an institution here.")
        try:
            return view(request)
        except institution.NotLetIn as refused:
            shown = {"form": AuthenticationForm(), "refused": str(refused)}
            return render(request, "registration/login.html", shown, status=403)

    return answer


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("institution-back"))


@where_named
def begin(request: HttpRequest) -> HttpResponseBase:
    """Send somebody to the institution. By GET: the content policy lets forms go nowhere else."""
    wanted = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        wanted = resolve_url(settings.LOGIN_REDIRECT_URL)
    request.session[NEXT] = wanted
    answer: HttpResponse = institution.client().authorize_redirect(request, _back(request))
    return answer


@where_named
def back(request: HttpRequest) -> HttpResponseBase:
    """They come back with a code: the password's part is done, the second step is still ours."""
    user = institution.user_of(institution.claims_of(request))
    wanted = request.session.pop(NEXT, None) or resolve_url(settings.LOGIN_REDIRECT_URL)
    return let_in(request, user, institution.BACKEND, wanted)


@where_named
def leave(request: HttpRequest) -> HttpResponseBase:
    """Log out of the institution too."""
    address = institution.goodbye(request.build_absolute_uri(reverse("login")))
    return redirect(address or "login")


class Logout(LogoutView):
    """Whoever came through the institution is offered to log out there too."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        came = request.session.get("_auth_user_backend") == institution.BACKEND
        answer = super().post(request, *args, **kwargs)
        return redirect(f"{reverse('login')}?left") if came else answer
