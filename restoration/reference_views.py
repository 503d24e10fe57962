"""Coloured stills in the review room: send one for a frame, look at it, take it back."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from archive import stored
from archive.access import needs, signed_in
from archive.form_fields import first_error
from archive.ranges import ranged_file_response
from restoration import references
from restoration.colour_views import PAINT, answer, scene_for
from restoration.errors import RestorationError
from restoration.models import ColourReference
from restoration.storage import storage


class ReferenceForm(forms.Form):
    file = forms.FileField(error_messages={"required": "Choose a PNG or JPEG file."})
    frame = forms.IntegerField(min_value=0, error_messages={"required": "Say for which frame."})
    source = forms.CharField(
        max_length=300, error_messages={"required": "Say what it is and where it is from."}
    )


@require_POST
@needs(PAINT)
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    scene = scene_for(request, pk)
    form = ReferenceForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept. {first_error(form)}")
        return answer(request, scene)
    values = form.cleaned_data
    sent = values["file"]
    try:
        made = references.keep(
            scene, values["frame"], sent.read(references.LARGEST + 1), name=sent.name,
            source=values["source"], by=signed_in(request),
        )  # fmt: skip
        messages.success(request, f"Kept: {made}; the next run heeds it.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_POST
@needs(PAINT)
def withdraw(request: HttpRequest, pk: int, still: int) -> HttpResponse:
    scene = scene_for(request, pk)
    found = get_object_or_404(ColourReference.objects.of_scene(scene), pk=still)
    try:
        references.withdraw(found, by=signed_in(request))
        messages.success(request, f"Taken back: {found}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, scene)


@require_safe
@needs("review.open_review")
def picture(request: HttpRequest, pk: int, still: int) -> HttpResponseBase:
    scene = scene_for(request, pk)
    found = get_object_or_404(ColourReference.objects.of_scene(scene), pk=still)
    path = storage().place(found.storage_key)
    if not (path.is_file() or stored.is_kept(found.storage_key)):
        raise Http404("The file of this still is away; check the store.")
    return ranged_file_response(request, path, found.media_type, immutable=True)
