"""The pages on which a reel is described, and the history of what was said of it."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive import description, drafts, earlier
from archive.access import needs, reel_for, signed_in
from archive.damage_photographs import brought
from archive.describing import Describing, Examining, Refusal
from archive.errors import DescriptionChanged
from archive.metadata.rights import STATEMENTS
from archive.models import Fault, Reel
from archive.terms import Terms

DESCRIBE = "archive.describe"
EXAMINATION = drafts.Form.EXAMINATION
FAULTS_SHOWN = 4
"""Of those that are told while somebody types; saving marks all of them."""


@require_http_methods(["GET", "HEAD", "POST"])
@needs(DESCRIBE)
def describe(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    draft = drafts.of(reel, signed_in(request))
    data = request.POST if request.method == "POST" else None
    goes_on = data is None and draft is not None and "draft" in request.GET
    sent = drafts.typed(draft) if goes_on and draft else data
    typed = Describing(reel, sent, by=request.user)
    if request.method == "POST" and _saved(request, typed):
        drafts.discard(reel, signed_in(request))
        return redirect("reel", pk=reel.pk)
    context = {
        "reel": reel,
        "typed": typed,
        "draft": draft if data is None and not goes_on else None,
        "shared": Reel.objects.filter(element__title=reel.title).count(),
    }
    return render(request, "archive/describe.html", context | _offered(typed.terms))


@require_POST
@needs(DESCRIBE)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is typed, while it is typed, and say what would be refused; or throw it away."""
    reel = reel_for(request, pk)
    if "discard" in request.POST:
        drafts.discard(reel, signed_in(request))
        return redirect("describe", pk=reel.pk)
    if "seen" not in request.POST or not drafts.keep(reel, request.POST, by=signed_in(request)):
        return HttpResponse("That is no draft of a description.", status=400)
    typed = Describing(reel, request.POST, by=request.user)
    return _kept(request, [] if typed.is_valid() else typed.faults())


def _saved(request: HttpRequest, typed: Describing) -> bool:
    if not typed.is_valid():
        count = typed.errors()
        messages.error(request, f"Nothing was saved yet: {count} to put right, marked below.")
        return False
    try:
        changed = typed.save(by=signed_in(request))
    except DescriptionChanged as error:
        messages.error(request, str(error))
        typed.seen = description.digest(Reel.objects.get(pk=typed.reel.pk))
        return False
    messages.success(request, "Saved." if changed else "Nothing was changed.")
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@needs(DESCRIBE)
def condition(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    draft = drafts.of(reel, signed_in(request), EXAMINATION)
    goes_on = request.method != "POST" and draft is not None and "draft" in request.GET
    typed = drafts.typed(draft) if goes_on and draft else None
    sent = (request.POST, request.FILES) if request.method == "POST" else (typed, None)
    examined = Examining(reel, *sent)
    if request.method == "POST" and examined.is_valid():
        examined.save(by=signed_in(request))
        drafts.discard(reel, signed_in(request), EXAMINATION)
        messages.success(request, "The examination stands in the reel's custody.")
        return redirect("reel", pk=reel.pk)
    offers = draft if request.method != "POST" and not goes_on else None
    context = {"reel": reel, "examined": examined, "draft": offers}
    return render(request, "archive/condition.html", context | _offered(examined.form.terms))


@require_POST
@needs(DESCRIBE)
def examination_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The same of an examination; photographs are no part of a draft."""
    reel = reel_for(request, pk)
    if "discard" in request.POST:
        drafts.discard(reel, signed_in(request), EXAMINATION)
        return redirect("condition", pk=reel.pk)
    is_form = "faults-TOTAL_FORMS" in request.POST
    if not (is_form and drafts.keep(reel, request.POST, by=signed_in(request), form=EXAMINATION)):
        return HttpResponse("That is no draft of an examination.", status=400)
    examined = Examining(reel, request.POST)
    return _kept(request, [] if examined.is_valid() else examined.refusals())


def _kept(request: HttpRequest, faults: list[Refusal]) -> HttpResponse:
    context = {"faults": faults[:FAULTS_SHOWN], "more": len(faults[FAULTS_SHOWN:])}
    return render(request, "archive/draft_kept.html", context)


@require_safe
@needs("archive.view_history")
def fault_photograph(request: HttpRequest, pk: int, fault: int) -> FileResponse:
    """The photograph of a fault that an examination of the reel found."""
    reel = reel_for(request, pk)
    found = get_object_or_404(Fault, pk=fault, report__reel=reel)
    try:
        file = brought(found.photograph).open("rb") if found.photograph else None
    except OSError as error:
        raise Http404("The photograph's file is not there.") from error
    if file is None:
        raise Http404("No photograph was kept of this fault.")
    return FileResponse(file, content_type="image/jpeg")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(DESCRIBE)
def earlier_event(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    form = earlier.EarlierForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        earlier.keep(reel, form.cleaned_data, by=signed_in(request))
        messages.success(request, "The event stands in the reel's custody.")
        return redirect("reel", pk=reel.pk)
    return render(request, "archive/earlier.html", {"reel": reel, "form": form})


def _offered(terms: Terms) -> dict[str, object]:
    """What the fields propose."""
    return {"offered": terms.offered, "statements": STATEMENTS}


@require_safe
@needs("archive.view_history")
def history(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    part, _, field = request.GET.get("field", "").partition(".")
    found = description.history(reel, (part, field) if field else None)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    context = {"reel": reel, "page": page, "part": part, "field": field}
    return render(request, "archive/history.html", context)
