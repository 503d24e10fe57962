"""The queue, handing over, and approving scenes in a batch."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.access import check_media, needs, needs_somewhere, reel_for, signed_in
from archive.form_fields import first_error
from archive.models import Scan
from restoration import scenes
from restoration.models import Scene, Take
from review import batches, handing
from review.errors import ReviewError
from review.forms import BatchForm, HandOverForm
from review.queue import ORDERS, entries
from review.queue import queue as queue_of
from review.stage_decisions import stage_address

PAGE = 50


@require_safe
@needs_somewhere("review.open_review")
def queue(request: HttpRequest) -> HttpResponse:
    order = request.GET.get("order", "oldest")
    order = order if order in ORDERS else "oldest"
    person = signed_in(request)
    page = Paginator(queue_of(person, order), PAGE).get_page(request.GET.get("page"))
    context = {
        "order": order,
        "orders": [(name, words) for name, (words, _) in ORDERS.items()],
        "count": page.paginator.count,
        "page": page,
        "entries": entries(page.object_list, person),
    }
    return render(request, "review/queue.html", context)


@require_POST
@needs("review.add_note")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    scene = get_object_or_404(Scene.objects.select_related("scan__reel"), pk=pk)
    check_media(request, scene.scan)
    form = HandOverForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was handed over. {first_error(form)}")
        return redirect("scene", pk=scene.pk)
    values = form.cleaned_data
    kind, _, name = values["to"].partition(":")
    person = User.objects.filter(pk=name).first() if kind == "person" else None
    take = None
    if values["take"]:
        take = get_object_or_404(Take, pk=values["take"], scan_id=scene.scan_id)
    try:
        made = handing.hand_over(
            scene,
            values["version"],
            by=signed_in(request),
            to=person,
            role=name if kind == "role" else "",
            word=values["word"],
            take=take,
        )
        what = f"{made.stage} alone " if made.stage else ""
        messages.success(request, f"Handed {what}to {made.whom}: it stands on their Today.")
    except ReviewError as error:
        messages.error(request, str(error))
    asked = {"version": values["version"]} if values["version"] != scenes.RESTORATION else {}
    asked |= stage_address(take) if take else {}
    return redirect(reverse("scene", args=[scene.pk]) + (f"?{urlencode(asked)}" if asked else ""))


@require_http_methods(["GET", "HEAD", "POST"])
@needs("review.decide")
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    scan = reel.current_scan()
    if scan is None:
        raise Http404("This reel has no scan.")
    if request.method == "POST":
        return _approve(request, scan)
    form = BatchForm(_rule(request))
    values = form.cleaned_data if form.is_valid() else _rule(None)
    if not form.is_valid():
        messages.error(request, f"That is no rule: {first_error(form)}")
    planned = batches.plan(
        scan,
        signed_in(request),
        every=int(values["every"]),
        most=int(values["most"]),
        version=str(values["version"]),
    )
    return render(request, "review/batch.html", {"reel": reel, "scan": scan, "plan": planned})


def _rule(request: HttpRequest | None) -> dict[str, Any]:
    asked = request.GET if request is not None else {}
    return {
        "every": asked.get("every", batches.EVERY),
        "most": asked.get("most", batches.MOST),
        "version": asked.get("version", Take.Version.RESTORATION),
    }


def _approve(request: HttpRequest, scan: Scan) -> HttpResponse:
    form = BatchForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was approved. {first_error(form)}")
        return redirect("batch", pk=scan.reel_id)
    values = form.cleaned_data
    try:
        made = batches.approve(
            scan,
            by=signed_in(request),
            every=values["every"],
            most=values["most"],
            version=values["version"],
            seen=values["seen"],
        )
        count = f"{len(made)} scene{'s' if len(made) != 1 else ''}"
        messages.success(request, f"Approved in a batch: {count}.")
    except ReviewError as error:
        messages.error(request, str(error))
    asked = {name: values[name] for name in ("every", "most", "version")}
    return redirect(f"{reverse('batch', args=[scan.reel_id])}?{urlencode(asked)}")
