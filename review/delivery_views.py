"""Deliver a reel, and fetch what was delivered."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from archive.access import reel_for
from archive.ranges import ranged_file_response
from review import deliverables
from review.deliverables import DeliveryRefused
from review.errors import ReviewError
from review.forms import DeliverForm
from review.models import Deliverable


@require_POST
@permission_required("review.deliver", raise_exception=True)
def deliver(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    form = DeliverForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was delivered: choose a format and a use.")
        return redirect("reel", pk=pk)
    try:
        made = deliverables.build_deliverable(
            reel,
            format=form.cleaned_data["format"],
            use=form.cleaned_data["use"],
            to=deliverables.default_folder(),
            by=request.user,
        )
        messages.success(request, f"Delivered: {len(made.files)} file(s), listed below.")
    except DeliveryRefused as refused:
        messages.error(request, "Not delivered, and nothing was written. The reasons are below.")
        for reason in refused.reasons:
            messages.warning(request, str(reason))
    except ReviewError as error:
        messages.error(request, str(error))
    return redirect("reel", pk=pk)


@require_safe
@permission_required("review.deliver", raise_exception=True)
def deliverable_file(request: HttpRequest, pk: int, place: int) -> HttpResponseBase:
    deliverable = get_object_or_404(Deliverable.objects.select_related("reel"), pk=pk)
    reel_for(request, deliverable.reel_id)
    if place >= len(deliverable.files):
        raise Http404("This deliverable has no such file.")
    path = Path(deliverable.files[place]["path"])
    return ranged_file_response(request, path, "application/octet-stream", download_as=path.name)
