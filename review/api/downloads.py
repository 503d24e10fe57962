"""Addresses that open one delivered file for some minutes, to whoever they were made for.

They hold no token, so that one in a log or a browser's history is soon worth nothing; the rights of
the person and the token are asked anew when the file is fetched.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core import signing
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from archive import reading
from archive.api import problems
from archive.api.catalogue import reels_of
from archive.models import AccessToken
from review.delivery_views import file_of
from review.models import Deliverable

OPENS = timedelta(minutes=5)
_SALT = "reelproof.download"


def deliverables_of(user: Any) -> QuerySet[Deliverable]:
    found = Deliverable.objects.filter(reel__in=reels_of(user, "review.open_review"))
    return found.select_related("by", "withdrawal__by")


def link(request: Request, deliverable: Deliverable, place: int) -> dict[str, Any]:
    """`url` and `expires`."""
    token = request.auth.pk if isinstance(request.auth, AccessToken) else 0
    signed = signing.dumps([request.user.pk, token, deliverable.pk, place], salt=_SALT)
    address = reverse("api-download", args=[signed])
    return {"url": request.build_absolute_uri(address), "expires": timezone.now() + OPENS}


@login_not_required
@require_safe
def download(request: HttpRequest, signed: str) -> HttpResponseBase:
    try:
        person, token, pk, place = signing.loads(signed, salt=_SALT, max_age=OPENS)
    except signing.BadSignature:
        return problems.answer(404, "This address opens nothing, or not any more: ask for another.")
    user = _opened_to(person, token)
    found = deliverables_of(user).filter(pk=pk).first() if user is not None else None
    if user is None or found is None or not user.has_perm("review.deliver", found.reel):
        return problems.answer(404, problems.NOTHING_HERE)
    if found.unavailable:
        return problems.answer(410, found.unavailable)
    try:
        response = file_of(request, found, place)
    except Http404:
        return problems.answer(404, "The file is not where it was left; tell an archivist.")
    reading.write(user, {found.reel_id}, what="api-download", address="", media=True)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _opened_to(person: int, token: int) -> User | None:
    """The person, if they and the token that asked may still deliver."""
    user = User.objects.filter(pk=person, is_active=True).first()
    if user is None or not user.has_perm("review.deliver"):
        return None
    if token:
        found = AccessToken.objects.filter(pk=token, owner=user).first()
        if found is None or not found.opens or "deliver" not in found.scopes:
            return None
    return user
