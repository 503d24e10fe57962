"""Tables of many rows, gone through by a worker: some hundred rows at a time, each for good.

So it can be told how far it is, cancelled between two times, and gone on with where it stopped,
also after a crash; nothing keeps others from the catalogue for longer than some hundred rows take.
What came in stands in the chain of custody as an import when it ends, is cancelled or breaks off,
and is taken back, some hundred rows at a time as well. A table that is only tried is gone through
in one transaction, since a row may rest on any before it, and all of that is rolled back.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, Max, Q
from django.utils import timezone
from dramatiq.errors import DramatiqError

from archive import custody, importing
from archive.errors import ImportRefused
from archive.import_batch import Asked, Batches, Outcome
from archive.metadata.record import NotARecord
from archive.metadata.spreadsheet import read_rows
from archive.models import Event, ImportedRow, ImportJob
from archive.taking_back import OUTCOMES

log = logging.getLogger(__name__)

BATCH = importing.BATCH
OPEN_JOBS = 10
"""Of one person."""
KEPT = timedelta(days=30)
"""How long a job that ended is kept, with its file; what it wrote stands without it."""
SILENT = timedelta(minutes=3)
"""Who goes through a table and says nothing for so long is gone."""
ATTEMPTS = 3
State = ImportJob.Status
_NOTHING_UNDONE = dict.fromkeys(OUTCOMES, 0)
_ENDED = (State.DONE, State.CANCELLED, State.FAILED)


class _Stopped(Exception):
    """It has ended meanwhile, or another worker has it."""


class _Cancelled(Exception):
    """Somebody cancelled a trial."""


def start(
    name: str, data: bytes, mapping: dict[str, str], *, by: User, dry_run: bool = False
) -> ImportJob:
    """Have a worker take a table in, or only try it.

    Raises: NotARecord if its first rows cannot be read; ImportRefused.
    """
    job = ImportJob(
        owner=by, name=name, file=data, mapping=mapping, dry_run=dry_run,
        sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    with _unpacked(job) as path:
        if next(importing.rows_of(path, mapping), None) is None:
            raise NotARecord(f"{name} has no row below its headings.")
    open_ones = ImportJob.objects.filter(owner=by, status__in=[State.WAITING, State.RUNNING])
    if open_ones.count() >= OPEN_JOBS:
        raise ImportRefused(f"{OPEN_JOBS} tables of yours are on their way in; wait for one.")
    job.save()
    _ring_on_commit(job)
    return job


@transaction.atomic
def cancel(job: ImportJob) -> ImportJob:
    """Stop it: at once if it waits, else within some hundred rows. What came in stays.

    Raises: ImportRefused if it has ended.
    """
    held = _held(job.pk)
    if held.status == State.WAITING:
        _end(held, State.CANCELLED)
    elif held.status == State.RUNNING:
        held.cancel_requested = True
        held.save(update_fields=["cancel_requested"])
    else:
        raise ImportRefused("It has ended; there is nothing to cancel.")
    return held


@transaction.atomic
def resume(job: ImportJob) -> ImportJob:
    """Go on behind the last row that came in; a trial begins anew.

    Raises: ImportRefused unless it was cancelled or broken off.
    """
    held = _held(job.pk)
    if held.status not in (State.CANCELLED, State.FAILED):
        raise ImportRefused("Only what was cancelled or broken off is gone on with.")
    if held.dry_run:
        held.rows.all().delete()
        held.rows_done, held.last_row, held.counts = 0, 0, {}
    held.status, held.error, held.attempts = State.WAITING, "", 0
    held.cancel_requested, held.touched = False, timezone.now()
    held.save()
    _ring_on_commit(held)
    return held


@transaction.atomic
def undo(job: ImportJob) -> ImportJob:
    """Have a worker take back what came in, by the rules of `importing.take_back`.

    Raises: ImportRefused if it has not ended, or nothing of it stands.
    """
    held = _held(job.pk)
    if held.status not in _ENDED:
        raise ImportRefused("Only what has ended is taken back; cancel it first.")
    if not _standing(held):
        raise ImportRefused("Nothing of it stands: it wrote nothing, or was taken back already.")
    held.status, held.touched = State.UNDOING, timezone.now()
    held.save(update_fields=["status", "touched"])
    _ring_on_commit(held)
    return held


def work(job_id: int) -> None:
    """What a worker does with a job; a second message for it finds nothing to do."""
    claimed = ImportJob.objects.filter(pk=job_id, status=State.WAITING).update(
        status=State.RUNNING, attempts=F("attempts") + 1, touched=timezone.now()
    )
    if not claimed:
        _take_back(job_id)
        return
    job = ImportJob.objects.select_related("owner").get(pk=job_id)
    try:
        _require_right(job)
        with _unpacked(job) as path:
            total = sum(1 for _ in read_rows(path))
            ImportJob.objects.filter(pk=job.pk).update(rows_total=total, touched=timezone.now())
            (_try if job.dry_run else _take_in)(job, path)
    except _Stopped:
        return
    except _Cancelled:
        _end_now(job.pk, State.CANCELLED)
    except (NotARecord, ImportRefused) as error:
        _end_now(job.pk, State.FAILED, str(error))


def _require_right(job: ImportJob) -> None:
    if not (job.owner.is_active and importing.may_import(job.owner)):
        raise ImportRefused(f"{job.owner} may not take tables in any more.")


def _take_in(job: ImportJob, path: Path) -> None:
    batches = Batches(job.name, custody.person(job.owner))
    rows = importing.rows_of(path, job.mapping)
    begun = job.last_row
    rest = (each for each in rows if each.number > begun)
    while batch := list(islice(rest, BATCH)):
        _take_batch(job, batches, batch)
        job.last_row = batch[-1].number
    with transaction.atomic():
        _end(_running(job), State.DONE)


@transaction.atomic
def _take_batch(job: ImportJob, batches: Batches, batch: list[Asked]) -> None:
    """Some hundred rows, and how far it is by them, together or not at all.

    Raises: _Stopped.
    """
    held = _running(job)
    known = len(batches.done)
    _tell(held, batches.take(batch))
    if done := batches.done[known:]:
        after = Event.objects.aggregate(newest=Max("pk"))["newest"]
        held.parts.create(done=[each | {"after": after} for each in done])
    held.last_row, held.attempts, held.touched = batch[-1].number, 0, timezone.now()
    held.save(update_fields=["rows_done", "counts", "last_row", "attempts", "touched"])
    if held.cancel_requested:
        _end(held, State.CANCELLED)


def _try(job: ImportJob, path: Path) -> None:
    with _beside() as beat:
        made = importing.import_file(
            path, job.mapping, by=job.owner, dry_run=True, progress=lambda rows: beat(job.pk, rows)
        )
    with transaction.atomic():
        held = _running(job)
        held.rows_done = 0
        _tell(held, made.rows)
        held.last_row = made.rows[-1].row if made.rows else 0
        held.save(update_fields=["rows_done", "counts", "last_row"])
        _end(held, State.DONE)


@contextmanager
def _beside() -> Iterator[Any]:
    """A connection of its own to tell by how far a trial is, whose transaction nobody sees."""
    other = connection.copy()

    def beat(job: int, rows: int) -> None:
        with other.cursor() as cursor:
            cursor.execute(
                "UPDATE archive_importjob SET rows_done = %s, touched = now() WHERE id = %s",
                [rows, job],
            )
        if ImportJob.objects.filter(pk=job).exclude(
            status=State.RUNNING, cancel_requested=False
        ).exists():  # fmt: skip
            raise _Cancelled

    try:
        yield beat
    finally:
        other.close()


def _take_back(job_id: int) -> None:
    """Some hundred rows at a time, each for good: a worker that dies leaves the rest to the next.

    An import of many rows is one event, whose long list is read once.
    """
    event: Event | None = None
    while True:
        with transaction.atomic():
            undoing = ImportJob.objects.select_for_update(of=("self",), skip_locked=True)
            row = undoing.select_related("owner").defer("file")
            held = row.filter(pk=job_id, status=State.UNDOING).first()
            if held is None:
                return
            if not (numbers := _standing(held)):
                _tell_undone(held, dict(held.undone or _NOTHING_UNDONE), State.UNDONE)
                return
            if event is None or event.subject != f"import:{numbers[0]}":
                event = importing.standing(numbers[0])
            _take_part_back(held, event)


def _take_part_back(held: ImportJob, event: Event) -> None:
    """`undone` counts for all the job's imports; `of_newest` for the one that is gone through."""
    agent = custody.person(held.owner)
    undone = dict(held.undone or _NOTHING_UNDONE)
    own = dict(undone.pop("of_newest", None) or _NOTHING_UNDONE)
    before = dict(own)
    importing.take_part_back(event, sum(own.values()), own, agent=agent)
    counts = {name: undone[name] + own[name] - before[name] for name in own}
    if sum(own.values()) >= len(event.detail["done"]):
        importing.record_taken_back(event, own, agent=agent)
        own = {}
    _tell_undone(held, counts | ({"of_newest": own} if own else {}), State.UNDOING)


