"""What an operator watches, as Prometheus reads it; asked of the database at each reading.

Names and units follow Prometheus' own rules (base units, `_total` for what only grows):
https://prometheus.io/docs/practices/naming/. Labels are stages, queues and outcomes, never reels
or people: whoever reads the figures learns of no film and nobody.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.functions import Extract, Now
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from archive import trash
from archive.models import FixityCheck, Scan
from restoration.models import StageRun, Worker
from review.models import Approval, Delivery

FIXITY_DAYS = 90
"""A scan that was read longer ago than this counts as waiting to be read again."""
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
        yield from _work()
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


def _runs() -> Iterator[Metric]:
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
    rows = StageRun.objects.order_by().values("queue", "stage", "status").annotate(n=Count("pk"))
    for row in rows:
        count.add_metric([row["queue"], row["stage"], row["status"]], row["n"])
    waiting = StageRun.objects.filter(status=StageRun.Status.QUEUED).order_by().values("queue")
    for row in waiting.annotate(since=Min("created")):
        oldest.add_metric([row["queue"]], (timezone.now() - row["since"]).total_seconds())
    for row in StageRun.objects.order_by().values("queue").annotate(n=Sum("attempt")):
        tried.add_metric([row["queue"]], row["n"] or 0)
    yield from (count, oldest, tried)


def _seconds(runs: QuerySet[StageRun]) -> QuerySet[StageRun]:
    """With the seconds that each took, by the database's clock."""
    took = ExpressionWrapper(F("ended") - F("started"), output_field=DurationField())
    return runs.filter(status=StageRun.Status.DONE, offered=False, ended__isnull=False).annotate(
        took=Extract(took, "epoch", output_field=FloatField())
    )


def _work() -> Iterator[Metric]:
    """Worker time by stage and device, and what a minute of approved film has cost of it."""
    worked = CounterMetricFamily(
        "reelproof_stage_seconds", "Wall time of finished runs", labels=["stage", "device"]
    )
    frames = CounterMetricFamily(
        "reelproof_stage_frames", "Frames of finished runs", labels=["stage", "device"]
    )
    rows = _seconds(StageRun.objects.order_by()).values("stage", "device")
    for row in rows.annotate(spent=Sum("took"), n=Sum(F("end_frame") - F("start_frame"))):
        worked.add_metric([row["stage"], row["device"]], row["spent"] or 0.0)
        frames.add_metric([row["stage"], row["device"]], row["n"] or 0)
    yield from (worked, frames)
    yield from _approved()


def _approved() -> Iterator[Metric]:
    film = GaugeMetricFamily("reelproof_approved_film_seconds", "Running time of approved scenes")
    spent = GaugeMetricFamily(
        "reelproof_approved_stage_seconds", "Wall time of all runs on approved scenes"
    )
    newest = (
        Approval.objects.filter(withdrawn=None, scene__retired=None)
        .order_by("scene_id", "take__version", "-pk")
        .distinct("scene_id", "take__version")
        .select_related("scene__scan")
    )
    scenes = {each.scene_id: each.scene for each in newest if each.decision == "approved"}
    total = sum(
        (scene.end_frame - scene.start_frame) / scene.scan.rate for scene in scenes.values()
    )
    film.add_metric([], float(total))
    runs = _seconds(StageRun.objects.order_by().filter(scene__in=scenes))
    spent.add_metric([], runs.aggregate(spent=Sum("took"))["spent"] or 0.0)
    yield from (film, spent)


def _workers() -> Iterator[Metric]:
    alive = GaugeMetricFamily("reelproof_workers", "Workers heard of lately", labels=["queue"])
    for row in Worker.objects.alive().order_by().values("queue").annotate(n=Count("pk")):
        alive.add_metric([row["queue"]], row["n"])
    yield alive


def _deliveries() -> Iterator[Metric]:
    count = GaugeMetricFamily("reelproof_deliveries", "Deliveries by status", labels=["status"])
    for row in Delivery.objects.order_by().values("status").annotate(n=Count("pk")):
        count.add_metric([row["status"]], row["n"])
    yield count


def _fixity() -> Iterator[Metric]:
    due = GaugeMetricFamily(
        "reelproof_fixity_due_scans", f"Scans that nobody read again for {FIXITY_DAYS} days"
    )
    since = Now() - timedelta(days=settings.FIXITY_DAYS or FIXITY_DAYS)
    scans = trash.with_files(Scan.objects.all()).annotate(last=Max("checks__at"))
    late = Q(last__lt=since) | Q(last=None, created__lt=since)
    due.add_metric([], scans.filter(late).count())
    found = GaugeMetricFamily(
        "reelproof_fixity_scans", "Scans by the outcome of their last check", labels=["outcome"]
    )
    last = FixityCheck.objects.order_by("scan_id", "-at").distinct("scan_id")
    outcomes = list(last.values_list("outcome", flat=True))
    for outcome in FixityCheck.Outcome.values:
        found.add_metric([outcome], outcomes.count(outcome))
    yield from (due, found)
