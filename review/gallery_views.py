"""Characters of a film and photographs of them, by which the next run names faces."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from archive.access import needs, reel_for, scan_for, signed_in
from archive.form_fields import first_error
from archive.models import Scan
from restoration import photographs
from restoration.errors import RestorationError
from restoration.models import Character, Photograph
from restoration.storage import storage
from review.cast_views import VIEW, refuse_switched_off

KEEP = "review.keep_photographs"


class CharacterForm(forms.Form):
    name = forms.CharField(max_length=200, error_messages={"required": "Write a name."})
    actor = forms.CharField(max_length=200, required=False)


class PhotographForm(forms.Form):
    file = forms.FileField(error_messages={"required": "Choose a picture."})
    source = forms.CharField(
        max_length=300, error_messages={"required": "Say what it is and where it is from."}
    )


@require_POST
@needs(KEEP)
def add(request: HttpRequest, pk: int) -> HttpResponse:
    scan = _scan(request, pk)
    form = CharacterForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept. {first_error(form)}")
        return redirect("cast", pk)
    try:
        values = form.cleaned_data
        made = photographs.add_character(
            scan, values["name"], actor=values["actor"], by=signed_in(request)
        )
        messages.success(request, f"{made.name} is in the cast.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("cast", pk)


@require_POST
@needs(KEEP)
def keep(request: HttpRequest, pk: int, character: int) -> HttpResponse:
    scan = _scan(request, pk)
    found = get_object_or_404(Character, pk=character, title=scan.reel.element.title)
    form = PhotographForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept. {first_error(form)}")
        return redirect("cast", pk)
    data = form.cleaned_data["file"].read(photographs.LARGEST + 1)
    try:
        photographs.keep(
            scan, found, data, source=form.cleaned_data["source"], by=signed_in(request)
        )
        messages.success(request, f"Kept; the next run knows {found.name} by it.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("cast", pk)


@require_safe
@needs(VIEW)
def picture(request: HttpRequest, pk: int, photograph: int) -> HttpResponse:
    found = _photograph(_scan(request, pk), photograph)
    try:
        data = storage().folder(found.storage_key).read_bytes()
    except FileNotFoundError as error:
        raise Http404("The file of this photograph is not in the store.") from error
    response = HttpResponse(data, content_type="image/jpeg")
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
@needs(KEEP)
def remove(request: HttpRequest, pk: int, photograph: int) -> HttpResponse:
    scan = _scan(request, pk)
    found = _photograph(scan, photograph)
    photographs.remove(found, scan, by=signed_in(request))
    messages.success(request, "The photograph was removed; the next run does not know it.")
    return redirect("cast", pk)


def _scan(request: HttpRequest, pk: int) -> Scan:
    """The reel's scan, for someone who may see its pictures.

    Raises: Http404, PermissionDenied.
    """
    reel = reel_for(request, pk)
    refuse_switched_off()
    scan = reel.current_scan()
    if scan is None:
        raise Http404("No scan of this reel was taken into custody.")
    return scan_for(request, scan.pk)


def _photograph(scan: Scan, pk: int) -> Photograph:
    return get_object_or_404(Photograph, pk=pk, character__title=scan.reel.element.title)
