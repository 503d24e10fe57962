"""Taking back what has left: nothing of it is changed or removed, but nobody can fetch it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from archive import custody
from review.errors import DecisionRefused, NotAllowed
from review.models import Deliverable, Withdrawal


@transaction.atomic
def withdraw(deliverable: Deliverable, *, by: Any, reason: str) -> Withdrawal:
    """Say that a deliverable may no longer be used, and why.

    Raises: NotAllowed; DecisionRefused without a reason, or if it was withdrawn before.
    """
    if not by.has_perm("review.deliver", deliverable.reel):
        raise NotAllowed(f"{by.get_username()} may not withdraw what was delivered.")
    if not reason.strip():
        raise DecisionRefused("Nothing was withdrawn: say why it may no longer be used.")
    Deliverable.objects.select_for_update(no_key=True).get(pk=deliverable.pk)
    if Withdrawal.objects.filter(deliverable=deliverable).exists():
        raise DecisionRefused("This deliverable was withdrawn before; nothing was changed.")
    made = Withdrawal.objects.create(deliverable=deliverable, by=by, reason=reason.strip())
    custody.record(
        kind="delivery withdrawn",
        agent=custody.person(by),
        subject=f"deliverable:{deliverable.pk}",
        reel=deliverable.reel,
        detail={
            "format": deliverable.format,
            "use": deliverable.use,
            "version": deliverable.version,
            "reason": made.reason,
        },
    )
    return made
