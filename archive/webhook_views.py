"""One's own webhooks as a page: made, tried, ended, and what became of each message."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.access import needs_somewhere, signed_in
from archive.errors import WebhookRefused
from archive.form_fields import writable
from archive.models import Webhook, WebhookMessage
from archive.webhooks import outbox, subscriptions
from archive.webhooks.kinds import KINDS

PAGE = 50
is_told = needs_somewhere(subscriptions.RIGHT)


class WebhookForm(forms.Form):
    """Which address is told, and what."""

    url = forms.CharField(
        label="Address", max_length=500, validators=[writable],
        widget=forms.TextInput(attrs={"placeholder": "https://example.org/hook"}),
    )  # fmt: skip
    events = forms.MultipleChoiceField(
        label="It is told of", choices=[(name, name) for name in KINDS],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip


@never_cache
@is_told
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """A list with a form below it; once it is right, the secret, which is shown this once."""
    user = signed_in(request)
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = subscriptions.subscribe(user, **form.cleaned_data)
        except WebhookRefused as refused:
            form.add_error(None, str(refused))
        else:
            secret = subscriptions.secret_of(made)
            context: dict[str, Any] = {"webhook": made, "secret": secret}
            return render(request, "registration/webhook_made.html", context)
    context = {"webhooks": user.webhooks.all(), "form": form, "is_on": settings.WEBHOOKS,
               "off": subscriptions.OFF}  # fmt: skip
    return render(
        request, "registration/webhooks.html", context, status=422 if form.is_bound else 200
    )


@require_safe
@is_told
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """What was told to it, the newest first."""
    found = _own(signed_in(request), pk)
    told = found.messages.select_related("event").order_by("-pk")
    page = Paginator(told, PAGE).get_page(request.GET.get("page"))
    return render(request, "registration/webhook.html", {"webhook": found, "page": page})


@require_POST
@is_told
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message of the type `webhook.test`."""
    user = signed_in(request)
    return _done(
        request, pk, lambda: outbox.send_test(_own(user, pk), by=user),
        "A test is on its way; it stands below, and what it was answered within some seconds.",
    )  # fmt: skip


@require_POST
@is_told
def tell_again(request: HttpRequest, pk: int, message: int) -> HttpResponse:
    found = get_object_or_404(WebhookMessage, pk=message, webhook=_own(signed_in(request), pk))

    def again() -> None:
        if not settings.WEBHOOKS:
            raise WebhookRefused(subscriptions.OFF)
        outbox.send_again(found)

    return _done(request, pk, again, "It is sent anew within some seconds.")


@require_POST
@is_told
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    found = _own(user, pk)
    subscriptions.unsubscribe(found, by=user)
    messages.success(request, f"{found.url} is told nothing more.")
    return redirect("webhooks")


def _own(user: User, pk: int) -> Webhook:
    return get_object_or_404(Webhook, pk=pk, owner=user)


def _done(request: HttpRequest, pk: int, act: Any, said: str) -> HttpResponse:
    try:
        act()
    except WebhookRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect("webhook", pk)
