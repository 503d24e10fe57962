"""Who read restricted film, for those who answer for it."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.access import needs_somewhere, with_right
from archive.models import Reading

READ = "archive.view_readings"


@require_safe
@needs_somewhere(READ)
def readings(request: HttpRequest) -> HttpResponse:
    """All of them, the latest first; of one reel or one person if the address names them."""
    rows = Reading.objects.select_related("person", "reel__element__title")
    rows = with_right(request.user, READ, rows, "reel__")
    reel, person = request.GET.get("reel", ""), request.GET.get("person", "").strip()
    if reel.isdecimal() and len(reel) < 10:
        rows = rows.filter(reel=int(reel))
    if person and "\x00" not in person:
        rows = rows.filter(person__username__iexact=person)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    told = {"page": page, "reel": reel, "person": person}
    return render(request, "archive/readings.html", told)
