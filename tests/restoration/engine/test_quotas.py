"""A collection's quota holds its runs back, in words, and those of nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from archive.models import Collection, CollectionMember
from restoration import claims, publishing, runs
from restoration.errors import QuotaReached
from restoration.models import CollectionQuota, Scene, StageRun, Take
from restoration.publishing import Result
from tests.factories import make_run, make_scene, make_take, make_totals, unique_digest

pytestmark = pytest.mark.django_db


def quota(scene: Scene, **bounds: Any) -> CollectionQuota:
    """Of a collection that the scene's film is put into."""
    title = scene.scan.reel.element.title
    title.collection, _ = Collection.objects.get_or_create(name="Harbour films")
    title.save()
    return CollectionQuota.objects.create(collection=title.collection, **bounds)


def claim(run: StageRun) -> claims.Claim | None:
    return claims.claim(run.pk, worker="here", device="cpu")


def test_more_runs_than_may_compute_wait_and_those_of_others_go_on(
    scenes_of_film: list[Scene],
) -> None:
    quota(scenes_of_film[0], running_runs=1)
    first, second = (make_run(scene=each, queue="cpu") for each in scenes_of_film[:2])
    others = make_run(scene=make_scene(), queue="cpu")
    held = claim(first)
    assert held is not None
    assert claim(second) is None
    assert claims.next_waiting("cpu") == others.pk
    assert claim(others) is not None
    assert claims.next_waiting("cpu") is None
    publishing.fail_run(held.run, "for the test")
    assert claims.next_waiting("cpu") == second.pk
    assert claim(second) is not None


def test_who_asks_for_more_than_the_disk_quota_is_told_what_to_do(
    scenes_of_film: list[Scene],
) -> None:
    one, other = scenes_of_film[:2]
    full = quota(one, disk_bytes=2 * 2**30)
    made = make_take(scene=one)
    Take.objects.filter(pk=made.pk).update(bytes=2 * 2**30)
    waiting = make_run(scene=other)
    with pytest.raises(QuotaReached, match=r"Harbour films fill 2.0 of the 2.0 GiB .* raise"):
        runs.process_scene(other, stages=["deflicker"])
    with pytest.raises(QuotaReached):
        runs.process_reel(one.scan.reel, stages=["deflicker"])
    assert list(StageRun.objects.filter(status="queued")) == [waiting], "nothing was half started"
    assert claim(waiting) is None, "asked for before"
    full.disk_bytes = 3 * 2**30
    full.save()
    assert claim(waiting) is not None


def test_what_stands_is_offered_though_the_quota_is_used_up(scene: Scene) -> None:
    asked = runs.process_scene(scene, stages=["deflicker"])
    held = claim(asked)
    assert held is not None
    files = {"picture.mkv": {"sha256": "0" * 64, "bytes": 700}, "map.mkv": {"bytes": 300}}
    result = Result({"files": files}, unique_digest(), make_totals(10), None, {})
    take = publishing.finish_run(held, result)
    assert take is not None and take.bytes == 1000
    quota(scene, disk_bytes=1000)
    assert runs.process_scene(scene, stages=["deflicker"]).take == take
    with pytest.raises(QuotaReached):
        runs.process_scene(scene, stages=["deflicker"], params={"deflicker": {"strength": 0.5}})


def test_minutes_of_graphics_processors_are_counted_for_thirty_days(scene: Scene) -> None:
    quota(scene, gpu_minutes=60)
    used = make_run(scene=scene, status="done", device="cuda", queue="gpu")
    on_cpu = make_run(scene=scene, status="done", device="cpu", queue="gpu", key=unique_digest())
    waiting = make_run(scene=scene, queue="gpu", key=unique_digest())
    for run, since in ((used, timedelta(days=31)), (on_cpu, timedelta(hours=9))):
        ended = Now() - since + timedelta(hours=2)
        StageRun.objects.filter(pk=run.pk).update(started=Now() - since, ended=ended)
    assert claims.next_waiting("gpu") == waiting.pk
    StageRun.objects.filter(pk=used.pk).update(
        started=Now() - timedelta(days=3), ended=Now() - timedelta(days=3) + timedelta(hours=1)
    )
    assert claims.next_waiting("gpu") is None
    assert claim(waiting) is None
    cpu = make_run(scene=scene, queue="cpu", key=unique_digest())
    assert claims.next_waiting("cpu") == cpu.pk


def test_the_page_says_why_they_wait_but_nobody_reads_of_a_collection_closed_to_them(
    scene: Scene, client: Client, member: Callable[..., User]
) -> None:
    quota(scene, disk_bytes=0)
    make_run(scene=scene)
    client.force_login(member("o", "operator"))
    assert "1 wait: the takes of Harbour films fill 0.0 of the 0.0 GiB" in client.get(
        "/work/"
    ).content.decode().replace("\n", " ")
    CollectionMember.objects.create(
        collection=Collection.objects.get(), user=member("m", "archivist")
    )
    assert "Harbour films fill" not in client.get("/work/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_many_that_claim_at_the_same_moment_no_more_than_may_compute_begin(
    scenes_of_film: list[Scene],
) -> None:
    quota(scenes_of_film[0], running_runs=2)
    waiting = [make_run(scene=scenes_of_film[0], key=unique_digest()) for _ in range(6)]
    both = threading.Barrier(len(waiting))

    def take(run: StageRun) -> None:
        both.wait()
        claim(run)
        connection.close()

    threads = [threading.Thread(target=take, args=(run,)) for run in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert StageRun.objects.filter(status="running").count() == 2
