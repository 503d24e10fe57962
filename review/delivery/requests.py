"""What people ask of deliveries: begin, cancel, try again."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from archive import custody
from archive.models import Reel
from review.deliverables import (
    check_request,
    make_override,
    require_allowed,
    require_beside,
    require_material,
)
from review.delivery.claims import NOTHING_DONE, ring_on_commit
from review.delivery.publishing import record_end
from review.errors import DecisionRefused
from review.gating import hold
from review.models import Delivery
from review.override import Override
from review.version_choice import RESTORED, VersionChoice

Status = Delivery.Status


def ask(
    reel: Reel,
    *,
    format: str,
    use: str,
    by: Any,
    choice: VersionChoice = RESTORED,
    override: str = "",
    rules: tuple[str, ...] | None = None,
    takes: str = "",
) -> Delivery:
    """Have a reel delivered by a worker; one that is being made already is answered with.

    Args:
        override: why it may leave against rules of the policy that fail.
        rules: those rules, as the person was shown them; None: all that fail now.
        takes: the `Gate.takes` that the person was shown; empty: those of this moment.

    Raises: DeliveryRefused with every scene and reason, DeliveryFailed, NotAllowed; nothing is
        kept of a delivery that was refused at once. DecisionRefused if the one that is being made
        has another override, or for what `make_override` refuses.
    """
    check_request(reel, format=format, use=use, by=by)
    agreed = make_override(
        reel, use=use, reason=override, by=by, choice=choice, rules=rules, takes=takes
    )
    require_allowed(reel, use, choice=choice, override=agreed)
    require_material(reel, format, use)
    require_beside(reel, format, use, choice=choice)
    scan = reel.current_scan()
    assert scan is not None  # it was refused otherwise
    with transaction.atomic():
        # One asker at a time for a reel: a second click finds what the first one began.
        Reel.objects.select_for_update(no_key=True).get(pk=reel.pk)
        same = _same(reel, format, use, choice)
        standing = Delivery.objects.filter(**same, status__in=Delivery.OPEN).first()
        told = agreed.as_json() if agreed else {}
        if standing is not None:
            _require_same_override(standing, told)
            return standing
        delivery = Delivery.objects.create(**same, scan=scan, by=by, override=told)
        ring_on_commit(delivery)
    return delivery


def _require_same_override(standing: Delivery, told: dict[str, Any]) -> None:
    """A person's word must not vanish behind that of another."""
    if standing.override == told:
        return
    whose = f"under the override of {standing.override['by']}" if standing.override else "as it is"
    raise DecisionRefused(
        f"This delivery is being made already {whose}; your own was not recorded. Wait for it, or "
        "cancel it and ask again."
    )


def _same(reel: Reel, format: str, use: str, choice: VersionChoice) -> dict[str, Any]:
    """What two deliveries share that would make the same."""
    return {
        "reel": reel,
        "format": format,
        "use": use,
        "version": choice.version,
        "exceptions": choice.as_json(),
    }


def cancel(delivery: Delivery, *, by: Any) -> None:
    """Stop a delivery: at once if it waits, within seconds if it is being made.

    Raises: DecisionRefused if it has ended.
    """
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk)
        waited = rows.filter(status=Status.QUEUED).update(
            status=Status.CANCELLED, cancel_requested=True, ended=Now(), updated=Now()
        )
        if not waited and not rows.filter(status=Status.RUNNING).update(
            cancel_requested=True, updated=Now()
        ):
            raise DecisionRefused("This delivery has ended; there is nothing to cancel.")
        delivery.refresh_from_db()
        outcome = "cancelled" if waited else "cancel requested"
        record_end(delivery, custody.person(by), outcome)


def retry(delivery: Delivery, *, by: Any) -> Delivery:
    """Let a delivery that ended without a deliverable wait again, with a fresh share of attempts.

    Its override counts for who gave it alone, and for what it was given.

    Raises: DecisionRefused if it is open or has left, or needs the override of another;
        DeliveryRefused, DeliveryFailed, NotAllowed.
    """
    check_request(delivery.reel, format=delivery.format, use=delivery.use, by=by)
    agreed = _override_for(delivery, by)
    require_allowed(delivery.reel, delivery.use, choice=delivery.choice, override=agreed)
    with transaction.atomic():
        Reel.objects.select_for_update(no_key=True).get(pk=delivery.reel_id)
        same = _same(delivery.reel, delivery.format, delivery.use, delivery.choice)
        twins = Delivery.objects.filter(**same, status__in=Delivery.OPEN)
        if twins.exists():
            raise DecisionRefused("The same delivery is being made already; follow it below.")
        again = Delivery.objects.filter(
            pk=delivery.pk, status__in=[Status.FAILED, Status.REFUSED, Status.CANCELLED]
        ).update(
            status=Status.QUEUED,
            scan=delivery.reel.current_scan(),
            by=by,
            override=agreed.as_json() if agreed else {},
            attempt=0,
            cancel_requested=False,
            error="",
            reasons=[],
            started=None,
            ended=None,
            sent=None,
            created=Now(),
            **NOTHING_DONE,
            updated=Now(),
        )
        if not again:
            raise DecisionRefused("This delivery has left, or is being made; nothing was changed.")
        delivery.refresh_from_db()
        ring_on_commit(delivery)
    return delivery


def _override_for(delivery: Delivery, by: Any) -> Override | None:
    """The delivery's override, if that person gave it; None if it does not need one.

    Raises: DecisionRefused if it needs one and another person gave it.
    """
    given = Override.from_json(delivery.override)
    if given is None or (by is not None and by.pk == delivery.by_id):
        return given
    if hold(delivery.reel, delivery.use, choice=delivery.choice).decision.allowed:
        return None
    raise DecisionRefused(
        f"{given.by} let this leave against the policy, and that counts for {given.by} alone. "
        "To let it leave in your own name, deliver it again with a reason of your own."
    )
