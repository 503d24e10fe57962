"""A reel's cast: who is seen, what they are called, and the lines they are heard to say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from archive import derived
from archive.access import (
    HIDDEN,
    check_media,
    needs,
    needs_somewhere,
    reel_for,
    signed_in,
    visible_reels,
)
from archive.media.errors import MediaError
from archive.media.stills import frame_png
from archive.models import Reel
from restoration import cast, namings
from restoration.errors import RestorationError
from restoration.models import Character, FaceTrack, Naming
from review import appearances
from review.cast_page import cast_room

VIEW, NAME = "review.view_cast", "review.name_faces"
_AROUND = 0.35
"""Of a face's own size, shown on each side of it."""


class NameForm(forms.Form):
    name = forms.CharField(max_length=200)
    actor = forms.CharField(max_length=200, required=False)
    everywhere = forms.BooleanField(required=False)


class AgainForm(forms.Form):
    face = forms.IntegerField(min_value=1)


@require_safe
@needs(VIEW)
def cast_of_reel(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    scan = reel.current_scan()
    context = {
        "reel": reel,
        "scan": scan,
        "room": cast_room(scan) if scan else None,
        "biometrics": settings.BIOMETRICS,
        "run": scan and scan.runs.filter(stage=cast.STAGE).order_by("-pk").first(),
    }
    return render(request, "review/cast.html", context)


@require_safe
@needs(VIEW)
def face_picture(request: HttpRequest, pk: int) -> HttpResponse:
    """The face in the frame that shows it best."""
    refuse_switched_off()
    track = get_object_or_404(FaceTrack.objects.select_related("scan__reel"), pk=pk)
    check_media(request, track.scan)
    scan = track.scan
    try:
        table = derived.frame_table(scan)
        whole = frame_png(Path(scan.path), track.best_frame, rate=scan.rate, table=table)
    except (FileNotFoundError, MediaError) as error:
        raise Http404(f"This frame cannot be read from the scan: {error}") from error
    picture = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise Http404("This frame cannot be shown.")
    _, data = cv2.imencode(".jpg", _cut_out(np.asarray(picture, np.uint8), track.box))
    response = HttpResponse(data.tobytes(), content_type="image/jpeg")
    response.headers["Cache-Control"] = "no-store"  # gone with the data that it is cut out by
    return response


def refuse_switched_off() -> None:
    """Raises: Http404 where the archive tells no faces apart."""
    if not settings.BIOMETRICS:
        raise Http404("Telling faces apart is switched off in this archive.")


def _cut_out(picture: np.ndarray, box: list[int]) -> np.ndarray:
    left, top, right, bottom = box
    side = int(max(right - left, bottom - top) * (1 + 2 * _AROUND))
    x = max(0, (left + right - side) // 2)
    y = max(0, (top + bottom - side) // 2)
    piece = picture[y : y + max(side, 8), x : x + max(side, 8)]
    return piece if piece.size else picture


@require_POST
@needs(NAME)
def name(request: HttpRequest, pk: int) -> HttpResponse:
    track = get_object_or_404(FaceTrack.objects.select_related("scan__reel"), pk=pk)
    check_media(request, track.scan)
    form = NameForm(request.POST)
    if form.is_valid():
        _say(request, track, form.cleaned_data)
    else:
        messages.error(request, "Nothing was kept: write the character's name.")
    return redirect("cast", track.scan.reel_id)


def _say(
    request: HttpRequest,
    track: FaceTrack,
    values: dict[str, object],
    again: Naming | None = None,
) -> None:
    try:
        made = namings.name_face(
            track,
            str(values["name"]),
            actor=str(values["actor"]),
            everywhere=bool(values["everywhere"]),
            by=signed_in(request),
            again=again,
        )
        messages.success(request, f"This face is {made.character.name}.")
    except RestorationError as error:
        messages.error(request, str(error))


@require_POST
@needs(NAME)
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    refuse_switched_off()
    naming = get_object_or_404(Naming.objects.select_related("track__scan__reel"), pk=pk)
    check_media(request, naming.track.scan)
    try:
        namings.take_back(naming, by=signed_in(request))
        messages.success(request, "The name was taken back.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("cast", naming.track.scan.reel_id)


@require_POST
@needs(NAME)
def name_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A name that was lost in a new run, given to a face of it."""
    refuse_switched_off()
    naming = get_object_or_404(Naming.objects.select_related("track__scan__reel"), pk=pk)
    scan = naming.track.scan
    check_media(request, scan)
    form = AgainForm(request.POST)
    number = form.cleaned_data["face"] if form.is_valid() else 0
    face = FaceTrack.objects.filter(scan=scan, pk=number).first()
    if face is None or not namings.lost(scan).filter(pk=pk).exists():
        messages.error(request, "Nothing was kept: choose a face that is shown on this page.")
        return redirect("cast", scan.reel_id)
    values = {"name": naming.character.name, "actor": "", "everywhere": naming.everywhere}
    _say(request, face, values, again=naming)
    return redirect("cast", scan.reel_id)


@require_POST
@needs(NAME)
def rename(request: HttpRequest, pk: int, character: int) -> HttpResponse:
    refuse_switched_off()
    reel = reel_for(request, pk)
    scan = reel.current_scan()
    found = get_object_or_404(Character, pk=character, title=reel.element.title)
    form = NameForm(request.POST)
    if scan is None or not form.is_valid():
        messages.error(request, "Nothing was kept: write the character's name.")
        return redirect("cast", pk)
    values = form.cleaned_data
    try:
        by = signed_in(request)
        other = namings.rename(found, values["name"], scan=scan, by=by, actor=values["actor"])
        messages.success(request, f"The character is called {other.name}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("cast", pk)


@require_safe
@needs_somewhere("archive.browse")
def characters(request: HttpRequest) -> HttpResponse:
    """Whom people named in reels that the person may see."""
    asked = request.GET.get("q", "").replace("\x00", " ").strip()[:200]
    context = {
        "asked": asked,
        "biometrics": settings.BIOMETRICS,
        "characters": appearances.characters(request.user, asked),
    }
    return render(request, "review/characters.html", context)


@require_safe
@needs_somewhere("archive.browse")
def character(request: HttpRequest, pk: int) -> HttpResponse:
    """Where somebody is seen and heard, in every reel of the film that the person may see."""
    found = get_object_or_404(Character.objects.select_related("title"), pk=pk)
    if not visible_reels(request.user, Reel.objects.filter(element__title=found.title)).exists():
        raise PermissionDenied(HIDDEN)
    timelines = appearances.timelines(found, request.user)
    if settings.BIOMETRICS and not timelines and not request.user.has_perm(VIEW, found.title):
        raise Http404("Nobody of that number was named in a reel that is open to you.")
    context = {
        "character": found,
        "timelines": timelines,
        "width": appearances.WIDTH,
        "biometrics": settings.BIOMETRICS,
    }
    return render(request, "review/character.html", context)
