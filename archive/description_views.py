"""The pages on which a reel is described, and the history of what was said of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from archive import description
from archive.access import reel_for, signed_in
from archive.describing import Describing, Examining
from archive.errors import DescriptionChanged
from archive.metadata.rights import STATEMENTS
from archive.models import Reel
from archive.terms import Terms

DESCRIBE = "archive.describe"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(DESCRIBE, raise_exception=True)
def describe(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    typed = Describing(reel, request.POST if request.method == "POST" else None)
    if request.method == "POST" and _saved(request, typed):
        return redirect("reel", pk=reel.pk)
    context = {
        "reel": reel,
        "typed": typed,
        "shared": Reel.objects.filter(element__title=reel.title).count(),
    }
    return render(request, "archive/describe.html", context | _offered(typed.terms))


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
@permission_required(DESCRIBE, raise_exception=True)
def condition(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    examined = Examining(reel, request.POST if request.method == "POST" else None)
    if request.method == "POST" and examined.is_valid():
        examined.save(by=signed_in(request))
        messages.success(request, "The examination stands in the reel's custody.")
        return redirect("reel", pk=reel.pk)
    context = {"reel": reel, "examined": examined} | _offered(examined.form.terms)
    return render(request, "archive/condition.html", context)


def _offered(terms: Terms) -> dict[str, object]:
    """What the fields propose."""
    return {"offered": terms.offered, "statements": STATEMENTS}


@require_safe
@permission_required("archive.view_history", raise_exception=True)
def history(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    page = Paginator(description.history(reel), 50).get_page(request.GET.get("page"))
    return render(request, "archive/history.html", {"reel": reel, "page": page})