def _tell_undone(held: ImportJob, counts: dict[str, Any], status: str) -> None:
    held.undone, held.status, held.touched = counts, status, timezone.now()
    held.save(update_fields=["undone", "status", "touched"])


def _standing(job: ImportJob) -> list[str]:
    """Numbers of the job's imports that were not taken back, the newest first."""
    subjects = [f"import:{number}" for number in job.imports]
    back = Event.objects.filter(kind=importing.TAKEN_BACK, subject__in=subjects)
    gone = set(back.values_list("subject", flat=True))
    return [each for each in reversed(job.imports) if f"import:{each}" not in gone]


def _held(pk: int) -> ImportJob:
    """The row as it stands, others kept from it until the transaction ends."""
    rows = ImportJob.objects.select_for_update(of=("self",)).select_related("owner").defer("file")
    return rows.get(pk=pk)


def _running(job: ImportJob) -> ImportJob:
    """The row of what this worker goes through.

    Raises: _Stopped.
    """
    held = _held(job.pk)
    if held.status != State.RUNNING or held.last_row != job.last_row:
        raise _Stopped
    return held


def _tell(held: ImportJob, outcomes: list[Outcome]) -> None:
    """What became of rows, beside the row of the job, which is to be saved."""
    ImportedRow.objects.bulk_create(
        [
            ImportedRow(
                job=held, row=each.row, outcome=each.outcome, reasons=each.reasons,
                reel=None if held.dry_run and each.outcome == "new" else each.reel,
            )
            for each in outcomes
        ],
        batch_size=2_000,
    )  # fmt: skip
    held.rows_done += len(outcomes)
    held.counts = dict(Counter(held.counts) + Counter(each.outcome for each in outcomes))


