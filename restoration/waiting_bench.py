"""Waiting for runs that are measured."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db.models import Max, Min, QuerySet

from restoration.models import StageRun

_STALLED_SECONDS = 180.0
"""A first run may load for minutes where other work has the cores."""
_TOLD_SECONDS = 5.0

log = logging.getLogger(__name__)


def wait_for_runs(
    wanted: QuerySet[StageRun], look: Callable[[int], None] = lambda ended: None
) -> None:
    """Return when all have ended.

    Args:
        look: called with how many have, every 0.3 s.
    Raises: RuntimeError if nothing moves, or one does not end as done.
    """
    count = wanted.count()
    last, moved = -1, time.monotonic()
    told = moved
    while (left := wanted.filter(status__in=StageRun.OPEN).count()) > 0:
        look(count - left)
        if left != last:
            last, moved = left, time.monotonic()
        if time.monotonic() - moved > _STALLED_SECONDS:
            raise RuntimeError(f"{left} runs are left and nothing moves")
        if time.monotonic() - told >= _TOLD_SECONDS:
            told = time.monotonic()
            log.info("%s of %s runs have ended", count - left, count)
        time.sleep(0.3)
    look(count)
    if wronged := wanted.exclude(status=StageRun.Status.DONE).first():
        raise RuntimeError(f"{wronged}: {wronged.status} {wronged.error}")


def seconds_of(wanted: QuerySet[StageRun]) -> float:
    """From the first claim to the last end, by the database's clock."""
    span = wanted.aggregate(first=Min("started"), last=Max("ended"))
    first, end = span["first"], span["last"]
    assert isinstance(first, datetime) and isinstance(end, datetime)
    return (end - first).total_seconds()
