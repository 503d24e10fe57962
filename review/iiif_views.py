"""IIIF: a reel's manifest, its transcript and scenes as annotations, and a search in its words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from archive.access import open_door, reel_for, visible_reels
from archive.models import Reel, Scan
from review import open_film
from review.formats import iiif
from review.search.finding import TooSlow
from review.search.query import MOST_CHARACTERS

PAGE = 100
"""Lines of one page of a search."""
REELS = 500
"""Of one collection; more are parted into several, since the standard has no pages of them."""
_IGNORED = ("motivation", "date", "user")
"""Parameters of the standard that mean nothing here; each answer says so."""


@open_door
@require_safe
def collection(request: HttpRequest) -> HttpResponse:
    """Every reel that the asker may see; in parts where they are many."""
    parts = _reels(request)
    if parts.num_pages == 1:
        return _manifests(request, list(parts.page(1).object_list))
    items = [
        iiif.collection_entry(
            f"Reels, part {number} of {parts.num_pages}",
            request.build_absolute_uri(reverse("iiif-collection-part", args=[number])),
        )
        for number in parts.page_range
    ]
    return _collection(request, items)


@open_door
@require_safe
def collection_part(request: HttpRequest, part: int) -> HttpResponse:
    """One part of it, 1 upwards."""
    try:
        reels = list(_reels(request).page(part).object_list)
    except InvalidPage as error:
        raise Http404("There is no such part of the collection.") from error
    return _manifests(request, reels)


def _manifests(request: HttpRequest, reels: list[Reel]) -> HttpResponse:
    site = request.build_absolute_uri("/").rstrip("/")
    items = [iiif.manifest_entry(str(reel), iiif.Place(site, reel.pk, scan=0)) for reel in reels]
    return _collection(request, items)


def _reels(request: HttpRequest) -> Paginator[Reel]:
    with_scan = Reel.objects.filter(pk__in=Scan.objects.values("reel"))
    shown = visible_reels(request.user, with_scan)
    return Paginator(shown.select_related("element__title").order_by("pk"), REELS)


def _collection(request: HttpRequest, items: list[dict[str, Any]]) -> HttpResponse:
    address = request.build_absolute_uri(request.path)
    return _answer(request, iiif.collection(address, items), iiif.MEDIA_TYPE)


@open_door
@require_safe
def manifest(request: HttpRequest, pk: int) -> HttpResponse:
    film, place, *_ = _opened(request, pk)
    return _answer(request, iiif.manifest(film, place), iiif.MEDIA_TYPE)


@open_door
@require_safe
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    film, place, reel, _ = _opened(request, pk)
    return _answer(request, iiif.lines_page(open_film.lines_of(reel), film, place), iiif.MEDIA_TYPE)


@open_door
@require_safe
def scenes(request: HttpRequest, pk: int) -> HttpResponse:
    film, place, _, scan = _opened(request, pk)
    return _answer(
        request, iiif.scenes_page(open_film.scenes_of(scan), film, place), iiif.MEDIA_TYPE
    )


@open_door
@require_safe
def search(request: HttpRequest, pk: int) -> HttpResponse:
    film, place, reel, _ = _opened(request, pk)
    asked = request.GET.get("q", "").replace("\x00", " ").strip()[:MOST_CHARACTERS]
    try:
        query, rows = open_film.search(asked, reel, user=request.user) if asked else (None, [])
    except TooSlow as error:
        return HttpResponse(str(error), status=503, content_type="text/plain")
    parts = Paginator(rows, PAGE)
    page = parts.get_page(request.GET.get("page"))
    answer = iiif.Answer(
        address=f"{place.search}?{urlencode({'q': asked})}",
        marks=list(open_film.marks(list(page.object_list), query)) if query else [],
        page=page.number,
        pages=parts.num_pages,
        count=parts.count,
        first=max(page.start_index() - 1, 0),
        ignored=tuple(name for name in _IGNORED if name in request.GET),
    )
    return _answer(request, iiif.found(answer, film, place), iiif.SEARCH_TYPE)


def _opened(request: HttpRequest, pk: int) -> tuple[iiif.Film, iiif.Place, Reel, Scan]:
    """Raises: Http404, PermissionDenied."""
    reel = reel_for(request, pk)
    scan = reel.current_scan()
    if scan is None:
        raise Http404("This reel has no scan yet, so there is no film to show.")
    site = request.build_absolute_uri("/").rstrip("/")
    film = open_film.film_of(reel, scan, user=request.user, site=site)
    return film, iiif.Place(site, reel.pk, scan.pk), reel, scan


def _answer(request: HttpRequest, document: dict[str, Any], media_type: str) -> HttpResponse:
    response = JsonResponse(document, content_type=media_type)
    response.headers["Cache-Control"] = "private, no-cache"
    if not request.user.is_authenticated:
        # What a stranger may read, any page may; nothing goes to another site by a person's rights.
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response