def _end(held: ImportJob, status: str, error: str = "") -> None:
    """Let what came in stand in the chain of custody, and say how it ended."""
    done = [each for part in held.parts.all() for each in part.done]
    if done:
        number = uuid.uuid4().hex[:12]
        about = {"file": held.name, "sha256": held.sha256, "job": held.pk}
        agent = custody.person(held.owner)
        importing.record_import(number, about, held.counts, done, agent=agent)
        held.imports = [*held.imports, number]
        held.parts.all().delete()
    held.status, held.error, held.touched = status, error, timezone.now()
    held.save(update_fields=["status", "error", "touched", "imports"])


@transaction.atomic
def _end_now(pk: int, status: str, error: str = "") -> None:
    held = _held(pk)
    if held.status == State.RUNNING:
        _end(held, status, error)


@contextmanager
def _unpacked(job: ImportJob) -> Iterator[Path]:
    with TemporaryDirectory(prefix="reelproof-import-") as folder:
        path = Path(folder) / job.name
        path.write_bytes(job.file)
        yield path


def _ring_on_commit(job: ImportJob) -> None:
    transaction.on_commit(lambda: _ring(job.pk))


def _ring(pk: int) -> None:
    """Tell a worker; if nobody can be told now, `sweep` tells later."""
    from archive.tasks import go_through_table

    try:
        go_through_table.send(pk)
    except DramatiqError as error:
        log.warning("import job %s waits for the sweeper: %s", pk, error)


def sweep() -> dict[str, int]:
    """Ring again for what was lost on the way, and forget what ended long ago."""
    now = timezone.now()
    minute_ago = now - timedelta(minutes=1)
    lost = ImportJob.objects.filter(
        Q(status__in=[State.WAITING, State.UNDOING], touched__lt=minute_ago)
        | Q(status=State.RUNNING, touched__lt=now - SILENT)
    )
    rung = 0
    for pk, status, attempts in lost.values_list("pk", "status", "attempts"):
        if status == State.RUNNING and attempts >= ATTEMPTS:
            _end_now(pk, State.FAILED, f"The worker died {ATTEMPTS} times over it; go on with it.")
            continue
        row = ImportJob.objects.filter(pk=pk, status=status)
        row.update(status=State.UNDOING if status == State.UNDOING else State.WAITING, touched=now)
        _ring(pk)
        rung += 1
    ended = ImportJob.objects.filter(status__in=[*_ENDED, State.UNDONE], touched__lt=now - KEPT)
    forgotten = ended.count()
    ended.delete()
    return {"tables_rung": rung, "tables_forgotten": forgotten}
