"""A reel's description as a file of another system's kind, out and in."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from archive import exchange
from archive.access import needs, reel_for, signed_in
from archive.errors import DescriptionRefused
from archive.metadata.record import NotARecord
from archive.metadata.xml import LIMIT


@require_safe
def give_out(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    reel = reel_for(request, pk)
    if kind not in exchange.OUT:
        raise Http404(f"There is no format {kind}; there are {', '.join(exchange.OUT)}.")
    if kind in exchange.STAFF_ONLY and not request.user.has_perm("archive.view_history", reel):
        raise PermissionDenied("What happened in the house is for its staff.")
    try:
        document = exchange.OUT[kind](reel)
    except NotARecord as error:
        raise Http404(str(error)) from error
    response = HttpResponse(document, content_type="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="reel-{reel.pk}-{kind}.xml"'
    return response


@require_POST
@needs("archive.describe")
def take_in(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    sent = request.FILES.get("file")
    if sent is None:
        messages.error(request, "Choose a file: PBCore 2.1 or Dublin Core, as XML.")
        return redirect("describe", pk=pk)
    try:
        record = exchange.read(sent.read(LIMIT + 1))
        changed = exchange.take_in(reel, record, by=signed_in(request), source=str(sent.name)[:200])
    except NotARecord as error:
        messages.error(request, f"{sent.name} was not taken in: {error}")
    except DescriptionRefused as error:
        reasons = "; ".join(error.reasons[:8])
        messages.error(request, f"{sent.name} was not taken in, nothing was changed. {reasons}")
    else:
        words = "was taken in." if changed else "says nothing that was not here."
        messages.success(request, f"{sent.name} {words}")
        return redirect("reel", pk=pk)
    return redirect("describe", pk=pk)
