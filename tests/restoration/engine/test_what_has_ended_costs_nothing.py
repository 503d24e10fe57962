"""Whose turn it is and what number a take gets is found without reading what has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from archive.models import Scan
from restoration import claims, publishing, sharing
from restoration.models import StageRun, Take
from tests.factories import make_run, make_scan, make_scene, make_take, unique_digest
from tests.restoration.engine.test_publish import result

pytestmark = pytest.mark.django_db

ENDED = 300


def ended(scan: Scan, by: User | None) -> None:
    """As many takes of that scan, each with the run that made it."""
    now, digests = timezone.now(), [unique_digest() for _ in range(ENDED)]
    takes = Take.objects.bulk_create(
        Take(
            scan=scan, start_frame=n, end_frame=n + 1, stage="deflicker", number=1, key=digest,
            storage_key=digest, digest=digest, manifest={}, totals={},
        )
        for n, digest in enumerate(digests)
    )  # fmt: skip
    StageRun.objects.bulk_create(
        StageRun(
            scan=scan, stage="deflicker", start_frame=take.start_frame, end_frame=take.end_frame,
            key=take.key, queue="cpu", status="done", take=take, started=now, ended=now,
            requested_by=by,
        )
        for take in takes
    )  # fmt: skip


@contextmanager
def rows_read(model: type[StageRun] | type[Take]) -> Iterator[Callable[[], int]]:
    """How many rows of its table were read inside, in this transaction."""
    before = _read(model)
    yield lambda: _read(model) - before


def _read(model: type[StageRun] | type[Take]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
            " WHERE relname = %s",
            [model._meta.db_table],
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("named", [False, True])
def test_whose_turn_it_is_reads_no_run_that_has_ended(
    named: bool, member: Callable[..., User]
) -> None:
    scan, by = make_scan(), member("a") if named else None
    ended(scan, by)
    waits = make_run(scene=make_scene(scan=scan), requested_by=by, queue="cpu")
    with rows_read(StageRun) as read:
        assert claims.next_waiting("cpu") == waits.pk
    assert read() <= 4


def test_whose_turn_it_is_comes_in_the_order_of_the_index() -> None:
    """Which plan is taken depends on what the server knows of the table; what needs a sort, not."""
    asked = {"queue": "cpu", "memory": 4, "sooner": ""}
    with connection.cursor() as cursor:
        for way in ("sort", "incremental_sort", "seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {sharing._SHARES}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Sort" not in plan and plan.count("runs_that_wait") >= 4, plan


def test_a_take_is_numbered_without_reading_the_other_takes_of_its_scan() -> None:
    scan = make_scan()
    ended(scan, None)
    scene = make_scene(scan=scan, frames=(0, 12))
    earlier = make_take(scene=scene)
    held = claims.claim(make_run(scene=scene).pk, worker="here", device="cpu")
    assert held is not None
    with rows_read(Take) as read:
        take = publishing.finish_run(held, result())
    assert take is not None and take.number == earlier.number + 1
    assert read() <= 12
