"""Who may work on a run: claims by compare-and-swap, leases by the database's clock.

Every change of a running run names its token. Whoever lost the lease finds no row to change, so two
workers can never both believe that they publish.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, Model, OuterRef, QuerySet
from django.db.models.functions import Now

from archive.models import Scan
from restoration import quotas, sharing
from restoration.cutting import splice_frames
from restoration.errors import LeaseLost
from restoration.models import CollectionQuota, StageRun, Worker
from restoration.sharing import Turn
from restoration.starting import ring_on_commit
from restoration.storage import attempt_key, storage

log = logging.getLogger(__name__)

PASSED_OVER = timedelta(minutes=15)
"""For so long after it was asked for, a run may be passed over for one whose network is read."""
NEAR = 100
"""Among so many that wait behind it."""
Status = StageRun.Status
Row = TypeVar("Row", bound=Model)


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
    take_stands: bool = False
    """Whether a sound take of the run's key stood when it was claimed."""
    marks: tuple[int, ...] = ()
    """Frames inside the run's scene before which the film was spliced, as it was claimed."""

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


def next_waiting(
    queue: str, memory: int = Worker.ANY, sooner: str = "", warm: Collection[str] = ()
) -> int | None:
    """The run of that queue whose turn it is (`sharing`); None if none may be claimed.

    Args:
        memory: GiB that whoever claims has; runs that need more are left to others (`pools`).
        sooner: a queue whose runs come before (`queues`).
        warm: stages whose networks whoever claims has read (`nursery.warm`): of a person's runs of
            one scan they come first, unless the one that was asked for first has waited long.
    """
    found, waits_there = sharing.turns(queue, memory, sooner, warm)
    if waits_there and (first := next_waiting(sooner, memory, warm=warm)) is not None:
        return first
    limited = found[0].limited if found else False
    shut = quotas.shut_scans([turn.share.scan for turn in found], queue) if limited else set()
    for turn in found:
        if turn.share.scan in shut:
            continue
        if (number := _of_share(turn, queue, memory, warm)) is not None:
            return number
    return None


def _of_share(turn: Turn, queue: str, memory: int, warm: Collection[str]) -> int | None:
    """Of a share's waiting runs the one to be claimed; no question is asked in the usual case."""
    cold = bool(warm) and turn.stage not in warm
    if turn.free and not cold:
        return turn.first
    share = {"requested_by": turn.share.person, "scan": turn.share.scan}
    runs = waiting().filter(queue=queue, memory__lte=memory, **share).order_by("pk")
    if cold:
        patient = StageRun.objects.filter(pk=turn.first, created__gt=Now() - PASSED_OVER)
        near = StageRun.objects.filter(pk__in=runs.values("pk")[:NEAR])
        alike = near.filter(Exists(patient), stage__in=warm).order_by("pk")
        if (number := alike.values_list("pk", flat=True).first()) is not None:
            return number
    return turn.first if turn.free else runs.values_list("pk", flat=True).first()


# One statement: a run is claimed some hundred times as often as a queue is looked at by a person.
_CLAIM = """
WITH claimed AS (
    UPDATE restoration_stagerun run
    SET status = 'running', attempt = attempt + 1, token = token + 1,
        lease_until = statement_timestamp() + %(lease)s, worker = %(worker)s, device = %(device)s,
        started = statement_timestamp(), ended = NULL, frames_done = 0, error = '',
        updated = statement_timestamp()
    WHERE id = %(run)s AND status = 'queued' AND memory <= %(memory)s AND NOT EXISTS (
        SELECT FROM restoration_stagerun twin WHERE twin.key = run.key AND twin.status = 'running')
      AND (%(within)s OR NOT EXISTS (
        SELECT FROM restoration_collectionquota quota
        JOIN archive_title title ON title.collection_id = quota.collection_id
        JOIN archive_element element ON element.title_id = title.id
        JOIN archive_reel reel ON reel.element_id = element.id
        JOIN archive_scan scan ON scan.reel_id = reel.id
        WHERE scan.id = run.scan_id))
    RETURNING *
)
SELECT concat(scan.xmin, scan.ctid, reel.xmin, reel.ctid),
       EXISTS (SELECT FROM restoration_take take
               WHERE take.key = claimed.key AND take.damage = ''),
       scene.marks, columns_of_the_run
FROM claimed JOIN archive_scan scan ON scan.id = claimed.scan_id
             JOIN archive_reel reel ON reel.id = scan.reel_id
             LEFT JOIN restoration_scene scene ON scene.id = claimed.scene_id
"""
_FIELDS = StageRun._meta.concrete_fields
_CLAIM_AND_READ = _CLAIM.replace(
    "columns_of_the_run", ", ".join(f'claimed."{field.column}"' for field in _FIELDS)
)


def claim(run_id: int, *, worker: str, device: str, memory: int = Worker.ANY) -> Claim | None:
    """Take a waiting run; None if another delivery took it, a twin of it is being computed, the
    quota of its collection holds it back (`quotas`), or it needs more than so many GiB.

    A twin has the same key and so makes the same take: when it ends, this run is offered that.
    """
    given = {"lease": lease(), "worker": worker, "device": device, "run": run_id}
    given["memory"] = memory
    claimed = _claimed(given, within=False) or _claim_within_quota(run_id, given)
    if claimed is None:
        return None
    version, stands, marks, *values = claimed
    run = _from_row(values)
    scan = _scan(run.scan_id, version)
    run.scan, run.scan.reel = _copy(scan), _copy(scan.reel)
    return Claim(run, run.token, take_stands=stands, marks=splice_frames(json.loads(marks or "[]")))


def _claimed(given: dict[str, Any], *, within: bool) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_AND_READ, given | {"within": within})
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found


def _from_row(values: list[Any]) -> StageRun:
    """A run from its columns in the order of its fields, as the query set would make it."""
    for place, field in enumerate(_FIELDS):
        if hasattr(field, "from_db_value"):
            values[place] = field.from_db_value(values[place], None, connection)
    return StageRun.from_db(connection.alias, [field.attname for field in _FIELDS], values)


def _claim_within_quota(run_id: int, given: dict[str, Any]) -> tuple[Any, ...] | None:
    """The same for a run whose collection has a quota; one claim of a collection at a time."""
    if not CollectionQuota.objects.exists():
        return None  # Another worker was quicker, mostly.
    run = StageRun.objects.filter(pk=run_id, status=Status.QUEUED).first()
    if run is None or (quota := quotas.of_scan(run.scan_id)) is None:
        return None
    with transaction.atomic():
        # Of the many that wait for a place, one takes it: the others see that it is gone.
        quota = CollectionQuota.objects.select_for_update().get(pk=quota.pk)
        if words := quotas.holds_back(run, quota):
            log.info("run %s: not begun, %s", run_id, words)
            return None
        return _claimed(given, within=True)


@lru_cache(maxsize=256)
def _scan(pk: int, version: str) -> Scan:
    """A scan and its reel, read again only if one was written since (`xmin`, `ctid`)."""
    return Scan.objects.select_related("reel").get(pk=pk)


def _copy(row: Row) -> Row:
    """The same row for a run of its own: what one does to it, another does not see."""
    names = [field.attname for field in row._meta.concrete_fields]
    return type(row).from_db(row._state.db, names, [getattr(row, name) for name in names])


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
