"""Colour in the review room: paint hints, keep palettes, run the colour version again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from archive.access import check_media, needs, signed_in
from archive.form_fields import first_error
from archive.views import never_changes
from restoration import hints, palettes, runs, scenes
from restoration.colour_advice import COLOURISE, doubt_of
from restoration.colour_room import colour_room
from restoration.colour_work import (
    ENGINE_WORDS,
    TINT_WORDS,
    ColourWork,
    newest_run,
    stages_from_colour,
)
from restoration.errors import IllegalTransition, RestorationError
from restoration.models import Hint, PaletteEntry, Scene, Take
from restoration.stages import find_stage
from restoration.stages.contract import StageError

PAINT = "restoration.paint"


class ColourField(forms.CharField):
    """#rrggbb as three numbers; None if it may be left out and is."""

    default_validators = [RegexValidator(r"^#[0-9a-fA-F]{6}$", "Give a colour as #rrggbb.")]

    def clean(self, value: Any) -> hints.RGB | None:
        written = super().clean(value)
        if not written:
            return None
        red, green, blue = bytes.fromhex(written[1:])
        return red, green, blue


class HintForm(forms.Form):
    """Patches as JSON [[x, y], ...], or one by numbers."""

    frame = forms.IntegerField(min_value=0, error_messages={"required": "Say in which frame."})
    places = forms.JSONField(required=False)
    x = forms.IntegerField(required=False)
    y = forms.IntegerField(required=False)
    size = forms.IntegerField(min_value=1, error_messages={"required": "Say how large."})
    colour = ColourField(error_messages={"required": "Choose a colour."})
    entry = forms.IntegerField(required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("places") and None not in (values.get("x"), values.get("y")):
            values["places"] = [[values["x"], values["y"]]]
        values["places"] = _places(values.get("places"))
        return values


def _places(value: Any) -> list[tuple[int, int]]:
    try:
        found = [(int(x), int(y)) for x, y in value]
    except (TypeError, ValueError, OverflowError) as error:
        raise forms.ValidationError("Say where: paint on the picture, or give x and y.") from error
    if any(abs(part) > 100_000 for place in found for part in place):
        raise forms.ValidationError("That lies outside every picture.")
    return found


class WayForm(forms.Form):
    """How colourise is to work; what is left out stays as it was."""

    engine = forms.ChoiceField(choices=list(ENGINE_WORDS.items()), required=False)
    tint = forms.ChoiceField(choices=list(TINT_WORDS.items()), required=False)


class PaletteForm(forms.Form):
    palette = forms.CharField(max_length=120, error_messages={"required": "Name the palette."})
    name = forms.CharField(max_length=120, error_messages={"required": "Name the colour."})
    colour = ColourField(error_messages={"required": "Choose a colour."})
    source = forms.CharField(
        max_length=300, error_messages={"required": "Say after what it was decided."}
    )
    certainty = forms.ChoiceField(choices=PaletteEntry.Certainty.choices)


def scene_for(request: HttpRequest, pk: int) -> Scene:
    found = Scene.objects.select_related("scan__reel__element__title")
    scene = get_object_or_404(found, pk=pk)
    check_media(request, scene.scan)
    return scene


def answer(request: HttpRequest, scene: Scene) -> HttpResponse:
    """The section anew for htmx, else the page that it is on."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("scene", pk=scene.pk)
    room = colour_room(scene, shown_take(request, scene))
    context = {"colour": room, "scene": scene, "told": True}
    return render(request, "restoration/colour.html", context)


def shown_take(request: HttpRequest, scene: Scene) -> Take | None:
    """The take that the page shows; it travels with every request of the section."""
    wanted = request.POST.get("shown") or request.GET.get("shown") or ""
    return Take.objects.of_scene(scene).filter(pk=wanted).first() if wanted.isdigit() else None


@require_safe
@needs("review.open_review")
def run_part(request: HttpRequest, pk: int) -> HttpResponse:
    """What is asked for every two seconds while a run is open: how far it is, and no more."""
    scene = scene_for(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("scene", pk=scene.pk)
    run = newest_run(scene)
    if run is not None and run.is_open:
        wanted = request.GET.get("shown", "")
        context = {"run": run, "shown": wanted if wanted.isdigit() else "", "scene": scene}
        return render(request, "restoration/colour_open_run.html", context)
    work = ColourWork(scene, shown_take(request, scene))
    return render(request, "restoration/colour_run.html", {"colour": work, "scene": scene})


@require_safe
@needs("review.open_review")
def doubt(request: HttpRequest, pk: int) -> HttpResponse:
    """How uncertain the colour of a take is, frame by frame."""
    take = get_object_or_404(Take.objects.select_related("scan__reel"), pk=pk)
    check_media(request, take.scan)
    return never_changes(JsonResponse({"frames": doubt_of(take)}))


@require_POST
@needs(PAINT)
def paint(request: HttpRequest, pk: int) -> HttpResponse:
    scene = scene_for(request, pk)
    form = HintForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was painted. {first_error(form)}")
        return answer(request, scene)
    values = form.cleaned_data
    try:
        made = hints.paint(
            scene, values["frame"], values["places"], size=values["size"], rgb=values["colour"],
            entry=_entry(scene, values["entry"]), by=signed_in(request),
        )  # fmt: skip
        messages.success(request, f"Painted in frame {values['frame']}: {_patches(made)}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


def _entry(scene: Scene, pk: int | None) -> PaletteEntry | None:
    if pk is None:
        return None
    title = scene.scan.reel.element.title
    return get_object_or_404(PaletteEntry, pk=pk, palette__title=title, withdrawn__isnull=True)


def _patches(made: list[Hint]) -> str:
    return f"{len(made)} patch{'es' if len(made) > 1 else ''} of {made[0].hex}"


@require_POST
@needs(PAINT)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    scene = scene_for(request, pk)
    try:
        gone = hints.undo(scene, by=signed_in(request))
        messages.success(request, f"Taken back in frame {gone[0].frame}: {_patches(gone)}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_POST
@needs(PAINT)
def withdraw(request: HttpRequest, pk: int, hint: int) -> HttpResponse:
    scene = scene_for(request, pk)
    found = get_object_or_404(Hint.objects.of_scene(scene), pk=hint)
    try:
        gone = hints.withdraw(found, by=signed_in(request))
        messages.success(request, f"Taken back in frame {found.frame}: {_patches(gone)}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_POST
@needs(PAINT)
def run_again(request: HttpRequest, pk: int) -> HttpResponse:
    scene = scene_for(request, pk)
    form = WayForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was started. {first_error(form)}")
        return answer(request, scene)
    try:
        scene = _choose(scene, form.cleaned_data, signed_in(request))
        stages = stages_from_colour(scene)
        run = runs.process_scene(scene, stages=stages, by=signed_in(request))
        messages.success(request, f"Started: {', '.join(stages)} (run {run.pk}).")
    except (RestorationError, StageError) as error:
        messages.error(request, str(error))
    return answer(request, scene)


def _choose(scene: Scene, asked: dict[str, str], by: User) -> Scene:
    """Keep the way that was asked for with the scene, if it is another one.

    Raises: StageError, SceneError.
    """
    chosen = scene.settings.get(COLOURISE, {})
    usual = find_stage(COLOURISE).parse({})
    wanted = {
        name: value
        for name, value in asked.items()
        if value and value != chosen.get(name, getattr(usual, name))
    }
    if not wanted:
        return scene
    return scenes.set_settings(scene, COLOURISE, {**chosen, **wanted}, by=by)


@require_POST
@needs(PAINT)
def cancel_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever may start the colour stages of a scene may stop them."""
    scene = scene_for(request, pk)
    run = newest_run(scene)
    try:
        if run is None or not run.is_open:
            raise IllegalTransition("No colour stage of this scene waits or runs any more.")
        runs.cancel(run, by=signed_in(request))
        messages.success(request, f"Cancelled: {run.stage}. Takes that were made before are kept.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_POST
@needs(PAINT)
def keep_colour(request: HttpRequest, pk: int) -> HttpResponse:
    scene = scene_for(request, pk)
    form = PaletteForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept. {first_error(form)}")
        return answer(request, scene)
    values = form.cleaned_data
    try:
        made = palettes.add(
            scene, palette=values["palette"], name=values["name"], rgb=values["colour"],
            source=values["source"], certainty=values["certainty"], by=signed_in(request),
        )  # fmt: skip
        messages.success(request, f"Kept in the palette: {made}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_POST
@needs(PAINT)
def withdraw_colour(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    scene = scene_for(request, pk)
    title = scene.scan.reel.element.title
    found = get_object_or_404(PaletteEntry, pk=entry, palette__title=title)
    try:
        gone = palettes.withdraw(found, scene, by=signed_in(request))
        messages.success(request, f"Taken out of the palette: {gone}. Hints that name it stay.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)
