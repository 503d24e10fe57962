"""One field of many reels, those that the catalogue is narrowed to: shown first, then written."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from archive import importing
from archive.access import needs_somewhere, signed_in, with_right
from archive.fixity import digest_json
from archive.importing import EDITABLE, Import
from archive.metadata.record import NotARecord
from archive.models import Reel
from archive.terms import Terms
from review.catalogue import narrow
from review.forms import CatalogueForm

DESCRIBE = "archive.describe"
MOST = 5000
"""Reels that one edit may be of."""
SHOWN = 100
"""Lines of the preview."""


class EditManyForm(forms.Form):
    column = forms.ChoiceField(
        label="Field", choices=[(each, each.replace("_", " ")) for each in EDITABLE]
    )
    value = forms.CharField(label="Is to be", max_length=2000, required=False)
    empty = forms.BooleanField(
        label="Empty it",
        required=False,
        help_text="The field says nothing then, of all these reels.",
    )

    def __init__(self, *sent: Any, by: Any) -> None:
        super().__init__(*sent)
        self.by = by

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        asked = str(said.get("column", "")), str(said.get("value", ""))
        if asked[1] and said.get("empty"):
            self.add_error("value", "Say what it is to be, or that it is emptied, not both.")
        elif not asked[1] and not said.get("empty"):
            self.add_error("value", "Say what it is to be, or choose to empty it.")
        if not importing.may_set(*asked, by=self.by):
            self.add_error("value", "You do not describe films of that collection.")
        return said


@require_http_methods(["GET", "HEAD", "POST"])
@needs_somewhere(DESCRIBE)
def edit_many(request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request)
    form = EditManyForm(request.POST if request.method == "POST" else None, by=request.user)
    context: dict[str, Any] = {"form": form, "count": len(chosen), "most": MOST}
    context |= {"offered": Terms().offered}
    if request.method == "POST" and len(chosen) <= MOST and form.is_valid():
        tried = _edit(request, form, chosen, dry_run=True)
        seen = digest_json([chosen, tried.done, form.cleaned_data])
        if request.POST.get("seen") == seen and tried.done:
            made = _edit(request, form, chosen, dry_run=False)
            messages.success(request, _told(made))
            return redirect(f"{reverse('catalogue')}?{request.GET.urlencode()}")
        if request.POST.get("seen"):
            messages.error(request, "Something was changed meanwhile. Look again, then write it.")
        context |= {"tried": tried, "seen": seen, "lines": _lines(tried, chosen)}
    return render(request, "review/edit_many.html", context)


def _chosen(request: HttpRequest) -> list[int]:
    """Numbers of the reels that this person describes and the catalogue is narrowed to."""
    form = CatalogueForm(request.GET)
    found = narrow(request.user, form.cleaned_data if form.is_valid() else {})
    reels = with_right(request.user, DESCRIBE, found.reels)
    return list(reels.order_by("pk").values_list("pk", flat=True)[: MOST + 1])


def _edit(request: HttpRequest, form: EditManyForm, chosen: list[int], *, dry_run: bool) -> Import:
    said = form.cleaned_data
    try:
        return importing.edit_many(
            chosen, said["column"], said["value"], empty=said["empty"], by=signed_in(request),
            dry_run=dry_run,
        )  # fmt: skip
    except NotARecord as error:  # the form's choices leave only an empty value
        form.add_error("value", str(error))
        return Import("", dry_run=True)


def _told(made: Import) -> str:
    counts = made.counts()
    words = f"{counts['changed']} reels read differently now, {counts['refused']} were refused."
    return f"{words} To take it back: manage.py import_catalogue --undo {made.number}"


def _lines(tried: Import, chosen: list[int]) -> list[dict[str, Any]]:
    """What would change, and what would not and why, for the preview."""
    changes = {each["reel"]: each["changes"] for each in tried.done}
    wanted = [each for each in tried.rows if each.outcome != "unchanged"][:SHOWN]
    numbers = [chosen[each.row - 1] for each in wanted]
    reels = Reel.objects.select_related("element__title").in_bulk(numbers)
    return [
        {
            "reel": reels.get(pk),
            "reasons": each.reasons,
            "fields": [
                {"name": name, "was": was, "now": now}
                for part in changes.get(pk, {}).values()
                for name, (was, now) in part.items()
            ],
        }
        for each, pk in zip(wanted, numbers, strict=True)
    ]
