"""Stopping a run that somebody no longer wants."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from archive import custody
from restoration.errors import IllegalTransition
from restoration.models import StageRun

Status = StageRun.Status
EVENT = "restoration stage"
"""The kind of every event that tells of a run."""


def cancel(run: StageRun, *, by: User | None = None) -> None:
    """Stop a run: at once if it waits, within seconds if it is running.

    Raises: IllegalTransition if it has ended.
    """
    if not cancel_if_open(run, by=by):
        raise IllegalTransition(f"{run} has ended ({run.status}); there is nothing to cancel")


def cancel_if_open(run: StageRun, *, by: User | None = None, because: str = "") -> bool:
    """Stop a run unless it has ended; True if there was something to stop."""
    with transaction.atomic():
        waiting = StageRun.objects.filter(pk=run.pk, status=Status.QUEUED).update(
            status=Status.CANCELLED, cancel_requested=True, ended=Now(), updated=Now()
        )
        running = not waiting and StageRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(
            cancel_requested=True, updated=Now()
        )
        run.refresh_from_db()
        if not waiting and not running:
            return False
        custody.record(
            kind=EVENT,
            agent=custody.person(by) if by else custody.software(),
            subject=f"run:{run.pk}",
            reel=run.scan.reel,
            detail={"run": run.pk, "stage": run.stage} | ({"because": because} if because else {}),
            outcome="cancelled" if waiting else "cancel requested",
        )
    return True
