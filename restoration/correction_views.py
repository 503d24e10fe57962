"""Colour correction in the review room: lift, gamma, gain, white and saturation; CDL files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from archive.access import needs, signed_in
from archive.form_fields import first_error
from restoration import corrections, runs
from restoration.colour_views import (
    PAINT,
    ColourField,
    answer,
    scene_for,
    shown_take,
)
from restoration.colour_work import GRADE
from restoration.errors import RestorationError
from restoration.models import ColourCorrection, Scene, Take
from restoration.stages.contract import StageError
from restoration.stages.grade.cdl import Cdl, Three, from_wheels, wheels, with_white
from restoration.stages.grade.cdl_file import LARGEST, CdlFileError, read_cdl, write_cdl
from restoration.stages.grade.region import SOFTEST

WHEELS = {"lift": 0.0, "gamma": 1.0, "gain": 1.0}
"""Each with its value that changes nothing."""
CHANNELS = ("red", "green", "blue")
BOX = ("left", "top", "width", "height")


class CornersField(forms.CharField):
    """`x,y x,y x,y` as pairs of whole numbers; None if it is left empty."""

    def clean(self, value: Any) -> list[list[int]] | None:
        written = super().clean(value).split()
        try:
            corners = [[int(part) for part in corner.split(",")] for corner in written]
        except ValueError:
            corners = [[]]
        if any(len(corner) != 2 for corner in corners):
            raise forms.ValidationError("Corners are pairs of whole numbers: 10,20 80,20 45,60.")
        return corners or None


class CorrectionForm(forms.Form):
    """The last frame is included, as people count; a box only if all four numbers are given."""

    first = forms.IntegerField(min_value=0)
    last = forms.IntegerField(min_value=0)
    saturation = forms.FloatField(min_value=0, required=False)
    white = ColourField(required=False)
    corners = CornersField(max_length=6000, required=False)
    softness = forms.IntegerField(min_value=0, max_value=SOFTEST, required=False)
    reason = forms.CharField(max_length=200, required=False)
    replaces = forms.IntegerField(required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        for wheel in WHEELS:
            for channel in CHANNELS:
                self.fields[f"{wheel}_{channel}"] = forms.FloatField(required=False)
        for name in BOX:
            self.fields[name] = forms.IntegerField(required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        try:
            lift, gamma, gain = (self._wheel(name) for name in WHEELS)
            saturation = values.get("saturation")
            values["cdl"] = from_wheels(lift, gamma, gain, 1 if saturation is None else saturation)
        except ValueError as error:
            raise forms.ValidationError(f"That is no correction: {error}.") from error
        box = [values.get(name) for name in BOX]
        values["box"] = None if None in box else box
        if any(part is not None for part in box) and values["box"] is None:
            raise forms.ValidationError("A box has four numbers: left, top, width, height.")
        if values["box"] and values.get("corners"):
            raise forms.ValidationError("Give a box or corners, not both: leave one empty.")
        return values

    def _wheel(self, name: str) -> Three:
        given = [self.cleaned_data.get(f"{name}_{channel}") for channel in CHANNELS]
        red, green, blue = (WHEELS[name] if value is None else value for value in given)
        return red, green, blue


@require_POST
@needs(PAINT)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    scene = scene_for(request, pk)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was corrected. {first_error(form)}")
        return answer(request, scene)
    values = form.cleaned_data
    old = values["replaces"]
    replaces = get_object_or_404(_standing(scene), pk=old) if old else None
    frames = (values["first"], values["last"] + 1)
    cdl = _as_held(values["cdl"], replaces) if replaces else values["cdl"]
    return _enter(
        request, scene, cdl, frames=frames, box=values["box"], polygon=values["corners"],
        softness=values["softness"] or 0, white=values["white"], reason=values["reason"],
        replaces=replaces,
    )  # fmt: skip


def _as_held(cdl: Cdl, replaced: ColourCorrection) -> Cdl:
    """With the exact values of the correction that it replaces where its wheels were left alone.

    The form shows lift, gamma and gain, which have six places: there and back is not exact.
    """
    held = Cdl.parse(replaced.as_values())
    shown = from_wheels(*wheels(held), held.saturation)

    def channels(name: str) -> Three:
        rows = (getattr(each, name) for each in (cdl, shown, held))
        red, green, blue = (
            exact if given == same else given for given, same, exact in zip(*rows, strict=True)
        )
        return red, green, blue

    return Cdl(channels("slope"), channels("offset"), channels("power"), cdl.saturation)


@require_POST
@needs(PAINT)
def take_in(request: HttpRequest, pk: int) -> HttpResponse:
    """A CDL file becomes a correction of the whole scene."""
    scene = scene_for(request, pk)
    sent = request.FILES.get("file")
    if sent is None:
        messages.error(request, "Nothing was corrected. Choose a .cc, .ccc or .cdl file.")
        return answer(request, scene)
    try:
        cdl = read_cdl(sent.read(LARGEST + 1))
    except CdlFileError as error:
        messages.error(request, f"Nothing was corrected: {error}.")
        return answer(request, scene)
    return _enter(request, scene, cdl, reason=f"from {sent.name}")


def _enter(request: HttpRequest, scene: Scene, cdl: Cdl, **values: Any) -> HttpResponse:
    try:
        made = corrections.enter(scene, cdl, by=signed_in(request), **values)
        first, last = made.start_frame, made.end_frame - 1
        messages.success(request, f"Kept for frames {first} to {last}; the next run applies it.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_POST
@needs(PAINT)
def withdraw(request: HttpRequest, pk: int, correction: int) -> HttpResponse:
    scene = scene_for(request, pk)
    found = get_object_or_404(ColourCorrection.objects.of_scene(scene), pk=correction)
    try:
        corrections.withdraw(found, by=signed_in(request), scene=scene)
        messages.success(request, "Taken back: the next run leaves it out.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_POST
@needs(PAINT)
def run_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Grade the version that the page shows."""
    scene = scene_for(request, pk)
    shown = shown_take(request, scene)
    version = shown.version if shown else Take.Version.RESTORATION
    try:
        by = signed_in(request)
        run = runs.process_scene(scene, stages=[GRADE], version=version, by=by)
        messages.success(request, f"Started: {GRADE} (run {run.pk}).")
    except (RestorationError, StageError) as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_safe
@needs("review.open_review")
def give_out(request: HttpRequest, pk: int, correction: int, kind: str) -> HttpResponse:
    """White balance and CDL as one, as .cc or .cdl."""
    scene = scene_for(request, pk)
    row = get_object_or_404(ColourCorrection.objects.of_scene(scene), pk=correction)
    cdl = with_white(Cdl.parse(row.as_values()), row.white)
    name = f"scan{scene.scan_id}_frame{row.start_frame}_correction{row.pk}"
    frames = f"Frames {row.start_frame} to {row.end_frame - 1}"
    about = f"{frames}, {row.where or 'whole picture'}, by {row.by}. {row.reason}"
    data = write_cdl(cdl, name=name, description=about.strip(), decisions=kind == "cdl")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return HttpResponse(data, content_type="application/xml", headers=headers)


def _standing(scene: Scene) -> Any:
    return ColourCorrection.objects.standing().of_scene(scene)
