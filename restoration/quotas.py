"""What a collection may use: bytes of takes, runs at a time, minutes of graphics processors.

Takes and minutes are asked for when a run is: who asks for more than is left is told so, in words.
All three are asked for again when a worker claims, since many runs may have been asked for before:
then the run waits, and goes on by itself when there is room. What stands already is offered
whatever the quota; it costs nothing.

Counted are the files of takes as their manifests name them, not copies for viewing; and wall time
of runs whose device is no `cpu`, those that compute at this moment too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, Now

from archive import custody
from archive.models import Collection, Scan
from restoration import queues
from restoration.errors import QuotaReached
from restoration.models import StageRun, Take
from restoration.models.quota import CollectionQuota
from restoration.stages import find_stage

PERIOD = timedelta(days=30)
"""For which minutes of graphics processors are counted."""
GPU_QUEUE, CPU = "gpu", "cpu"
_COLLECTION = "element__title__collection"


@transaction.atomic
def bound(collection: Collection, values: dict[str, int | None], *, by: User) -> CollectionQuota:
    """Set bounds on what a collection may use, from now on; None: no bound.

    Args:
        values: `disk_bytes`, `running_runs`, `gpu_minutes`; those left out stay.
    """
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
    quota, _ = CollectionQuota.objects.get_or_create(collection=collection)
    changes = {
        name: [getattr(quota, name), now]
        for name, now in values.items()
        if getattr(quota, name) != now
    }
    if changes:
        CollectionQuota.objects.filter(pk=quota.pk).update(**values)
        custody.record(
            kind="metadata modification",
            agent=custody.person(by),
            subject=f"collectionquota:{quota.pk}",
            detail={"of": "collectionquota", "changes": changes, "collection": collection.name},
        )
    quota.refresh_from_db()
    return quota


def require(run: StageRun) -> None:
    """Raises: QuotaReached, in words, if the run's collection has used what the run needs."""
    quota = of_scan(run.scan_id)
    if quota is None:
        return
    if words := _no_disk(quota, run) or _no_minutes(quota, run.queue):
        raise QuotaReached(words)


def of_scan(scan: int) -> CollectionQuota | None:
    """The quota of the collection of that scan's title."""
    found = CollectionQuota.objects.filter(collection__titles__elements__reels__scans=scan)
    return found.select_related("collection").first()


def holds_back(run: StageRun, quota: CollectionQuota) -> str:
    """Why a waiting run may not be claimed now, in words; empty: it may.

    Hold the quota's row locked, where what is claimed on this answer is to keep to the number.
    """
    return _no_place(quota) or _no_disk(quota, run) or _no_minutes(quota, run.queue)


def shut_scans(scans: list[int], queue: str) -> set[int]:
    """Of these scans, those of which nothing is claimed now, whatever the run makes."""
    shut = {
        quota.collection_id
        for quota in CollectionQuota.objects.select_related("collection")
        if _no_place(quota) or _no_minutes(quota, queue)
    }
    path = f"reel__{_COLLECTION}__in"
    return set(Scan.objects.filter(pk__in=scans, **{path: shut}).values_list("pk", flat=True))


def reasons(waiting: QuerySet[StageRun]) -> list[str]:
    """Why runs wait, in words, one for each collection that is held back.

    Args:
        waiting: runs that wait, those left out that whoever reads it may not know of.
    """
    found = []
    for quota in CollectionQuota.objects.select_related("collection"):
        runs = _of(quota, waiting).order_by("pk")
        first = runs.first()
        if first is not None and (words := holds_back(first, quota)):
            found.append(f"{runs.count()} wait: {words}")
    return found


def used_bytes(quota: CollectionQuota) -> int:
    """Of the files of the collection's takes."""
    takes = Take.objects.filter(**{f"scan__reel__{_COLLECTION}": quota.collection_id})
    return int(takes.aggregate(n=Sum("bytes"))["n"] or 0)


def used_minutes(quota: CollectionQuota) -> float:
    """Of graphics processors, within `PERIOD`, by the database's clock."""
    runs = _of(quota, StageRun.objects.filter(started__gt=Now() - PERIOD)).exclude(
        device__in=["", CPU]
    )
    spent = runs.aggregate(n=Sum(_lasted()))["n"] or timedelta()
    return float(spent.total_seconds() / 60)


def with_use(quotas: QuerySet[CollectionQuota]) -> QuerySet[CollectionQuota]:
    """With what is used of each, in one question: `bytes_used`, `time_used` (a duration, or None)
    and `computing`."""
    here = {f"scan__reel__{_COLLECTION}": OuterRef("collection")}
    takes, runs = Take.objects.filter(**here), StageRun.objects.filter(**here)
    computed = runs.filter(started__gt=Now() - PERIOD).exclude(device__in=["", CPU])
    computing = runs.filter(status=StageRun.Status.RUNNING)
    return quotas.annotate(
        bytes_used=Coalesce(_alone(takes, Sum("bytes")), 0, output_field=BigIntegerField()),
        time_used=_alone(computed, Sum(_lasted())),
        computing=Coalesce(_alone(computing, Count("pk")), 0),
    )


def _alone(rows: QuerySet[Any], of: Any) -> Subquery:
    """One value of all rows; a collection that has none is not there (null)."""
    within = rows.order_by().values(f"scan__reel__{_COLLECTION}")
    return Subquery(within.annotate(n=of).values("n"))


def _lasted() -> ExpressionWrapper:
    """How long a run computed, by the database's clock."""
    lasted = Coalesce(F("ended"), Now()) - F("started")
    return ExpressionWrapper(lasted, output_field=DurationField())


def _of(quota: CollectionQuota, runs: QuerySet[StageRun]) -> QuerySet[StageRun]:
    wanted: dict[str, Any] = {f"scan__reel__{_COLLECTION}": quota.collection_id}
    return runs.filter(**wanted)


def _no_place(quota: CollectionQuota) -> str:
    if quota.running_runs is None:
        return ""
    running = _of(quota, StageRun.objects.filter(status=StageRun.Status.RUNNING)).count()
    if running < quota.running_runs:
        return ""
    return (
        f"{running} of {quota.running_runs} runs that {quota.collection} may have at the same time "
        "compute; the next begins when one of them ends"
    )


def _no_disk(quota: CollectionQuota, run: StageRun) -> str:
    if quota.disk_bytes is None or find_stage(run.stage).makes != "pictures":
        return ""
    if (used := used_bytes(quota)) < quota.disk_bytes:
        return ""
    return (
        f"the takes of {quota.collection} fill {used / 2**30:.1f} of the "
        f"{quota.disk_bytes / 2**30:.1f} GiB that it may use; remove reels that are no longer "
        "needed, or ask an administrator to raise its quota, and start again"
    )


def _no_minutes(quota: CollectionQuota, queue: str) -> str:
    if quota.gpu_minutes is None or queues.usual(queue) != GPU_QUEUE:
        return ""
    if (used := used_minutes(quota)) < quota.gpu_minutes:
        return ""
    return (
        f"{quota.collection} has used {used:.0f} of the {quota.gpu_minutes} minutes of graphics "
        "processors that it may use in thirty days; wait until some are longer ago, or ask an "
        "administrator to raise its quota"
    )
