"""Mends deliveries: lost messages, leases that ran out, folders left behind."""

from __future__ import annotations

import time
from pathlib import Path

import dramatiq
from django.conf import settings
from django.db import connection, transaction
from dramatiq_postgres.django.models import Job

from archive import stored
from config.broker import GuardedBroker
from restoration.sweeper import GRACE_SECONDS
from review.deliverables import default_folder
from review.delivery.claims import Claim, ring
from review.delivery.folders import (
    DELIVERED,
    AttemptFolder,
    attempts,
    empty_folders,
    give_up,
    in_bucket,
)
from review.delivery.publishing import entered_by, finish_name, retry_or_fail
from review.models import Delivery

LOCK = "reelproof delivery sweeper"


def sweep() -> dict[str, list[int] | list[str]]:
    """One pass: what was sent again, what lost its worker, which folders were removed."""
    with transaction.atomic():
        if not _alone():
            return {}
        lost = _end_lost_leases()
        removed = _remove_leftovers(default_folder())
    return {"resent": _resend(), "lost": lost, "removed": removed}


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        return bool(cursor.fetchone()[0])


def _end_lost_leases() -> list[int]:
    lost = list(Delivery.objects.lease_ran_out().select_related("reel"))
    for delivery in lost:
        words = f"the worker {delivery.worker or 'without a name'} was lost"
        retry_or_fail(Claim(delivery, delivery.token), words)
    return [delivery.pk for delivery in lost]


def _remove_leftovers(parent: Path) -> list[str]:
    """Name the folders of what has left; remove those that no attempt writes any more."""
    removed = []
    for folder in in_bucket(parent, stored.names_in(DELIVERED)):
        claim = Claim(Delivery(pk=folder.delivery), folder.token)
        if not claim.held.exists() and not entered_by(claim) and not folder.path.exists():
            stored.forget(folder.key)
            removed.append(folder.key)
    for folder in list(attempts(parent)):
        # In this order: a delivery leaves "running" in the transaction that enters what it made.
        claim = Claim(Delivery(pk=folder.delivery), folder.token)
        if claim.held.exists():
            continue
        if made := entered_by(claim):
            finish_name(folder, made)
        elif _is_old(folder):
            folder.remove()
            removed.append(folder.path.name)
    for path in list(empty_folders(parent)):
        if path.stat().st_mtime < _young():
            give_up(path)
            removed.append(path.name)
    return removed


def _is_old(folder: AttemptFolder) -> bool:
    return folder.path.stat().st_mtime < _young()


def _young() -> float:
    return time.time() - float(getattr(settings, "RUN_LEFTOVER_SECONDS", GRACE_SECONDS))


def _resend() -> list[int]:
    """Ring again for deliveries that nobody claimed, unless their message still waits."""
    resent: list[int] = []
    for delivery in Delivery.objects.unclaimed(float(getattr(settings, "RUN_RESEND_SECONDS", 30))):
        if _is_in_the_queue(delivery):
            continue
        if not ring(delivery.pk):
            break  # The broker is away: the next pass tries again.
        resent.append(delivery.pk)
    return resent


def _is_in_the_queue(delivery: Delivery) -> bool:
    if not isinstance(dramatiq.get_broker(), GuardedBroker):
        return False
    return Job.objects.filter(
        queue_name="cpu",
        state=Job.QUEUED,
        message__actor_name="deliver",
        message__args=[delivery.pk],
    ).exists()
