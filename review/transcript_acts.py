"""What a person does to many lines of a transcript at once, and what the next run is told of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from archive.access import needs, reel_for, signed_in
from archive.form_fields import first_error
from archive.models import Reel
from restoration import glossary, runs, together
from restoration.errors import RestorationError
from restoration.models import GlossaryTerm, Transcript
from restoration.speech.replacing import Wanted
from restoration.stages.contract import StageError
from review.replacing import preview, replace_in
from review.speaking import name_speaker
from review.transcript_views import CORRECT, answer, scan_of

MANY_LANGUAGES = "base"
"""The smallest model that hears other languages than English."""


class SpeakForm(forms.Form):
    version = forms.IntegerField(min_value=1)
    key = forms.CharField(max_length=120, error_messages={"required": "Choose a line first."})
    seen = forms.CharField(max_length=20_000, required=False)
    speaker = forms.CharField(max_length=200, error_messages={"required": "Write a name."})
    scope = forms.ChoiceField(
        choices=[("line", "this line"), ("voice", "this voice"), ("everywhere", "everywhere")]
    )


class ReplaceForm(forms.Form):
    version = forms.IntegerField(min_value=1)
    find = forms.CharField(max_length=200, error_messages={"required": "Write what to look for."})
    by = forms.CharField(max_length=200, required=False)
    case = forms.BooleanField(required=False)
    machine = forms.BooleanField(required=False)

    @property
    def wanted(self) -> Wanted:
        values = self.cleaned_data
        return Wanted(values["find"], values["by"], values["case"])


@require_POST
@needs(CORRECT)
def speak(request: HttpRequest, pk: int) -> HttpResponse:
    """This line, this voice, or this name everywhere is somebody's."""
    reel = reel_for(request, pk)
    form = SpeakForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept: {first_error(form)}")
        return answer(request, reel)
    values = form.cleaned_data
    try:
        count = name_speaker(
            _version(reel, values["version"]),
            values["key"],
            values["speaker"],
            scope=values["scope"],
            by=signed_in(request),
            seen=request.POST.get("seen"),
        )
        lines = "one line" if count == 1 else f"{count} lines"
        messages.success(request, f"{values['speaker']} speaks {lines}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, reel)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(CORRECT)
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Look over what a replacement would change; then change it, in one act."""
    reel = reel_for(request, pk)
    scan = scan_of(reel)
    form = ReplaceForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        messages.error(request, f"Nothing was looked for: {first_error(form)}")
        return redirect("transcript", pk=reel.pk)
    version = _version(reel, form.cleaned_data["version"])
    machine = form.cleaned_data["machine"]
    if request.method == "POST":
        try:
            made = replace_in(
                version,
                form.wanted,
                *_chosen(request),
                machine_only=machine,
                by=signed_in(request),
            )
            messages.success(
                request, f"{made[0].about}: done in {len(made)} lines. Undo takes all back."
            )
            return redirect(_room(reel, version))
        except RestorationError as error:
            messages.error(request, str(error))
    context = {
        "reel": reel,
        "scan": scan,
        "version": version,
        "asked": form.cleaned_data,
        "found": preview(version, form.wanted, machine_only=machine),
    }
    return render(request, "review/transcript_replace.html", context)


def _chosen(request: HttpRequest) -> tuple[list[str], list[str]]:
    """The keys of the lines that were ticked, and how they read then."""
    keys = request.POST.getlist("line")
    return keys, [request.POST.get(f"seen-{key}", "") for key in keys]


@require_POST
@needs(CORRECT)
def withdraw_act(request: HttpRequest, pk: int, act: UUID) -> HttpResponse:
    reel = reel_for(request, pk)
    try:
        rows = together.withdraw(scan_of(reel), act, by=signed_in(request))
        messages.success(request, f"Taken back in {len(rows)} lines; it stays on record.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, reel)


@require_POST
@needs(CORRECT)
def add_term(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    try:
        term = glossary.add(scan_of(reel), request.POST.get("term", ""), by=signed_in(request))
        messages.success(request, f"{term} is in the glossary; the next run is told of it.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect(reverse("transcript", args=[reel.pk]) + "#glossary")


@require_POST
@needs(CORRECT)
def withdraw_term(request: HttpRequest, pk: int, term: int) -> HttpResponse:
    reel = reel_for(request, pk)
    found = get_object_or_404(GlossaryTerm, pk=term, title=reel.element.title)
    try:
        glossary.withdraw(found, scan_of(reel), by=signed_in(request))
        messages.success(request, f"{found} is taken off the glossary.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect(reverse("transcript", args=[reel.pk]) + "#glossary")


@require_POST
@needs("restoration.start_run")
def transcribe(request: HttpRequest, pk: int) -> HttpResponse:
    """A new run, told of the words of the glossary if that is ticked; its parameters say which."""
    reel = reel_for(request, pk)
    words = glossary.offered(reel.element.title) if request.POST.get("glossary") else []
    params: dict[str, Any] = {"glossary": words}
    if request.POST.get("translate"):
        params |= {"model": MANY_LANGUAGES, "translate": True}
    try:
        runs.process_reel(
            reel,
            stages=["transcribe"],
            params={"transcribe": params},
            by=signed_in(request),
        )
        told = f", and is told of {len(words)} words of the glossary" if words else ""
        messages.success(request, f"The stage transcribe waits for a worker{told}.")
    except (RestorationError, StageError) as error:
        messages.error(request, f"Nothing was started. {error}")
    return redirect("transcript", pk=reel.pk)


def _version(reel: Reel, number: int) -> Transcript:
    found = scan_of(reel).transcripts.filter(number=number).select_related("scan__reel").first()
    if found is None:
        raise Http404("There is no such transcript of this reel.")
    return found


def _room(reel: Reel, version: Transcript) -> str:
    return reverse("transcript", args=[reel.pk]) + f"?version={version.number}"
