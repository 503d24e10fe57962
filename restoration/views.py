"""The work page, and what a person asks of runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from archive import trash
from archive.access import (
    ask_rights,
    check_media,
    needs,
    needs_somewhere,
    reel_for,
    signed_in,
    with_right,
    without_held,
)
from archive.form_fields import first_error
from restoration import hurrying, quotas, runs, scenes
from restoration.claims import lacks_room
from restoration.errors import RestorationError
from restoration.forms import ProcessForm
from restoration.models import Scene, StageRun, Worker
from restoration.models.run import StageRunQuerySet
from restoration.stages.contract import StageError

SHOWN = 50
ALIVE = timedelta(seconds=60)
"""A worker that was not heard of for longer is shown as silent."""

Status = StageRun.Status


@require_safe
@needs_somewhere("restoration.view_work")
def work(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    every = trash.without_trashed(StageRun.objects.all(), "scan__reel__")
    every = with_right(request.user, "restoration.view_work", every, "scan__reel__")
    every = every.select_related("scan__reel__element__title", "requested_by")
    held = Worker.objects.most_held()
    running = list(every.filter(status=Status.RUNNING).order_by("started"))
    context = {
        "stalled": [run for run in running if run.lease_until and run.lease_until < now],
        "running": [run for run in running if not run.lease_until or run.lease_until >= now],
        "waiting": every.filter(status=Status.QUEUED).order_by("pk")[:SHOWN],
        "held": held,
        "failed": every.filter(status=Status.FAILED).order_by("-ended", "-pk")[:SHOWN],
        "ended": every.filter(status__in=[Status.DONE, Status.CANCELLED]).order_by("-ended", "-pk")[
            :20
        ],
        "queues": _queues(now),
        "workers": [(worker, worker.seen >= now - ALIVE) for worker in _workers(now)],
        "lacks_room": lacks_room(),
        "quotas": quotas.reasons(_told_waiting(request)),
        "memory": _told_waiting(request).waiting_for_memory(held),
        "now": now,
    }
    template = "restoration/work_lists.html" if request.htmx else "restoration/work.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _told_waiting(request: HttpRequest) -> StageRunQuerySet:
    """Runs that wait, of which whoever asks may know."""
    waiting = StageRun.objects.filter(status=Status.QUEUED)
    told = without_held(request.user, waiting, "scan__reel__", right="restoration.view_work")
    return cast(StageRunQuerySet, told)


def _workers(now: Any) -> list[Worker]:
    return list(Worker.objects.filter(seen__gte=now - timedelta(days=1)).order_by("queue", "name"))


def _queues(now: Any) -> list[dict[str, Any]]:
    """For each queue: what waits, what runs, who serves it."""
    counts = {
        row["queue"]: row
        for row in StageRun.objects.filter(status__in=[*StageRun.OPEN, Status.FAILED])
        .values("queue")
        .annotate(
            waiting=Count("pk", filter=Q(status=Status.QUEUED)),
            running=Count("pk", filter=Q(status=Status.RUNNING)),
            failed=Count("pk", filter=Q(status=Status.FAILED)),
        )
    }
    alive = Worker.objects.filter(seen__gte=now - ALIVE)
    names = sorted({"cpu", "gpu", *counts})
    return [
        {
            "name": name,
            "workers": alive.filter(queue=name).count(),
            **{key: counts.get(name, {}).get(key, 0) for key in ("waiting", "running", "failed")},
        }
        for name in names
    ]


def _steer(request: HttpRequest, pk: int, action: Callable[..., Any], done: str) -> HttpResponse:
    runs_here = trash.without_trashed(StageRun.objects.all(), "scan__reel__")
    run = get_object_or_404(runs_here, pk=pk)
    ask_rights(request, run.scan.reel)
    try:
        action(run, by=signed_in(request))
        messages.success(request, f"Run {run.pk} ({run.stage}): {done}")
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect("work")


@require_POST
@needs("restoration.steer_run")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, runs.cancel, "cancelled. Takes that were made before are kept.")


@require_POST
@needs("restoration.steer_run")
def hasten(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, hurrying.hasten, "urgent now; what follows on it is too.")


@require_POST
@needs("restoration.steer_run")
def slacken(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, hurrying.slacken, "no longer urgent.")


@require_POST
@needs("restoration.steer_run")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, runs.retry, "waits for a worker again.")


@require_POST
@needs("restoration.start_run")
def process_reel(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    form = ProcessForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was started. {first_error(form)}")
        return redirect("reel", pk=pk)
    try:
        started = runs.process_reel(
            reel,
            stages=form.cleaned_data["stages"],
            params=form.parameters(),
            by=signed_in(request),
            urgent=form.cleaned_data["urgent"],
        )
        messages.success(request, f"Started: {len(started)} run(s). Follow them below or in Work.")
    except (RestorationError, StageError) as error:
        messages.error(request, str(error))
    return redirect("reel", pk=pk)


_ON_THE_RESTORATION = (
    "It works on the restoration. The colour version that you look at is out of date then, until "
    "it is coloured again."
)


@require_POST
@needs("restoration.start_run")
def process_scene(request: HttpRequest, pk: int) -> HttpResponse:
    scene = get_object_or_404(Scene, pk=pk)
    check_media(request, scene.scan)
    form = ProcessForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was started. {first_error(form)}")
        return redirect("scene", pk=pk)
    stages, version = form.cleaned_data["stages"], form.cleaned_data["version"]
    try:
        for name in stages:
            scene = scenes.set_settings(
                scene, name, form.parameters().get(name, {}), by=signed_in(request)
            )
        run = runs.process_scene(
            scene,
            stages=stages,
            version=version,
            by=signed_in(request),
            urgent=form.cleaned_data["urgent"],
        )
        messages.success(request, f"Run {run.pk} ({run.stage}) {run.get_status_display()}.")
        if version == scenes.COLOUR and runs.works_on_the_restoration(stages):
            messages.warning(request, _ON_THE_RESTORATION)
    except (RestorationError, StageError) as error:
        messages.error(request, str(error))
    asked = f"?version={version}" if version != scenes.RESTORATION else ""
    return redirect(reverse("scene", args=[pk]) + asked)
