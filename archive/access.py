"""Fetch what a request names, only for those who may see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.context_processors import PermLookupDict, PermWrapper
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from archive import embargo, membership, reading, roles, sight, trash
from archive.models import Reel, Scan
from archive.models.catalogue import ReelQuerySet
from archive.roles import Subject
from archive.sight import openings

HIDDEN = "This reel is not open to you. An archivist can say why, and open it."
NOT_HERE = "Your role in the collection of this reel does not include this. Nothing was changed."
_NEEDED, _ASKED = "_reelproof_rights_needed", "_reelproof_rights_asked"

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


class RightsNotAsked(Exception):
    """A view answered without having asked for the rights over the reel that it is of."""


def needs(*rights: str) -> Callable[[View[Asked]], View[Asked]]:
    """Let those ask who have these rights over the reel that the view is of.

    Who has them nowhere is sent away at once. Which reel it is is known when the view fetches it
    by `reel_for`, `scan_for` or `check_media` (or names it by `ask_rights`): then the rights over
    that very reel are asked. A view that does none of these is a mistake, and fails.
    """
    return _needing(rights, of_a_reel=True)


def needs_somewhere(*rights: str) -> Callable[[View[Asked]], View[Asked]]:
    """Let those ask who have these rights in any collection; for lists, whose rows the view
    narrows (`visible_reels`, `without_held`), and for what belongs to no reel."""
    return _needing(rights, of_a_reel=False)


def _needing(rights: tuple[str, ...], *, of_a_reel: bool) -> Callable[[View[Asked]], View[Asked]]:
    def decorate(view: View[Asked]) -> View[Asked]:
        @wraps(view)
        def answer(
            request: HttpRequest, *args: Asked.args, **kwargs: Asked.kwargs
        ) -> HttpResponseBase:
            if not request.user.has_perms(rights):
                raise PermissionDenied
            setattr(request, _NEEDED, (*getattr(request, _NEEDED, ()), *rights))
            response = view(request, *args, **kwargs)
            if of_a_reel and not getattr(request, _ASKED, {}):
                raise RightsNotAsked(
                    f"{view.__module__}.{view.__name__} asked no reel for {rights}"
                )
            return response

        return answer

    return decorate


def without_held(user: Any, rows: QuerySet[_Row], reel: str = "", *, right: str) -> QuerySet[_Row]:
    """Leave out what is in the trash, and what is under embargo or in collections closed to this
    person, unless they may see that too; and collections in which they have not this right.

    Args:
        reel: Where a row names its reel, such as `scan__reel__`; empty for reels themselves.
        right: Of somebody without roles in collections it is not asked here: they have it
            everywhere or nowhere, and the caller knows. Empty: whoever asks is nobody.
    """
    rows = trash.without_trashed(rows, reel)
    if roles.of(user).there:
        seen = sight.condition(sight.of(user, right), reel, whatever_access=True)
        return rows.filter(seen)
    if user.has_perm(embargo.HELD):
        return rows
    rows = rows.exclude(embargo.under_embargo(reel))
    closed = membership.closed_to(user)
    return rows.exclude(membership.in_collections(closed, reel)) if closed else rows


def with_right(user: Any, right: str, rows: QuerySet[_Row], reel: str = "") -> QuerySet[_Row]:
    """Leave out collections in which this person has not the right; what lies in the trash stays.
    Of somebody without roles in collections nothing is asked, as by `without_held`."""
    if not roles.of(user).there:
        return rows
    return rows.filter(sight.condition(sight.of(user, right), reel, whatever_access=True))


def visible_reels(user: Any, reels: ReelQuerySet, right: str = "") -> ReelQuerySet:
    """Those that this person may see, by the same rule as archive.view_reel.

    Args:
        right: and over which they have this right; asked as by `without_held`.
    """
    if roles.of(user).there:
        seen = sight.condition(sight.of(user, right))
        return trash.without_trashed(reels.filter(seen))  # type: ignore[return-value]
    if not user.has_perm(sight.SEES_ALL):
        reels = reels.filter(access__in=openings(user))
    shown: ReelQuerySet = without_held(user, reels, right=right)  # type: ignore[assignment]
    return shown


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


def ask_rights(request: HttpRequest, subject: Subject) -> None:
    """Ask for what the view needs over this film, whether or not it can be seen: it may lie in the
    trash.

    Raises: PermissionDenied.
    """
    if not all(request.user.has_perm(right, subject) for right in getattr(request, _NEEDED, ())):
        raise PermissionDenied(NOT_HERE)
    asked: dict[Subject, None] = getattr(request, _ASKED, {})
    asked[subject] = None
    setattr(request, _ASKED, asked)


def _check(request: HttpRequest, permission: str, reel: Reel) -> None:
    if not request.user.has_perm(permission, reel):
        raise PermissionDenied(HIDDEN)
    ask_rights(request, reel)
    reading.note(request, reel)


class _RightsHere(PermWrapper):
    """`perms` of a page: over the film that it is of; on a page of none, in any collection."""

    def __init__(self, user: Any, asked: Iterable[Subject]) -> None:
        super().__init__(user)
        self._asked = tuple(asked)

    def __getitem__(self, app: str) -> _RightsOfApp:
        return _RightsOfApp(self.user, app, self._asked)


class _RightsOfApp(PermLookupDict):
    def __init__(self, user: Any, app: str, asked: tuple[Subject, ...]) -> None:
        super().__init__(user, app)
        self._asked = asked

    def __getitem__(self, name: str) -> bool:
        right = f"{self.app_label}.{name}"
        over: tuple[Subject | None, ...] = self._asked or (None,)
        return all(self.user.has_perm(right, subject) for subject in over)


def rights_here(request: HttpRequest) -> dict[str, Any]:
    """For templates: what the person may with the reel that the request was let at.

    It stands behind django.contrib.auth's context processor and replaces its `perms`.
    """
    user = getattr(request, "user", None) or AnonymousUser()
    return {"perms": _RightsHere(user, getattr(request, _ASKED, {}))}
