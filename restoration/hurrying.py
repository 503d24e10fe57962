"""A run that waits moved before all that is not urgent, or back among the others."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from archive import custody
from restoration import queues
from restoration.cancelling import EVENT
from restoration.errors import IllegalTransition
from restoration.models import StageRun
from restoration.starting import ring_on_commit


def hasten(run: StageRun, *, by: User | None = None) -> None:
    """Let a run that waits be urgent, and with it what will follow on it.

    Raises: IllegalTransition if it does not wait any more, or is urgent.
    """
    _move(run, queues.urgent(run.queue), "made urgent", by)


def slacken(run: StageRun, *, by: User | None = None) -> None:
    """Let an urgent run that waits be as others.

    Raises: IllegalTransition if it does not wait any more, or is not urgent.
    """
    _move(run, queues.usual(run.queue), "made no longer urgent", by)


def _move(run: StageRun, queue: str, word: str, by: User | None) -> None:
    waiting = StageRun.objects.filter(pk=run.pk, status=StageRun.Status.QUEUED)
    with transaction.atomic():
        moved = waiting.exclude(queue=queue).update(queue=queue, sent=None, updated=Now())
        run.refresh_from_db()
        if not moved:
            raise IllegalTransition(_why_not(run))
        custody.record(
            kind=EVENT,
            agent=custody.person(by) if by else custody.software(),
            subject=f"run:{run.pk}",
            reel=run.scan.reel,
            detail={"run": run.pk, "stage": run.stage, "queue": queue},
            outcome=word,
        )
        ring_on_commit(run)


def _why_not(run: StageRun) -> str:
    if run.status != StageRun.Status.QUEUED:
        return f"{run} is {run.status} by now; only a run that waits changes its queue"
    return f"{run} is {'urgent already' if run.urgent else 'not urgent'}; nothing was changed"
