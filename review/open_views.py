"""What strangers may see of a public catalogue: a reel's page, and the list of such pages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap as write_sitemap
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from archive.access import open_door, reel_for, without_held
from archive.models import Reel, Scan
from restoration.models import Scene
from review import clips
from review.formats.schema import described
from review.models import SearchLine
from review.open_film import film_of
from review.search.index import SPOKEN

PAGE = 200
"""Lines at once."""


@open_door
@require_safe
def reel(request: HttpRequest, pk: int) -> HttpResponse:
    found = reel_for(request, pk)
    scan = found.current_scan()
    site = request.build_absolute_uri("/").rstrip("/")
    said = SearchLine.objects.filter(reel=found, kind__in=SPOKEN).defer("vector")
    context: dict[str, Any] = {
        "reel": found,
        "scan": scan,
        "page": Paginator(said.order_by("number"), PAGE).get_page(request.GET.get("page")),
    }
    if scan is not None:
        film = film_of(found, scan, user=request.user, site=site)
        current = Scene.objects.current().filter(scan=scan)
        context |= {
            "film": film,
            "described": described(
                film, about=found.title.notes, year=found.title.year, kept=scan.created
            ),
            "clips": clips.approved(current) if film.video else [],
        }
    return render(request, "review/open_reel.html", context)


class _OpenReels(Sitemap):  # type: ignore[type-arg]
    """The pages that a stranger may open, whoever asks."""

    def items(self) -> QuerySet[Reel]:
        public = Reel.objects.filter(access=Reel.Access.PUBLIC)
        of_all = without_held(AnonymousUser(), public, right="")
        return of_all.filter(pk__in=Scan.objects.values("reel")).order_by("pk")

    def location(self, item: Reel) -> str:
        return reverse("open-reel", args=[item.pk])


@open_door
@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    sections: dict[str, Any] = {"reels": _OpenReels()} if settings.PUBLIC_CATALOGUE else {}
    return write_sitemap(request, sections)


_CRAWLED = (  # RFC 9309: the longest rule that fits an address holds
    "Allow: /open/",
    "Allow: /embed/",
    "Allow: /scans/",
    "Allow: /static/",
    "Allow: /iiif/",
    "Disallow: /iiif/reels/*/search",
)


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines should read: the open pages, and nothing where they are not public."""
    rules = ["User-agent: *", "Disallow: /"]
    if settings.PUBLIC_CATALOGUE:
        place = request.build_absolute_uri(reverse("sitemap"))
        rules += [*_CRAWLED, f"Sitemap: {place}"]
    return HttpResponse("\n".join(rules) + "\n", content_type="text/plain")
