"""Mends what broke: lost messages, leases that ran out, folders and workers left behind.

Any number of sweepers may run; each pass is done by one of them at a time.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass, field

import dramatiq
from django.conf import settings
from django.db import connection, transaction
from dramatiq_postgres.django.models import Job

from archive.stored import is_kept
from config.broker import GuardedBroker
from restoration.claims import lacks_room
from restoration.models import StageRun, Take, Worker
from restoration.publishing import retry_or_fail
from restoration.starting import offer, ring
from restoration.storage import storage

log = logging.getLogger(__name__)

LOCK = "reelproof sweeper"
GRACE_SECONDS = 60.0
"""A folder younger than this is left alone: its attempt may just have begun."""
CHUNKS_SECONDS = 7 * 86400.0
"""So long what a failed or cancelled run had made is kept for one that is started again."""


@dataclass
class Swept:
    """What one pass found and did."""

    resent: list[int] = field(default_factory=list)
    requeued: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, list[int] | list[str]]:
        return asdict(self)

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def sweep() -> Swept:
    """One pass over runs, workers and the store; an empty one if another sweeper is at it."""
    swept = Swept()
    with transaction.atomic():
        if not _alone():
            return swept
        _end_lost_leases(swept)
        _drop_lost_workers(swept)
        _remove_leftovers(swept)
        _remove_chunks(swept)
    if not lacks_room():  # Workers would only hear and forget it.
        _resend(swept)
    return swept


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        return bool(cursor.fetchone()[0])


def _end_lost_leases(swept: Swept) -> None:
    for run in StageRun.objects.lease_ran_out().select_related("scan__reel", "requested_by"):
        retry_or_fail(run, f"the worker {run.worker or 'without a name'} was lost")
        run.refresh_from_db()
        ended = swept.requeued if run.status == StageRun.Status.QUEUED else swept.failed
        ended.append(run.pk)


def _drop_lost_workers(swept: Swept) -> None:
    lost = Worker.objects.lost()
    swept.workers = list(lost.values_list("name", flat=True))
    lost.delete()


def _remove_leftovers(swept: Swept) -> None:
    """Remove folders that no take names and no running attempt writes."""
    young = time.time() - float(getattr(settings, "RUN_LEFTOVER_SECONDS", GRACE_SECONDS))
    for found in list(storage().attempts()):
        # In this order: a run leaves "running" in the transaction that makes its take.
        writing = StageRun.objects.filter(
            pk=found.run, status=StageRun.Status.RUNNING, token=found.attempt
        )
        if writing.exists() or Take.objects.filter(storage_key=found.key).exists():
            continue
        if _older(found.key, young):
            storage().remove(found.key)
            swept.removed.append(found.key)


def _older(key: str, moment: float) -> bool:
    """Whether a folder was last written before that; False if its worker has just removed it."""
    try:
        return storage().place(key).stat().st_mtime < moment
    except FileNotFoundError:
        return is_kept(key)  # It is not here, and is of no use in the bucket.


def _remove_chunks(swept: Swept) -> None:
    """Remove what was put away of runs that nobody has gone on with, or whose take stands."""
    young = time.time() - float(getattr(settings, "RUN_CHUNKS_SECONDS", CHUNKS_SECONDS))
    open_yet = (StageRun.Status.RUNNING, StageRun.Status.QUEUED)
    for key in list(storage().chunks()):
        run_key = key.rpartition("/")[2]
        if StageRun.objects.filter(key=run_key, status__in=open_yet).exists():
            continue
        made = Take.objects.filter(key=run_key).exists()
        if made or _older(key, young):
            storage().remove(key)
            swept.removed.append(key)


def _resend(swept: Swept) -> None:
    """Ring again for runs that nobody claimed: their message was lost, or the broker away."""
    seconds = float(getattr(settings, "RUN_RESEND_SECONDS", 30))
    known = isinstance(dramatiq.get_broker(), GuardedBroker)
    if not known and not _wake(swept, seconds):
        return
    late = StageRun.objects.unclaimed(seconds, sent=seconds if known else _OTHERS_RESEND)
    for run in late.not_too_large(Worker.objects.most_held()):
        if offer(run) or _is_in_the_queue(run):
            continue
        if not ring(run):
            return  # The broker is away: the next pass tries again.
        swept.resent.append(run.pk)


def _wake(swept: Swept, seconds: float) -> bool:
    """Ring for the first that waits in a queue of which a worker has nothing to do.

    A broker that cannot be asked may hold back the message that a dead worker had fetched, for
    minutes. One message is enough, since a worker then takes the next runs from the table.

    Returns: False if the broker is away.
    """
    held = Worker.objects.most_held()
    for queue in _queues_of_the_idle():
        late = StageRun.objects.unclaimed(seconds).not_too_large(held)
        run = late.filter(queue=queue).order_by("pk").first()
        if run is None or offer(run):
            continue
        if not ring(run):
            return False
        swept.resent.append(run.pk)
    return True


def _queues_of_the_idle() -> set[str]:
    """The queues that a live worker serves which computes nothing now."""
    running = StageRun.objects.filter(status=StageRun.Status.RUNNING)
    busy = {name.rpartition(":")[0] for name in running.values_list("worker", flat=True)}
    alive = Worker.objects.alive().values_list("name", "queue")
    return {queue for name, queue in alive if name.rpartition(":")[0] not in busy}


_OTHERS_RESEND = 600.0
"""Seconds after which a message is sent again over a broker that cannot be asked what waits in it:
it confirmed the message, and a backlog must not gather one every half minute for each run."""


def _is_in_the_queue(run: StageRun) -> bool:
    """Whether its message still waits behind others; only the database's own broker can tell.

    Without this, runs that wait long for a busy worker would gather a message every half minute.
    """
    from restoration.tasks import ACTORS

    if not isinstance(dramatiq.get_broker(), GuardedBroker):
        return False
    return Job.objects.filter(
        queue_name=run.queue,
        state=Job.QUEUED,
        message__actor_name=ACTORS[run.queue].actor_name,
        message__args=[run.pk],
    ).exists()
