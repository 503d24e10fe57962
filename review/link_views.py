"""Links for guests, for those who make them: list, make, revoke."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST

from archive.access import needs, reel_for, signed_in
from archive.form_fields import first_error
from archive.models import Reel
from restoration.models import Scene, Take
from review import pages
from review.errors import ReviewError
from review.forms import ShareForm
from review.guests import copies, links
from review.guests.links import Made, Wish, closed_because
from review.models import ShareLink

SHARE = "review.share"


@require_http_methods(["GET", "HEAD", "POST"])
@needs(SHARE)
def of_reel(request: HttpRequest, pk: int) -> HttpResponse:
    """The links of a reel. What is made is answered at once: its address is shown this one time."""
    reel = reel_for(request, pk)
    if request.method != "POST":
        return _page(request, reel, ShareForm(initial=_initial(request)))
    form = ShareForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"No link was made. {first_error(form)}")
        return _page(request, reel, form)
    try:
        made = links.make(reel, _wish(reel, form.cleaned_data), by=signed_in(request))
    except ReviewError as error:
        messages.error(request, str(error))
        return _page(request, reel, form)
    for shown in made.link.shown.all():
        copies.ring(shown.pk)
    return _page(request, reel, ShareForm(initial={"days": links.DAYS}), made)


def _wish(reel: Reel, values: dict[str, Any]) -> Wish:
    scene = None
    if values["scene"]:
        of_reel = Scene.objects.current().select_related("scan").filter(scan__reel=reel)
        scene = get_object_or_404(of_reel, pk=values["scene"])
    return Wish(
        guest=values["guest"],
        use=values["use"],
        version=values["version"] or Take.Version.RESTORATION.value,
        scene=scene,
        days=values["days"],
        password=values["password"],
        word=values["word"],
    )


def _initial(request: HttpRequest) -> dict[str, Any]:
    asked = {name: request.GET.get(name, "") for name in ("scene", "version", "use")}
    return {name: value for name, value in asked.items() if value} | {"days": links.DAYS}


def _page(
    request: HttpRequest, reel: Reel, form: ShareForm, made: Made | None = None
) -> HttpResponse:
    scan = reel.current_scan()
    rows = list(
        reel.share_links.select_related("by", "revoked_by", "reel__element__title")
        .prefetch_related("shown__take", "visits__notes")
        .order_by("-at", "-pk")
    )
    address = ""
    if made is not None:
        address = request.build_absolute_uri(reverse("guest-door", args=[made.secret]))
    cards = pages.storyboard(scan) if scan else []
    context = {
        "reel": reel,
        "form": form,
        "made": made,
        "address": address,
        "links": [_line(link) for link in rows],
        "scenes": [(card.number, card.scene) for card in cards if card.standing.take],
        "coloured": any(card.colour for card in cards),
        "longest": settings.SHARE_LINK_DAYS,
    }
    response = render(request, "review/links.html", context)
    add_never_cache_headers(response)
    return response


def _line(link: ShareLink) -> dict[str, Any]:
    shown, visits = list(link.shown.all()), list(link.visits.all())
    closed = closed_because(link)
    waiting = [] if closed else [words for each in shown if (words := copies.state_of(each)[1])]
    return {
        "link": link,
        "shown": shown,
        "visits": visits,
        "notes": sum(len(visit.notes.all()) for visit in visits),
        "closed": closed,
        "copies": waiting,
    }


@require_POST
@needs(SHARE)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    link = get_object_or_404(ShareLink.objects.select_related("reel"), pk=pk)
    reel = reel_for(request, link.reel_id)
    try:
        links.revoke(link, by=signed_in(request))
        copies.remove(link.pk)
        messages.success(request, f"The link for {link.guest} is closed.")
    except ReviewError as error:
        messages.error(request, str(error))
    return redirect("share-links", pk=reel.pk)
