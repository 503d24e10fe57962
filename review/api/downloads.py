"""Addresses that open one delivered file for some minutes, to whoever they were made for.

They hold no token, so that one in a log or a browser's history is soon worth nothing; the rights of
the person and the token are asked anew when the file is fetched.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from archive import reading
from archive.api import addresses, problems
from archive.api.catalogue import reels_of
from review.delivery_views import file_of
from review.models import Deliverable

DOWNLOAD = "api-download"


def deliverables_of(user: Any) -> QuerySet[Deliverable]:
    found = Deliverable.objects.filter(reel__in=reels_of(user, "review.open_review"))
    return found.select_related("by", "withdrawal__by")


def link(request: Request, deliverable: Deliverable, place: int) -> dict[str, Any]:
    """`url` and `expires`."""
    return addresses.link(request, DOWNLOAD, deliverable.pk, place)


@login_not_required
@require_safe
def download(request: HttpRequest, signed: str) -> HttpResponseBase:
    try:
        user, (pk, place) = addresses.opened(
            DOWNLOAD, signed, right="review.deliver", scope="deliver"
        )
    except signing.BadSignature:
        return problems.answer(404, "This address opens nothing, or not any more: ask for another.")
    found = deliverables_of(user).filter(pk=pk).first() if user is not None else None
    if user is None or found is None or not user.has_perm("review.deliver", found.reel):
        return problems.answer(404, problems.NOTHING_HERE)
    if found.unavailable:
        return problems.answer(410, found.unavailable)
    try:
        response = file_of(request, found, place)
    except Http404:
        return problems.answer(404, "The file is not where it was left; tell an archivist.")
    reading.write(user, {found.reel_id}, what=DOWNLOAD, address="", media=True)
    response.headers["Cache-Control"] = "private, no-store"
    return response
