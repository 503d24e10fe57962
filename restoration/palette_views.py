"""Put a colour of the palette into other scenes: choose them, confirm the places, run them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from archive.access import check_media, needs, signed_in
from archive.form_fields import first_error
from archive.models import Reel
from restoration import hints, palette_use, runs
from restoration.colour_views import PAINT, scene_for
from restoration.colour_work import stages_from_colour
from restoration.errors import RestorationError
from restoration.models import PaletteEntry, Scene
from restoration.palette_use import Place
from restoration.stages.contract import StageError

USUAL_SIZE = 12


class PlacesForm(forms.Form):
    """The scenes that were ticked, and for each a frame, x and y of its own."""

    size = forms.IntegerField(min_value=1, max_value=hints.LARGEST)
    run = forms.BooleanField(required=False)

    def places(self, scenes: list[Scene]) -> list[tuple[Scene, Place]]:
        """Raises: forms.ValidationError naming the scene that has no place."""
        return [(scene, self._place(scene)) for scene in scenes]

    def _place(self, scene: Scene) -> Place:
        values = [str(self.data.get(f"{name}_{scene.pk}", "")) for name in ("frame", "x", "y")]
        if not all(value.isdecimal() and len(value) < 8 for value in values):
            first, last = scene.start_frame, scene.end_frame - 1
            raise forms.ValidationError(
                f"Say where in the scene of frames {first} to {last}: click on its picture, or "
                "give frame, x and y."
            )
        frame, x, y = (int(value) for value in values)
        return Place(frame, x, y)


def _entry_of(scene: Scene, pk: int) -> PaletteEntry:
    found = PaletteEntry.objects.select_related("palette", "by")
    title = scene.scan.reel.element.title
    return get_object_or_404(found, pk=pk, palette__title=title, withdrawn__isnull=True)


@require_safe
@needs(PAINT)
def use(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    """The scenes of a reel of the title, each with a picture to confirm the place on."""
    scene = scene_for(request, pk)
    chosen = _entry_of(scene, entry)
    reels = Reel.objects.filter(element__title=scene.scan.reel.element.title).order_by("pk")
    wanted = request.GET.get("reel", "")
    reel = next((each for each in reels if str(each.pk) == wanted), scene.scan.reel)
    found = [one for one in palette_use.candidates(chosen, reel) if one.scene.pk != scene.pk]
    only_palette = request.GET.get("of") == "palette"
    context = {
        "scene": scene,
        "entry": chosen,
        "reel": reel,
        "reels": reels,
        "candidates": [one for one in found if one.of_palette or not only_palette],
        "of_palette": sum(one.of_palette for one in found),
        "only_palette": only_palette,
        "applications": palette_use.applications(chosen),
        "size": _size_of(chosen),
    }
    return render(request, "restoration/palette_use.html", context)


def _size_of(entry: PaletteEntry) -> int:
    """Of the patch that it was painted with last."""
    newest = entry.hints.filter(withdrawn__isnull=True).order_by("-pk").first()
    return max(newest.width, newest.height) if newest else USUAL_SIZE


@require_safe
@needs(PAINT)
def proposal(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    """One scene's card with the place that is proposed for it, if any is."""
    scene = scene_for(request, pk)
    chosen = _entry_of(scene, entry)
    candidate = next(
        (one for one in palette_use.candidates(chosen, scene.scan.reel) if one.scene == scene), None
    )
    if candidate is None:
        return HttpResponse("The cuts of this scene were changed.", status=404)
    place = palette_use.propose(chosen, scene)
    context = {"one": candidate, "entry": chosen, "place": place, "looked": True}
    return render(request, "restoration/palette_place.html", context)


@require_POST
@needs(PAINT)
def put(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    """Paint at the confirmed places, and colour those scenes if that was asked for."""
    scene = scene_for(request, pk)
    chosen, by = _entry_of(scene, entry), signed_in(request)
    form = PlacesForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was painted. {first_error(form)}")
        return _back(request, scene, chosen)
    try:
        places = form.places(_ticked(request, scene))
        palette_use.put_into(chosen, places, size=form.cleaned_data["size"], by=by)
    except forms.ValidationError as error:
        messages.error(request, f"Nothing was painted. {error.messages[0]}")
    except RestorationError as error:
        messages.error(request, str(error))
    else:
        count = len(places)
        messages.success(request, f"{chosen} painted in {count} scene{'s' if count > 1 else ''}.")
        if form.cleaned_data["run"]:
            _run(request, [scene for scene, _ in places], by)
    return _back(request, scene, chosen)


def _ticked(request: HttpRequest, scene: Scene) -> list[Scene]:
    """Raises: PermissionDenied for a scene that the person may not see."""
    wanted = [value for value in request.POST.getlist("scenes") if value.isdecimal()]
    title = scene.scan.reel.element.title
    found = Scene.objects.filter(pk__in=wanted, scan__reel__element__title=title)
    scenes = list(found.select_related("scan__reel").order_by("scan", "start_frame"))
    for one in scenes:
        check_media(request, one.scan)
    return scenes


def _run(request: HttpRequest, scenes: list[Scene], by: User) -> None:
    """One run a scene; one that cannot be started keeps no other from it."""
    started = 0
    for scene in scenes:
        try:
            runs.process_scene(scene, stages=stages_from_colour(scene), by=by)
            started += 1
        except (RestorationError, StageError) as error:
            messages.error(request, f"The hints are kept, but {scene} was not started: {error}")
    if started:
        messages.success(request, f"Started: {started} run{'s' if started > 1 else ''}.")


@require_POST
@needs(PAINT)
def take_back(request: HttpRequest, pk: int, entry: int, batch: UUID) -> HttpResponse:
    scene = scene_for(request, pk)
    chosen = _entry_of(scene, entry)
    try:
        gone = palette_use.take_back(chosen, batch, by=signed_in(request))
        messages.success(request, f"Taken back: {len(gone)} hint{'s' if len(gone) > 1 else ''}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return _back(request, scene, chosen)


def _back(request: HttpRequest, scene: Scene, entry: PaletteEntry) -> Any:
    """To the same reel and choice of scenes."""
    kept = {name: request.POST.get(name, "") for name in ("reel", "of")}
    asked = "&".join(f"{name}={value}" for name, value in kept.items() if value.isalnum())
    address = reverse("use-colour", args=[scene.pk, entry.pk])
    return redirect(f"{address}?{asked}" if asked else address)
