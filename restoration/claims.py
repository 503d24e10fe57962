"""Who may work on a run: claims by compare-and-swap, leases by the database's clock.

Every change of a running run names its token. Whoever lost the lease finds no row to change, so two
workers can never both believe that they publish.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from restoration import sharing
from restoration.errors import LeaseLost
from restoration.models import StageRun
from restoration.starting import ring_on_commit
from restoration.storage import attempt_key, storage

Status = StageRun.Status


def lease() -> timedelta:
    return timedelta(seconds=getattr(settings, "RUN_LEASE_SECONDS", 30))


def attempt_cap() -> int:
    """How often a run is tried when its process or its worker dies."""
    return int(getattr(settings, "RUN_ATTEMPTS", 3))


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a run, for as long as the lease is renewed."""

    run: StageRun
    token: int

    @property
    def held(self) -> QuerySet[StageRun]:
        """The run's row, if this claim still holds it."""
        return StageRun.objects.filter(pk=self.run.pk, status=Status.RUNNING, token=self.token)

    @property
    def storage_key(self) -> str:
        """Where this attempt writes. The token counts every claim, so no other uses the folder."""
        return attempt_key(
            scan_sha256=self.run.scan.sha256,
            start_frame=self.run.start_frame,
            end_frame=self.run.end_frame,
            stage=self.run.stage,
            run=self.run.pk,
            attempt=self.token,
        )


def lacks_room() -> str:
    """Why no run is begun now: the store has less room than is kept free. Empty: there is enough.

    A run that meets a full disk fails, and everything else that writes there does; so work waits
    before that, and goes on by itself when there is room again.
    """
    spare = int(getattr(settings, "RUN_SPARE_BYTES", 0))
    if not spare or (free := storage().free_bytes()) >= spare:
        return ""
    return (
        f"{free / 2**30:.1f} GiB are free in {storage().root}, and {spare / 2**30:.1f} GiB are "
        "kept free (RUN_SPARE_BYTES): runs wait until there is room"
    )


def waiting() -> QuerySet[StageRun]:
    """Runs that may be claimed now."""
    running = StageRun.objects.filter(key=OuterRef("key"), status=Status.RUNNING)
    return StageRun.objects.filter(~Exists(running), status=Status.QUEUED)


def next_waiting(queue: str) -> int | None:
    """The run of that queue whose turn it is (`sharing`); None if none may be claimed."""
    for share in sharing.turns(queue):
        runs = waiting().filter(queue=queue, requested_by=share.person, scan=share.scan)
        first = runs.order_by("pk").values_list("pk", flat=True).first()
        if first is not None:
            return first
    return None


def claim(run_id: int, *, worker: str, device: str) -> Claim | None:
    """Take a waiting run; None if another delivery took it, or a twin of it is being computed.

    A twin has the same key and so makes the same take: when it ends, this run is offered that.
    """
    claimed = (
        waiting()
        .filter(pk=run_id)
        .update(
            status=Status.RUNNING,
            attempt=F("attempt") + 1,
            token=F("token") + 1,
            lease_until=Now() + lease(),
            worker=worker,
            device=device,
            started=Now(),
            ended=None,
            frames_done=0,
            error="",
            updated=Now(),
        )
    )
    if not claimed:
        return None
    run = StageRun.objects.select_related("scan__reel", "scene", "input_take", "requested_by").get(
        pk=run_id
    )
    return Claim(run, run.token)


def renew(claim: Claim, *, frames_done: int) -> bool:
    """Renew the lease; True if somebody asked to cancel.

    Raises: LeaseLost if the run is no longer this claim's.
    """
    renewed = claim.held.update(lease_until=Now() + lease(), frames_done=frames_done, updated=Now())
    if not renewed:
        raise LeaseLost(f"run {claim.run.pk}: attempt {claim.token} lost its lease")
    return claim.held.filter(cancel_requested=True).exists()


def give_back(claim: Claim) -> None:
    """The worker stops: the run waits again, and the attempt does not count."""
    with transaction.atomic():
        returned = claim.held.update(
            status=Status.QUEUED,
            attempt=F("attempt") - 1,
            lease_until=None,
            started=None,
            frames_done=0,
            worker="",
            sent=None,
            updated=Now(),
        )
        if returned:
            ring_on_commit(claim.run)


def requeue(run: StageRun) -> bool:
    """Put a running run back because its attempt died; the caller has checked the cap."""
    with transaction.atomic():
        returned = StageRun.objects.filter(
            pk=run.pk, status=Status.RUNNING, token=run.token
        ).update(
            status=Status.QUEUED,
            lease_until=None,
            frames_done=0,
            worker="",
            sent=None,
            updated=Now(),
        )
        if returned:
            ring_on_commit(run)
    return bool(returned)
