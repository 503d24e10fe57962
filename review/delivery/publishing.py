"""How a delivery ends: its deliverable entered, or the reason why not, in one transaction each."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from archive import custody, stored
from archive.models import Agent
from restoration.claims import attempt_cap, lease
from restoration.errors import LeaseLost
from restoration.stages.contract import Cancelled
from review.deliverables import folder_name, hand_over
from review.delivery.assembly import Assembled
from review.delivery.claims import Claim, requeue
from review.delivery.folders import AttemptFolder, flush, give_up, reserve
from review.formats import record
from review.formats.edition import Edition
from review.models import Deliverable, Delivery

log = logging.getLogger(__name__)

Status = Delivery.Status


def publish(
    claim: Claim, edition: Edition, assembled: Assembled, folder: AttemptFolder
) -> Deliverable:
    """Enter what the attempt assembled, then give its folder the name that the rows say.

    May be called again after the connection broke, whether or not the rows had been written.

    Raises: DeliveryRefused, NotAllowed; LeaseLost, Cancelled; OSError.
    """
    made = entered_by(claim) or _enter(claim, edition, assembled, folder)
    finish_name(folder, made)
    return made


def entered_by(claim: Claim) -> Deliverable | None:
    """What this claim entered already."""
    return Deliverable.objects.filter(
        delivery__pk=claim.delivery.pk,
        delivery__token=claim.token,
        delivery__status=Status.DONE,
    ).first()


def finish_name(folder: AttemptFolder, made: Deliverable) -> None:
    """Rename the folder of a delivery that has left; if that fails, the sweeper does it later."""
    try:
        folder.rename(Path(made.files[0]["path"]).parent)
    except OSError as error:
        log.error("%s: its folder keeps the name %s for now (%s)", made, folder.path, error)


def _enter(
    claim: Claim, edition: Edition, assembled: Assembled, folder: AttemptFolder
) -> Deliverable:
    delivery = claim.delivery
    name = folder_name(
        delivery.reel, format=delivery.format, use=delivery.use, version=delivery.version
    )
    target = reserve(folder.parent, name)
    try:
        with transaction.atomic():
            _lock(claim)
            made = hand_over(
                delivery.reel,
                edition,
                assembled,
                folder.path,
                target=target,
                format=delivery.format,
                by=delivery.by,
                choice=delivery.choice,
            )
            flush(folder.path)
            if stored.is_used():
                stored.keep_file(folder.path / record.NAME, f"{folder.key}/{record.NAME}")
            claim.held.update(
                status=Status.DONE,
                deliverable=made,
                share_done=1.0,
                lease_until=None,
                ended=Now(),
                updated=Now(),
            )
    except BaseException:
        give_up(target)
        raise
    return made


def _lock(claim: Claim) -> None:
    """Hold the row until the transaction ends.

    Raises: LeaseLost if the claim no longer holds it, Cancelled if somebody cancelled it.
    """
    held = claim.held.filter(cancel_requested=False).update(lease_until=Now() + lease())
    if held:
        return
    if claim.held.filter(cancel_requested=True).exists():
        raise Cancelled
    raise LeaseLost(f"{claim.delivery}: attempt {claim.token} may no longer publish")


def fail(claim: Claim, words: str) -> bool:
    """End it as failed, in the tool's own words; False if it moved on meanwhile."""
    return _end(claim, Status.FAILED, words=words or "no reason given")


def refuse(claim: Claim, reasons: Iterable[str]) -> bool:
    """End it as refused; False if it moved on meanwhile."""
    return _end(claim, Status.REFUSED, reasons=list(reasons))


def end_cancelled(claim: Claim) -> bool:
    """End what somebody asked to cancel; False if it moved on meanwhile."""
    return _end(claim, Status.CANCELLED)


def retry_or_fail(claim: Claim, words: str) -> None:
    """An attempt died: wait for another one, or fail when it had its share."""
    delivery = claim.delivery
    delivery.refresh_from_db()
    if delivery.cancel_requested:
        end_cancelled(claim)
    elif delivery.attempt < attempt_cap():
        log.warning("%s: attempt %s died: %s", delivery, delivery.attempt, words)
        requeue(claim)
    else:
        fail(claim, f"{words}\nGiven up after {delivery.attempt} attempts.")


OUTCOMES = {Status.FAILED: "failure", Status.REFUSED: "refused", Status.CANCELLED: "cancelled"}


@transaction.atomic
def _end(
    claim: Claim, status: Status, *, words: str = "", reasons: list[str] | None = None
) -> bool:
    ended = claim.held.update(
        status=status,
        error=words,
        reasons=reasons or [],
        lease_until=None,
        ended=Now(),
        updated=Now(),
    )
    if not ended:
        return False
    more: dict[str, Any] = {"error": words} if words else {}
    more |= {"reasons": reasons} if reasons else {}
    record_end(claim.delivery, custody.software(), OUTCOMES[status], **more)
    return True


def record_end(delivery: Delivery, agent: Agent, outcome: str, **detail: Any) -> None:
    """An event for a delivery from which nothing left."""
    custody.record(
        kind="delivery",
        agent=agent,
        subject=f"delivery:{delivery.pk}",
        reel=delivery.reel,
        detail={"format": delivery.format, "use": delivery.use, "version": delivery.version}
        | detail,
        outcome=outcome,
    )
