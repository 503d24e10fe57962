"""Urgent runs wait in queues of their own, which come first and which a worker may serve alone."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from dramatiq_postgres.django.models import Job

from archive.models import Event
from restoration import claims, hurrying, quotas, runs, starting
from restoration.errors import IllegalTransition
from restoration.models import Scene, StageRun
from restoration.queues import is_urgent, looked_at, urgent, usual
from tests.factories import make_run, make_take, make_user

BOTH = ("cpu", "cpu-urgent")


def test_names_lead_from_one_queue_to_the_other() -> None:
    assert (urgent("cpu"), urgent("cpu-urgent"), usual("gpu-urgent")) == (
        *("cpu-urgent", "cpu-urgent"),
        "gpu",
    )
    assert is_urgent("gpu-urgent") and not is_urgent("gpu")


@pytest.mark.parametrize("woken_by", BOTH)
def test_a_worker_looks_for_what_is_urgent_first_and_only_where_it_serves(woken_by: str) -> None:
    assert looked_at(woken_by, BOTH) == BOTH
    assert looked_at(woken_by, ()) == BOTH
    assert looked_at(woken_by, ("cpu-urgent",)) == ("cpu-urgent", "")
    assert looked_at(woken_by, ("cpu", "gpu")) == ("cpu", "")


@pytest.mark.django_db
def test_an_urgent_run_is_next_whoever_waited_before(scene: Scene) -> None:
    usual_run = make_run(scene=scene)
    assert claims.next_waiting("cpu", sooner="cpu-urgent") == usual_run.pk
    soon = make_run(scene=scene, queue="cpu-urgent")
    assert claims.next_waiting("cpu", sooner="cpu-urgent") == soon.pk
    assert claims.next_waiting("cpu") == usual_run.pk, "who does not serve it, does not see it"
    assert claims.next_waiting("cpu-urgent") == soon.pk
    twin = make_run(scene=scene, key=soon.key, status="running", lease_until="2100-01-01T00:00Z")
    assert claims.next_waiting("cpu", sooner="cpu-urgent") == usual_run.pk
    twin.delete()


@pytest.mark.django_db(transaction=True)
def test_what_follows_an_urgent_run_is_urgent_and_each_rings_its_own_queue(scene: Scene) -> None:
    first = runs.process_scene(scene, stages=["deflicker", "repair"], urgent=True)
    assert (first.queue, first.urgent) == ("cpu-urgent", True)
    assert Job.objects.get().queue_name == "cpu-urgent"
    StageRun.objects.update(status="done", take=make_take(scene=scene, key=first.key))
    first.refresh_from_db()
    (follows,) = starting.follow(first)
    assert (follows.stage, follows.queue) == ("repair", "gpu-urgent")
    assert Job.objects.filter(queue_name="gpu-urgent").count() == 1


@pytest.mark.slow
@pytest.mark.django_db
def test_a_person_a_program_and_a_command_may_ask_for_it(
    client: Client, scene: Scene, restorer: User
) -> None:
    client.force_login(restorer)
    where = reverse("process-scene", args=[scene.pk])
    client.post(where, {"stages": ["deflicker"], "urgent": "on"})
    client.post(where, {"stages": ["grade"]})
    order = {"scene": scene.pk, "stages": ["stabilise"], "urgent": True}
    client.post("/api/v1/runs", order, content_type="application/json")
    call_command(
        "process", scene.scan.reel_id, stages="deinterlace", urgent=True, stdout=StringIO()
    )
    asked = dict(StageRun.objects.values_list("stage", "queue").distinct())
    assert asked == {
        "deflicker": "cpu-urgent", "grade": "cpu", "stabilise": "cpu-urgent",
        "deinterlace": "cpu-urgent",
    }  # fmt: skip


@pytest.mark.django_db
def test_minutes_of_graphics_processors_count_whatever_is_urgent(scene: Scene) -> None:
    scan = scene.scan
    scan.reel.element.title.collection = quota_collection(minutes=0)
    scan.reel.element.title.save()
    assert quotas.shut_scans([scan.pk], "gpu-urgent") == {scan.pk}
    assert quotas.shut_scans([scan.pk], "cpu-urgent") == set()


def quota_collection(*, minutes: int) -> object:
    from archive.models import Collection
    from restoration.models import CollectionQuota

    collection = Collection.objects.create(name="Small")
    CollectionQuota.objects.create(collection=collection, gpu_minutes=minutes)
    return collection


@pytest.mark.django_db
def test_a_stage_that_cannot_follow_an_urgent_one_says_why(scene: Scene) -> None:
    run = starting._start_or_say_why(
        stage="deinterlace", params={}, following=[], by=None, batch=None, urgent=True,
        scan=scene.scan, start_frame=0, end_frame=10_000, scene=scene, input_take=None,
    )  # fmt: skip
    assert run.status == "failed" and "do not lie" in run.error


@pytest.mark.django_db(transaction=True)
def test_a_run_that_waits_is_made_urgent_and_as_others_again(scene: Scene) -> None:
    waiting = runs.process_scene(scene, stages=["deflicker"])
    before = make_run(scene=scene)
    hurrying.hasten(waiting)
    assert claims.next_waiting("cpu", sooner="cpu-urgent") == waiting.pk
    assert Job.objects.filter(queue_name="cpu-urgent").count() == 1, "its own queue is rung"
    with pytest.raises(IllegalTransition, match="urgent already"):
        hurrying.hasten(waiting)
    hurrying.slacken(waiting)
    assert not StageRun.objects.get(pk=waiting.pk).urgent
    told = Event.objects.filter(subject=f"run:{waiting.pk}").order_by("pk")
    assert [each.outcome for each in told][-2:] == ["made urgent", "made no longer urgent"]
    StageRun.objects.filter(pk=before.pk).update(status="running", lease_until="2100-01-01T00:00Z")
    with pytest.raises(IllegalTransition, match="running by now"):
        hurrying.hasten(before)
    assert StageRun.objects.get(pk=before.pk).queue == "cpu"


@pytest.mark.django_db
def test_the_work_page_offers_it_for_what_waits_alone(client: Client, scene: Scene) -> None:
    client.force_login(make_user("operator"))
    waiting = make_run(scene=scene)
    running = make_run(scene=scene, status="running", lease_until="2100-01-01T00:00Z")
    page = client.get(reverse("work")).content.decode()
    assert f'id="hurry-{waiting.pk}"' in page and f'id="hurry-{running.pk}"' not in page
    client.post(reverse("hasten-run", args=[waiting.pk]))
    assert StageRun.objects.get(pk=waiting.pk).urgent
    assert "Not urgent" in client.get(reverse("work")).content.decode()
