"""Fetch what a request names, only for those who may see it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from archive.models import Reel, Scan

HIDDEN = "This reel is for staff only. An archivist can open it to researchers."


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
