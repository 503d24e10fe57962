"""Who may work on a delivery: the engine's claims (`restoration.claims`), on a delivery's row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from dramatiq.errors import DramatiqError

from restoration.claims import lease
from restoration.errors import LeaseLost
from review.models import Delivery

log = logging.getLogger(__name__)

Status = Delivery.Status


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a delivery, for as long as the lease is renewed."""

    delivery: Delivery
    token: int

    @property
    def held(self) -> QuerySet[Delivery]:
        """The delivery's row, if this claim still holds it."""
        return Delivery.objects.filter(pk=self.delivery.pk, status=Status.RUNNING, token=self.token)


def claim(delivery_id: int, *, worker: str) -> Claim | None:
    """Take a waiting delivery; None if it is taken or has ended."""
    claimed = Delivery.objects.filter(pk=delivery_id, status=Status.QUEUED).update(
        status=Status.RUNNING,
        attempt=F("attempt") + 1,
        token=F("token") + 1,
        lease_until=Now() + lease(),
        worker=worker,
        started=Now(),
        ended=None,
        error="",
        reasons=[],
        **NOTHING_DONE,
        updated=Now(),
    )
    if not claimed:
        return None
    delivery = Delivery.objects.select_related("reel__element__title", "by").get(pk=delivery_id)
    return Claim(delivery, delivery.token)


NOTHING_DONE: dict[str, Any] = {"step": "", "step_done": 0, "step_total": 0, "share_done": 0.0}


def renew(claim: Claim, *, step: str, done: int, total: int, share: float) -> bool:
    """Renew the lease and say how far it is; True if somebody asked to cancel.

    Raises: LeaseLost if the delivery is no longer this claim's.
    """
    renewed = claim.held.update(
        lease_until=Now() + lease(),
        step=step,
        step_done=done,
        step_total=total,
        share_done=share,
        updated=Now(),
    )
    if not renewed:
        raise LeaseLost(f"{claim.delivery}: attempt {claim.token} lost its lease")
    return claim.held.filter(cancel_requested=True).exists()


def give_back(claim: Claim) -> None:
    """The worker stops: the delivery waits again, and the attempt does not count."""
    _back_to_the_queue(claim, attempt=F("attempt") - 1)


def requeue(claim: Claim) -> None:
    """Put a delivery back because its attempt died; the caller has checked the cap."""
    _back_to_the_queue(claim)


def _back_to_the_queue(claim: Claim, **more: Any) -> None:
    with transaction.atomic():
        returned = claim.held.update(
            status=Status.QUEUED,
            lease_until=None,
            started=None,
            worker="",
            sent=None,
            **NOTHING_DONE,
            **more,
            updated=Now(),
        )
        if returned:
            ring_on_commit(claim.delivery)


def ring_on_commit(delivery: Delivery) -> None:
    transaction.on_commit(partial(ring, delivery.pk))


def ring(delivery_id: int) -> bool:
    """Tell the workers that there is a delivery; a broker that is away fails nothing."""
    from review.tasks import deliver

    try:
        deliver.send(delivery_id)
    except DramatiqError as error:
        log.warning("delivery %s: no message sent (%s); the sweeper will", delivery_id, error)
        return False
    Delivery.objects.filter(pk=delivery_id).update(sent=Now())
    return True
