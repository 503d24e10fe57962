"""The trash: what lies in it, what becomes of it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from archive.access import (
    ask_rights,
    needs,
    needs_somewhere,
    reel_for,
    signed_in,
    with_right,
    without_held,
)
from archive.form_fields import first_error, writable
from archive.models import Reel, TrashedReel
from archive.trash import empties_at
from review import trash

DISCARD = "archive.discard"


class TrashForm(forms.Form):
    reason = forms.CharField(
        max_length=400,
        validators=[writable],
        error_messages={"required": "Say why; it stands in the reel's custody."},
    )
    whole = forms.BooleanField(required=False)


class HoldForm(forms.Form):
    reason = forms.CharField(max_length=400, required=False, validators=[writable])


@require_safe
@needs_somewhere(DISCARD)
def listed(request: HttpRequest) -> HttpResponse:
    rows = TrashedReel.objects.select_related("reel__element__title", "by", "held_by")
    rows = with_right(request.user, DISCARD, rows, "reel__")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    entries = [(row, empties_at(row)) for row in page.object_list]
    return render(request, "review/trash.html", {"page": page, "entries": entries})


@require_POST
@needs(DISCARD)
def put(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a reel, or all reels of its title, in the trash."""
    reel = reel_for(request, pk)
    form = TrashForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was put in the trash. {first_error(form)}")
        return redirect("reel", pk=pk)
    reels = [reel]
    if form.cleaned_data["whole"]:
        of_title = Reel.objects.filter(element__title=reel.title)
        reels = list(without_held(request.user, of_title, right=DISCARD))
    try:
        made = trash.put(reels, by=signed_in(request), reason=form.cleaned_data["reason"])
    except trash.TrashRefused as error:
        messages.error(request, str(error))
        return redirect("reel", pk=pk)
    messages.success(request, f"In the trash: {', '.join(str(row.reel) for row in made)}.")
    return redirect("trash")


@require_POST
@needs(DISCARD)
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(TrashedReel, pk=pk)
    ask_rights(request, row.reel)
    try:
        reel = trash.restore(row, by=signed_in(request))
    except trash.TrashRefused as error:
        messages.error(request, str(error))
        return redirect("trash")
    messages.success(request, f"{reel} is back as it was.")
    return redirect("reel", pk=reel.pk)


@require_POST
@needs(DISCARD)
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(TrashedReel, pk=pk)
    ask_rights(request, row.reel)
    form = HoldForm(request.POST)
    try:
        if not form.is_valid():
            raise trash.TrashRefused(first_error(form))
        trash.hold(row, by=signed_in(request), reason=form.cleaned_data["reason"])
    except trash.TrashRefused as error:
        messages.error(request, str(error))
    return redirect("trash")
