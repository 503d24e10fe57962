"""People put together and parted by hand, where the machine took two for one, or one for two."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from archive.access import check_media, needs, reel_for, signed_in
from restoration import regrouping
from restoration.errors import RestorationError
from restoration.models import FaceTrack
from review.cast_views import NAME, refuse_switched_off


@require_POST
@needs(NAME)
def put_together(request: HttpRequest, pk: int) -> HttpResponse:
    track = _face(request, pk)
    other = FaceTrack.objects.filter(scan=track.scan, pk=_number(request.POST.get("face"))).first()
    if other is None:
        messages.error(request, "Nothing was changed: choose the person whom this is.")
        return redirect("cast", track.scan.reel_id)
    try:
        moved = regrouping.put_together(track, other, by=signed_in(request))
        messages.success(request, f"One person: {moved} face(s) were put to the other.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("cast", track.scan.reel_id)


@require_POST
@needs(NAME)
def part(request: HttpRequest, pk: int) -> HttpResponse:
    refuse_switched_off()
    reel = reel_for(request, pk)
    chosen = [_number(each) for each in request.POST.getlist("face")]
    tracks = list(FaceTrack.objects.filter(scan__reel=reel, pk__in=chosen))
    for scan in {track.scan for track in tracks}:
        check_media(request, scan)
    try:
        regrouping.part(tracks, by=signed_in(request))
        messages.success(request, f"{len(tracks)} face(s) are somebody else; name them now.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("cast", pk)


@require_POST
@needs(NAME)
def put_back(request: HttpRequest, pk: int) -> HttpResponse:
    track = _face(request, pk)
    try:
        regrouping.put_back(track, by=signed_in(request))
        messages.success(request, "The faces are again of whom the machine took them for.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("cast", track.scan.reel_id)


def _face(request: HttpRequest, pk: int) -> FaceTrack:
    refuse_switched_off()
    track = get_object_or_404(FaceTrack.objects.select_related("scan__reel"), pk=pk)
    check_media(request, track.scan)
    return track


def _number(given: str | None) -> int:
    """0 for what is no number of a row."""
    return int(given) if given and given.isdecimal() and len(given) < 19 else 0
