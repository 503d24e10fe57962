"""One's own access tokens: made with the password or a code once more, and revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from archive.access import signed_in
from archive.api import tokens
from archive.errors import TokenRefused
from archive.form_fields import writable
from archive.models import AccessToken
from config import second_step


class TokenForm(forms.Form):
    """What a program may do, for how long; and that it is its owner who says so."""

    name = forms.CharField(label="What it is for", max_length=100, validators=[writable])
    scopes = forms.MultipleChoiceField(
        label="It may", choices=list(tokens.SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(label="Days that it opens", min_value=1, initial=90)
    proof = forms.CharField(
        max_length=128, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["days"].widget.attrs["max"] = settings.API_TOKEN_DAYS
        has_one = second_step.has_one(user)
        self.fields["proof"].label = "A code of your app" if has_one else "Your password"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A form; once it is right, the secret, which nobody can be shown again."""
    user = signed_in(request)
    form = TokenForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            return _made(request, user, form.cleaned_data)
        except TokenRefused as refused:
            form.add_error(None, str(refused))
    status = 422 if form.is_bound else 200
    return render(request, "registration/new_token.html", {"form": form}, status=status)


def _made(request: HttpRequest, user: User, said: dict[str, Any]) -> HttpResponse:
    """Raises: TokenRefused."""
    if not _is_owner(request, user, said["proof"]):
        raise TokenRefused("No token was made: the password or code is not right.")
    made = tokens.make(user, name=said["name"], scopes=said["scopes"], days=said["days"])
    return render(request, "registration/token.html", {"made": made})


def _is_owner(request: HttpRequest, user: User, proof: str) -> bool:
    """An open session alone makes no way in that outlives it. Wrong passwords count as at the
    door, wrong codes as there."""
    if second_step.has_one(user):
        return not second_step.check(user, proof)
    return authenticate(request, username=user.get_username(), password=proof) == user


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    token = get_object_or_404(AccessToken, pk=pk, owner=user)
    tokens.revoke(token, by=user)
    messages.success(request, f"Revoked: {token.name}. It opens nothing any more.")
    return redirect("account")
