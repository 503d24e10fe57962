"""RabbitMQ and Redis in place of the database: runs end, whatever dies, and nothing comes twice."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.other_brokers import with_defaults
from restoration import runs
from restoration.models import Scene, StageRun, Take
from restoration.starting import ring
from tests.restoration.engine import brokers
from tests.restoration.engine.processes import kill_tree, start_worker, wait_until, worker
from tests.restoration.engine.test_worker import all_ended, check_nothing_is_broken, frames_done

KINDS = ("rabbitmq", "redis")


def test_an_address_gets_limits_unless_it_names_its_own() -> None:
    told = with_defaults("amqp://host/vhost?heartbeat=20&socket_timeout=9", {"socket_timeout": "3"})
    assert told == "amqp://host/vhost?socket_timeout=9&heartbeat=20"


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[brokers.Server]:
    """The broker that this process sends to, as its settings would say."""
    folder = tmp_path / "broker"
    folder.mkdir()
    with brokers.running(request.param, folder) as running, brokers.sending_to(running.url):
        yield running


@pytest.fixture(params=(*KINDS, "database"))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """BROKER_URL of each broker that there is; this process sends to it."""
    if request.param == "database":
        yield ""
        return
    folder = tmp_path / "broker"
    folder.mkdir()
    with brokers.running(request.param, folder) as running, brokers.sending_to(running.url):
        yield running.url


slow = pytest.mark.slow
live = pytest.mark.django_db(transaction=True)


@slow
@live
def test_a_reel_goes_its_way_and_what_is_sent_twice_is_made_once(
    server: brokers.Server, scenes_of_film: list[Scene], tmp_path: Path
) -> None:
    runs.process_reel(scenes_of_film[0].scan.reel, stages=["deflicker", "repair"])
    for run in StageRun.objects.all():
        assert ring(run)
    with worker(tmp_path / "log", slowed="execute", BROKER_URL=server.url):
        wait_until(lambda: all_ended() and StageRun.objects.count() == 4)
    assert set(StageRun.objects.values_list("status", flat=True)) == {"done"}
    assert Take.objects.count() == 4
    check_nothing_is_broken(scenes_of_film[0])


@slow
@live
def test_the_run_of_a_killed_worker_is_taken_up_within_a_minute(
    server: brokers.Server, scene: Scene, tmp_path: Path, settings: object
) -> None:
    seconds = kill_and_time(scene, tmp_path, settings, server.url)
    sys.stderr.write(f"\n{server.url.partition(':')[0]}: {seconds:.1f} s\n")
    assert seconds <= 60


@slow
@live
def test_with_the_database_as_broker_it_is_taken_up_within_three_quarters_of_one(
    scene: Scene, tmp_path: Path, settings: object
) -> None:
    seconds = kill_and_time(scene, tmp_path, settings, "")
    sys.stderr.write(f"\ndatabase: {seconds:.1f} s\n")
    assert seconds <= 45


def kill_and_time(scene: Scene, tmp_path: Path, settings: object, broker: str) -> float:
    """Kill a worker in mid-run; seconds until another one has done the run, with the defaults."""
    settings.RUN_LEASE_SECONDS, settings.RUN_ATTEMPTS = 30, 3
    run = runs.process_scene(scene, stages=["deflicker"])
    first = start_worker(tmp_path / "log", BROKER_URL=broker)
    wait_until(lambda: frames_done(run) > 0)
    with worker(tmp_path / "log", slowed="execute", BROKER_URL=broker):
        kill_tree(first)
        killed = time.monotonic()
        ended = threading.Event()
        while not ended.wait(10.0):  # as `manage.py sweep --forever` does
            runs.sweep()
            run.refresh_from_db()
            if run.status == "done":
                ended.set()
        seconds = time.monotonic() - killed
    check_nothing_is_broken(scene)
    return seconds


@slow
@live
def test_urgent_runs_come_first_and_a_worker_may_serve_them_alone(
    address: str, scenes_of_film: list[Scene], tmp_path: Path
) -> None:
    usual = runs.process_scene(scenes_of_film[0], stages=["deflicker"])
    soon = runs.process_scene(scenes_of_film[1], stages=["deflicker"], urgent=True)
    told = {"slowed": "execute", "BROKER_URL": address}
    with worker(tmp_path / "log", queues=("cpu-urgent",), **told):
        wait_until(lambda: StageRun.objects.get(pk=soon.pk).status == "done")
    usual.refresh_from_db()
    assert usual.status == "queued"
    sooner = runs.process_scene(scenes_of_film[1], stages=["grade"], urgent=True)
    with worker(tmp_path / "log", **told):
        wait_until(all_ended)
    usual.refresh_from_db()
    sooner.refresh_from_db()
    assert usual.status == sooner.status == "done"
    assert sooner.started < usual.started
    check_nothing_is_broken(scenes_of_film[0])


@slow
@live
def test_a_broker_that_is_away_holds_nobody_up_and_its_messages_are_sent_again(
    server: brokers.Server, scene: Scene, tmp_path: Path, settings: object
) -> None:
    settings.RUN_RESEND_SECONDS = 0
    server.stop()
    began = time.monotonic()
    run = runs.process_scene(scene, stages=["deflicker"])
    assert time.monotonic() - began < 20
    assert run.status == "queued"
    server.start()
    assert runs.sweep().resent == [run.pk]
    with worker(tmp_path / "log", slowed="execute", BROKER_URL=server.url):
        wait_until(all_ended)
    check_nothing_is_broken(scene)


@slow
@live
def test_a_run_that_outlasts_the_patience_of_the_broker_ends_once(
    server: brokers.Server, scene: Scene, tmp_path: Path, settings: object
) -> None:
    """RabbitMQ gives back what is not acknowledged for two seconds here (else half an hour)."""
    settings.RUN_LEASE_SECONDS = 5
    run = runs.process_scene(scene, stages=["deflicker"])
    with worker(tmp_path / "log", slowed="slow", BROKER_URL=server.url):
        wait_until(all_ended, seconds=200)
    run.refresh_from_db()
    assert (run.status, run.attempt, Take.objects.count()) == ("done", 1, 1)
    check_nothing_is_broken(scene)
