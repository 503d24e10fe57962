"""Mail of kept searches: switched by its owner, confirmed and ended by links in the mails.

The links open without a log-in, for whoever reads the mail: what they hold is signed. Opening one
changes nothing, since programs that look at mail open every link; its button does. A mail program
may end mails at once (RFC 8058), which is why ending takes no other token against forging.
"""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from archive.access import needs_somewhere, signed_in
from review.guest_views import for_guests
from review.models import SavedSearch
from review.search import alerts, finding
from review.search.alerts import AlertRefused

BROWSE = "archive.browse"


class AddressForm(forms.Form):
    address = forms.EmailField()


@require_POST
@needs_somewhere(BROWSE)
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    own = SavedSearch.objects.filter(owner=signed_in(request), of=SavedSearch.Of.SEARCH)
    row = get_object_or_404(own.select_related("owner"), pk=pk)
    every = request.POST.get("every", "")
    try:
        alerts.switch(row, every if every in SavedSearch.Mail.values else "")
        messages.success(request, _said(row))
    except (AlertRefused, finding.TooSlow) as error:
        messages.error(request, str(error))
    return redirect(_page(request))


def _said(row: SavedSearch) -> str:
    if not row.mail:
        return f"Of “{row.query}” nothing is mailed."
    return f"What is new for “{row.query}” is mailed {row.get_mail_display()}."


@require_POST
@needs_somewhere(BROWSE)
def address(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This is no address for mail: NAME@HOST is wanted.")
        return redirect(_page(request))
    try:
        row = alerts.ask_address(form.cleaned_data["address"], owner=signed_in(request))
        messages.success(
            request, f"A mail is on its way to {row.address}. Open the link in it: until then"
            " nothing else is mailed."
        )  # fmt: skip
    except AlertRefused as error:
        messages.error(request, str(error))
    return redirect(_page(request))


def _page(request: HttpRequest) -> str:
    asked = request.POST.get("q", "").strip()[:1000]
    return reverse("search") + (f"?{urlencode({'q': asked})}" if asked else "")


@csrf_exempt
@for_guests
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    try:
        row = alerts.confirm(token) if request.method == "POST" else alerts.confirmed_by(token)
    except AlertRefused as error:
        return _closed(request, error)
    words = (
        f"What is new in the kept searches of {row.owner} is mailed to {row.address},"
        " as they switched it on."
        if row.confirmed
        else f"Mail the new hits of {row.owner}'s kept searches to {row.address}?"
    )
    button = "" if row.confirmed else "Yes, mail them here"
    return _page_of(request, "Your address for mail", words, button)


@csrf_exempt
@for_guests
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, token: str) -> HttpResponse:
    try:
        rows = alerts.end(token) if request.method == "POST" else alerts.ended_by(token)
    except AlertRefused as error:
        return _closed(request, error)
    is_ended = request.method == "POST" or not any(row.mail for row in rows)
    which = f"“{rows[0].query}”" if len(rows) == 1 else "these kept searches"
    words = f"Of {which} nothing is mailed any more." if is_ended else f"No more mails of {which}?"
    return _page_of(request, "Mail of kept searches", words, "" if is_ended else "No more mails")


def _page_of(request: HttpRequest, title: str, words: str, button: str) -> HttpResponse:
    context = {"title": title, "words": words, "button": button}
    return render(request, "review/alert.html", context)


def _closed(request: HttpRequest, error: AlertRefused) -> HttpResponse:
    return render(request, "review/guest_closed.html", {"words": str(error)}, status=404)
