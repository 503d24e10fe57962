"""What an operator watches, as Prometheus reads it; asked of the database at each reading.

Names and units follow Prometheus' own rules (base units, `_total` for what only grows):
https://prometheus.io/docs/practices/naming/. Labels are stages, queues and outcomes, never reels
or people: whoever reads the figures learns of no film and nobody.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Min,
    Q,
    Sum,
)
from django.db.models.functions import Extract, Greatest
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from archive import fixity_schedule
from archive.models import FixityCheck
from restoration.models import StageRun, Worker
from review.models import Delivery

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition() -> bytes:
    """All figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Installation())
    return generate_latest(registry)


class Installation(Collector):
    """This installation, as its rows say."""

    def collect(self) -> Iterator[Metric]:
        yield from _runs()
        yield from _approved()
        yield from _workers()
        yield from _deliveries()
        yield from _fixity()
        free = GaugeMetricFamily(
            "reelproof_disk_free_bytes", "Free where files are kept", labels=["folder"]
        )
        for name in ("MEDIA_HOME", "MASTER_HOME", "DELIVERY_HOME"):
            if (folder := Path(getattr(settings, name))).exists():
                free.add_metric([name.partition("_")[0].lower()], shutil.disk_usage(folder).free)
        yield free


_FINISHED = Q(status=StageRun.Status.DONE, offered=False, ended__isnull=False)
"""Runs that were computed, rather than offered what stood."""
_TOOK = Extract(
    ExpressionWrapper(F("ended") - F("started"), output_field=DurationField()),
    "epoch",
    output_field=FloatField(),
)
"""Seconds, by the database's clock."""


def _runs() -> Iterator[Metric]:
    """Runs and the workers' time by what they are; the table of runs is read once for all."""
    rows = list(
        StageRun.objects.order_by()
        .values("queue", "stage", "status", "device")
        .annotate(
            n=Count("pk"),
            tried=Sum("attempt"),
            lost=Sum(Greatest(F("attempt") - 1, 0)),
            since=Min("created"),
            finished=Count("pk", filter=_FINISHED),
            spent=Sum(_TOOK, filter=_FINISHED),
            frames=Sum(F("end_frame") - F("start_frame"), filter=_FINISHED),
        )
    )
    yield from _by_queue(rows)
    yield from _by_device(rows)


