"""Fetch what a request names, only for those who may see it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from archive import embargo, membership, reading, trash
from archive.models import Reel, Scan
from archive.models.catalogue import ReelQuerySet

SEES_ALL = "archive.view_history"
"""Held by those who work on film: they see reels whatever their access, unless these are held."""
HIDDEN = "This reel is not open to you. An archivist can say why, and open it."


Asked = ParamSpec("Asked")
_Row = TypeVar("_Row", bound=Model)
View = Callable[Concatenate[HttpRequest, Asked], HttpResponseBase]


def open_door(view: View[Asked]) -> View[Asked]:
    """Let strangers ask this too, where the archive's catalogue is public.

    What they may not see and what is not there look the same to them: both send to the log-in
    page, as every other address does. The view itself says who may see what.
    """

    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Asked.args, **kwargs: Asked.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if settings.PUBLIC_CATALOGUE and request.method in ("GET", "HEAD"):
            try:
                return view(request, *args, **kwargs)
            except (Http404, PermissionDenied):
                pass
        return redirect_to_login(request.get_full_path())

    return answer


def without_held(user: Any, rows: QuerySet[_Row], reel: str = "") -> QuerySet[_Row]:
    """Leave out what is in the trash, and what is under embargo or in collections closed to this
    person, unless they may see that too.

    Args:
        reel: Where a row names its reel, such as `scan__reel__`; empty for reels themselves.
    """
    rows = trash.without_trashed(rows, reel)
    if user.has_perm(embargo.HELD):
        return rows
    rows = rows.exclude(embargo.under_embargo(reel))
    closed = membership.closed_to(user)
    return rows.exclude(membership.in_collections(closed, reel)) if closed else rows


def visible_reels(user: Any, reels: ReelQuerySet) -> ReelQuerySet:
    """Those that this person may see, by the same rule as archive.view_reel."""
    if not user.has_perm(SEES_ALL):
        reels = reels.filter(access__in=openings(user))
    shown: ReelQuerySet = without_held(user, reels)  # type: ignore[assignment]
    return shown


def openings(user: Any) -> list[str]:
    """The kinds of access that open a reel to somebody who does not work on film."""
    if user.has_perm("archive.browse"):
        return [Reel.Access.RESEARCH.value, Reel.Access.PUBLIC.value]
    return [Reel.Access.PUBLIC.value] if settings.PUBLIC_CATALOGUE else []


def signed_in(request: HttpRequest) -> User:
    """The person who asks; views are only reached by people who logged in.

    Raises: PermissionDenied.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied("Log in first.")
    return request.user


def reel_for(request: HttpRequest, pk: int) -> Reel:
    """The reel of that number.

    Raises: Http404, PermissionDenied.
    """
    reel = get_object_or_404(Reel.objects.select_related("element__title__collection"), pk=pk)
    _check(request, "archive.view_reel", reel)
    return reel


def scan_for(request: HttpRequest, pk: int) -> Scan:
    """The scan of that number, for someone who may see its pictures.

    Raises: Http404, PermissionDenied.
    """
    scan = get_object_or_404(Scan.objects.select_related("reel"), pk=pk)
    check_media(request, scan)
    return scan


def check_media(request: HttpRequest, scan: Scan) -> None:
    """Raises: PermissionDenied."""
    _check(request, "archive.view_media", scan.reel)


def _check(request: HttpRequest, permission: str, reel: Reel) -> None:
    if not request.user.has_perm(permission, reel):
        raise PermissionDenied(HIDDEN)
    reading.note(request, reel)
