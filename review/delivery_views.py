"""Deliver a reel, follow how far that is, and fetch what was delivered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from archive import stored
from archive.access import needs, reel_for
from archive.fixity import sha256_file
from archive.models import Reel, StoredFile
from archive.ranges import ranged_file_response
from restoration.models import Scene, Worker
from review.deliverables import ALL, DeliveryRefused
from review.delivery import requests
from review.delivery.folders import DELIVERED
from review.errors import ReviewError
from review.formats import package
from review.forms import DeliverForm, WithdrawForm
from review.gating import hold
from review.models import Deliverable, Delivery
from review.policies import IN
from review.title_rights import territories
from review.uses import policies
from review.version_choice import RESTORED, UnknownScenes, VersionChoice
from review.withdrawals import withdraw

SHOWN_ENDED = 5


@require_POST
@needs("review.deliver")
def deliver(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    form = DeliverForm(request.POST)
    if not form.is_valid():
        wrong = form.errors.get("override", ())
        told = " ".join(map(str, wrong)) or "Choose a format and a use."
        messages.error(request, f"Nothing was delivered. {told}")
        return _to_deliveries(pk)
    chosen = {name: form.cleaned_data[name] for name in ("format", "override")}
    chosen["use"] = form.ordered_use
    chosen |= {"rules": tuple(request.POST.getlist("rule")), "takes": request.POST.get("takes", "")}
    try:
        chosen["choice"] = form.choice(_scene_ids(reel))
    except UnknownScenes as error:
        messages.error(request, f"Nothing was delivered: {error}.")
        return _to_deliveries(pk)
    return _steer(request, pk, lambda: requests.ask(reel, **chosen, by=request.user))


def _scene_ids(reel: Reel) -> list[int]:
    scenes = Scene.objects.current().filter(scan=reel.current_scan())
    return list(scenes.values_list("pk", flat=True))


@require_safe
@needs("review.open_review")
def gate(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules of a use, held against the reel at this moment; alone, on the reel's page."""
    reel = reel_for(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        asked = {name: request.GET.get(name, "") for name in ("use", "version")}
        query = urlencode({name: value for name, value in asked.items() if value})
        return redirect(f"{reverse('reel', args=[pk])}?{query}#deliver")
    return render(request, "review/gate.html", {"reel": reel} | gate_of(reel, request))


def gate_of(reel: Reel, request: HttpRequest) -> dict[str, Any]:
    """The gate of the use and version that the address names; else of the first use there is."""
    known = policies()
    asked = {"use": next(iter(known)), "format": ALL, "version": RESTORED.version}
    asked |= {name: str(value) for name, value in request.GET.items() if value}
    form = DeliverForm(asked)
    if not form.is_valid():  # an address that somebody typed: nothing is decided by it
        return gate_of_use(reel, next(iter(known)), RESTORED)
    if asked["version"] == RESTORED.version:
        return gate_of_use(reel, form.ordered_use, RESTORED)
    try:
        return gate_of_use(reel, form.ordered_use, form.choice(_scene_ids(reel)))
    except UnknownScenes as error:
        whole = VersionChoice(asked["version"])
        return gate_of_use(reel, form.ordered_use, whole, f"{error}.")


def gate_of_use(reel: Reel, use: str, choice: VersionChoice, trouble: str = "") -> dict[str, Any]:
    """What `review/gate.html` and the form above it show.

    Args:
        use: with a territory, where one was chosen.
        trouble: why what was written of scenes could not be read.
    """
    name, _, territory = use.partition(IN)
    return {
        "gate": hold(reel, use, choice=choice),
        "choice": choice,
        "trouble": trouble,
        "territories": territories(reel.title),
        "territory": territory,
        "deliver_form": DeliverForm(initial={"use": name, "version": choice.version}),
    }


@require_POST
@needs("review.deliver")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = _delivery(request, pk)
    return _steer(request, delivery.reel_id, lambda: requests.cancel(delivery, by=request.user))


@require_POST
@needs("review.deliver")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = _delivery(request, pk)
    return _steer(request, delivery.reel_id, lambda: requests.retry(delivery, by=request.user))


def _delivery(request: HttpRequest, pk: int) -> Delivery:
    delivery = get_object_or_404(Delivery.objects.select_related("reel"), pk=pk)
    reel_for(request, delivery.reel_id)
    return delivery


def _steer(request: HttpRequest, reel: int, act: Callable[[], Any]) -> HttpResponse:
    """What was asked for shows in the list of deliveries; only a refusal needs words of its own."""
    try:
        act()
    except DeliveryRefused as refused:
        messages.error(request, "Not delivered, and nothing was written. The reasons are below.")
        for reason in refused.reasons:
            messages.warning(request, str(reason))
    except ReviewError as error:
        messages.error(request, str(error))
    return _to_deliveries(reel)


def _to_deliveries(reel: int) -> HttpResponse:
    return redirect(reverse("reel", args=[reel]) + "#deliver")


@require_safe
@needs("review.open_review")
def deliveries(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the reel's page that changes while a delivery is made; alone, a page of it."""
    reel = reel_for(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return _to_deliveries(pk)
    return render(request, "review/deliveries.html", {"reel": reel} | deliveries_of(reel))


def deliveries_of(reel: Reel) -> dict[str, Any]:
    """Deliveries that are being made or ended without success since, and what has left."""
    found = list(reel.deliveries.select_related("by").order_by("-created", "-pk"))
    waiting = sorted((each for each in found if each.is_open), key=lambda each: each.pk)
    return {
        "waiting": waiting,
        "ended": _worth_showing(found),
        "nobody_works": bool(waiting) and not Worker.objects.alive(queue="cpu").exists(),
        "deliverables": reel.deliverables.select_related("by", "delivery", "withdrawal__by"),
    }


def _worth_showing(found: Iterable[Delivery]) -> list[Delivery]:
    """Those that ended without a deliverable, unless a later one of their kind was begun.

    Args:
        found: the newest first.
    """
    seen: set[tuple[str, str, str]] = set()
    shown = []
    for delivery in found:
        kind = (delivery.format, delivery.use, delivery.version)
        if kind not in seen and not delivery.is_open and delivery.deliverable_id is None:
            shown.append(delivery)
        seen.add(kind)
    return shown[:SHOWN_ENDED]


@require_safe
@needs("review.deliver")
def deliverable_file(request: HttpRequest, pk: int, place: int) -> HttpResponseBase:
    deliverable = get_object_or_404(Deliverable.objects.select_related("reel"), pk=pk)
    reel_for(request, deliverable.reel_id)
    if deliverable.unavailable:
        return HttpResponse(deliverable.unavailable, "text/plain; charset=utf-8", status=410)
    return file_of(request, deliverable, place)


def file_of(request: HttpRequest, deliverable: Deliverable, place: int) -> HttpResponseBase:
    """One file of a deliverable, for somebody who may have it.

    Raises: Http404.
    """
    if place >= len(deliverable.files):
        raise Http404("This deliverable has no such file.")
    entry = deliverable.files[place]
    path = where_it_lies(entry)
    # A package is one file among many in somebody's downloads: it bears its folder's name there.
    name = f"{path.parent.name}.zip" if path.name == package.NAME else path.name
    return ranged_file_response(
        request, path, "application/octet-stream", download_as=name,
        key=stored_key(entry), pass_on=True,
    )  # fmt: skip


def stored_key(entry: Mapping[str, Any]) -> str | None:
    """Where the bucket has a deliverable's file, found by its digest; None: nowhere."""
    if not stored.is_used():
        return None
    kept = StoredFile.objects.kept().filter(
        sha256=entry["sha256"], bytes=entry["bytes"], key__startswith=f"{DELIVERED}/"
    )
    found = kept.values_list("key", flat=True).first()
    return str(found) if found else None


def where_it_lies(entry: Mapping[str, Any]) -> Path:
    """The file, also where the folder of deliverables has moved, as a restored backup's has.

    Only a file of the same digest is taken for it: another folder may hold another deliverable of
    that name.
    """
    recorded = Path(entry["path"])
    moved = Path(settings.DELIVERY_HOME, *recorded.parts[-2:])
    if recorded.exists() or not moved.is_file():
        return recorded
    status = moved.stat()
    same = _digest(moved, status.st_size, status.st_mtime_ns) == entry["sha256"]
    return moved if same else recorded


@lru_cache(maxsize=256)
def _digest(path: Path, size: int, changed_ns: int) -> str:
    return sha256_file(path)


@require_POST
@needs("review.deliver")
def withdraw_deliverable(request: HttpRequest, pk: int) -> HttpResponse:
    deliverable = get_object_or_404(Deliverable.objects.select_related("reel"), pk=pk)
    reel_for(request, deliverable.reel_id)
    form = WithdrawForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    return _steer(
        request,
        deliverable.reel_id,
        lambda: withdraw(deliverable, by=request.user, reason=reason),
    )