def _by_queue(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    count = GaugeMetricFamily(
        "reelproof_runs", "Runs by queue, stage and status", labels=["queue", "stage", "status"]
    )
    oldest = GaugeMetricFamily(
        "reelproof_queue_oldest_seconds",
        "Since the oldest waiting run was asked for",
        labels=["queue"],
    )
    tried = CounterMetricFamily(
        "reelproof_run_attempts",
        "Attempts at runs; above the runs: lost leases and deaths",
        labels=["queue"],
    )
    _add(count, rows, ("queue", "stage", "status"), "n")
    waiting = [row for row in rows if row["status"] == StageRun.Status.QUEUED]
    for queue in sorted({row["queue"] for row in waiting}):
        since = min(row["since"] for row in waiting if row["queue"] == queue)
        oldest.add_metric([queue], (timezone.now() - since).total_seconds())
    _add(tried, rows, ("queue",), "tried")
    lost = CounterMetricFamily(
        "reelproof_lost_attempts",
        "Attempts that another followed: their lease was lost or their process died",
        labels=["queue"],
    )
    _add(lost, rows, ("queue",), "lost")
    yield from (count, oldest, tried, lost)


def _by_device(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    worked = CounterMetricFamily(
        "reelproof_stage_seconds", "Wall time of finished runs", labels=["stage", "device"]
    )
    frames = CounterMetricFamily(
        "reelproof_stage_frames", "Frames of finished runs", labels=["stage", "device"]
    )
    finished = [row for row in rows if row["finished"]]
    _add(worked, finished, ("stage", "device"), "spent")
    _add(frames, finished, ("stage", "device"), "frames")
    reels = GaugeMetricFamily(
        "reelproof_computed_reels",
        "Reels that runs were finished for; stage seconds over these: what a reel took",
        labels=["device"],
    )
    by_device = StageRun.objects.filter(_FINISHED).order_by().values_list("device")
    for device, number in by_device.annotate(n=Count("scan__reel", distinct=True)):
        reels.add_metric([device], number)
    yield from (worked, frames, reels)


def _add(
    family: GaugeMetricFamily | CounterMetricFamily,
    rows: list[dict[str, Any]],
    labels: tuple[str, ...],
    value: str,
) -> None:
    """Add up the rows' values by these labels."""
    sums: dict[tuple[str, ...], float] = {}
    for row in rows:
        key = tuple(row[label] for label in labels)
        sums[key] = sums.get(key, 0) + (row[value] or 0)
    for key, total in sorted(sums.items()):
        family.add_metric(key, total)


# What is approved is found once for both sums, and no row of it is fetched.
_APPROVED = """
WITH newest AS (
    SELECT DISTINCT ON (approval.scene_id, take.version) approval.scene_id, approval.decision
    FROM review_approval approval
    JOIN restoration_take take ON take.id = approval.take_id
    JOIN restoration_scene scene ON scene.id = approval.scene_id AND scene.retired IS NULL
    WHERE approval.withdrawn IS NULL AND NOT approval.alone
    ORDER BY approval.scene_id, take.version, approval.id DESC
), approved AS MATERIALIZED (
    SELECT DISTINCT scene_id AS id FROM newest WHERE decision = 'approved'
), spent AS (
    SELECT sum(EXTRACT(EPOCH FROM run.ended - run.started))::float AS seconds
    FROM approved JOIN restoration_stagerun run ON run.scene_id = approved.id
    WHERE run.status = 'done' AND NOT run.offered AND run.ended IS NOT NULL
)
SELECT rate_numerator, rate_denominator, sum(scene.end_frame - scene.start_frame),
       (SELECT seconds FROM spent)
FROM approved JOIN restoration_scene scene ON scene.id = approved.id
              JOIN archive_scan scan ON scan.id = scene.scan_id
GROUP BY rate_numerator, rate_denominator
"""


def _approved() -> Iterator[Metric]:
    """What a minute of approved film has cost: the newest decision on each version counts."""
    film = GaugeMetricFamily("reelproof_approved_film_seconds", "Running time of approved scenes")
    spent = GaugeMetricFamily(
        "reelproof_approved_stage_seconds", "Wall time of all runs on approved scenes"
    )
    with connection.cursor() as cursor:
        cursor.execute(_APPROVED)
        rows = cursor.fetchall()
    running = sum(frames * Fraction(over, rate) for rate, over, frames, _ in rows)
    film.add_metric([], float(running))
    spent.add_metric([], (rows[0][3] or 0.0) if rows else 0.0)
    yield from (film, spent)


def _workers() -> Iterator[Metric]:
    alive = GaugeMetricFamily("reelproof_workers", "Workers heard of lately", labels=["queue"])
    for row in Worker.objects.alive().order_by().values("queue").annotate(n=Count("pk")):
        alive.add_metric([row["queue"]], row["n"])
    yield alive
    waiting = GaugeMetricFamily(
        "reelproof_runs_without_memory",
        "Waiting runs that need more memory than any live worker of their queue has",
        labels=["queue"],
    )
    held = Worker.objects.most_held()
    for row in (
        StageRun.objects.too_large(held)
        .filter(status=StageRun.Status.QUEUED)
        .order_by()
        .values("queue")
        .annotate(n=Count("pk"))
    ):
        waiting.add_metric([row["queue"]], row["n"])
    yield waiting


def _deliveries() -> Iterator[Metric]:
    count = GaugeMetricFamily("reelproof_deliveries", "Deliveries by status", labels=["status"])
    for row in Delivery.objects.order_by().values("status").annotate(n=Count("pk")):
        count.add_metric([row["status"]], row["n"])
    yield count


def _fixity() -> Iterator[Metric]:
    due = GaugeMetricFamily(
        "reelproof_fixity_due_scans",
        "Scans that nobody read again for as long as their schedule says",
    )
    due.add_metric([], fixity_schedule.due().count())
    found = GaugeMetricFamily(
        "reelproof_fixity_scans", "Scans by the outcome of their last check", labels=["outcome"]
    )
    last = FixityCheck.objects.order_by("scan_id", "-at").distinct("scan_id")
    outcomes = list(last.values_list("outcome", flat=True))
    for outcome in FixityCheck.Outcome.values:
        found.add_metric([outcome], outcomes.count(outcome))
    yield from (due, found)
