"""The broker's guards: bad messages fail at once, a lost database holds nobody up."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import dramatiq
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from dramatiq.errors import BrokerConnectionError
from dramatiq_postgres.django.models import Job

from config import broker
from config.broker import BadMessage, GuardedBroker, LazyPool
from restoration import runs, tasks
from restoration.models import Scene, StageRun


@pytest.fixture
def own(transactional_db: None) -> Iterator[GuardedBroker]:
    made = GuardedBroker(middleware=broker.middleware())
    made.declare_queue("cpu")
    # The broker writes outside of a test's transaction: what earlier tests sent is still there.
    Job.objects.all().delete()
    yield made
    made.close()


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The broker's database is out of reach, while Django's is there."""
    monkeypatch.setattr(broker, "SEND_SECONDS", 0.5)
    pool = LazyPool(reach=lambda: {"host": "/nowhere", "connect_timeout": "1"})
    monkeypatch.setattr(dramatiq.get_broker(), "pool", pool)
    yield
    pool.close()


def message(queue: str = "cpu", *args: object) -> dramatiq.Message:
    return dramatiq.Message(
        queue_name=queue, actor_name="run_on_cpu", args=args, kwargs={}, options={}
    )


def test_a_message_is_stored_once(own: GuardedBroker) -> None:
    own.enqueue(message("cpu", 7))
    job = Job.objects.get()
    assert (job.queue_name, job.args, job.state) == ("cpu", [7], "queued")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("a\x00b", "NUL"),
        ("\ud800", "surrogates"),
        (object(), "send ids"),
        (float("nan"), "cannot store"),
        ("x" * 100_000, "is no message"),
        ({"deep": ["\x00"]}, "NUL"),
    ],
)
def test_a_payload_that_cannot_be_stored_is_refused_at_once(
    own: GuardedBroker, argument: object, words: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(BadMessage, match=words):
        own.enqueue(message("cpu", argument))
    assert time.monotonic() - begun < 1
    assert not Job.objects.exists()


def test_a_queue_name_too_long_to_be_notified_is_refused(own: GuardedBroker) -> None:
    for send in (lambda: own.declare_queue("q" * 44), lambda: own.enqueue(message("q" * 44))):
        with pytest.raises(BadMessage, match="choose a shorter name"):
            send()
    own.declare_queue("q" * 43)
    own.enqueue(message("q" * 43))


@pytest.mark.django_db
def test_sending_to_a_lost_database_gives_up_within_seconds(away: None) -> None:
    begun = time.monotonic()
    with pytest.raises(BrokerConnectionError, match="just now"):
        tasks.run_on_cpu.send(1)
    assert time.monotonic() - begun < 3


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_does_not_fail_the_request_and_the_sweeper_sends_later(
    away: None, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    run.refresh_from_db()
    assert (run.status, run.sent) == ("queued", None)
    assert runs.sweep().resent == []
    monkeypatch.undo()
    StageRun.objects.update(created="2020-01-01T00:00:00Z")
    assert runs.sweep().resent == [run.pk]


@pytest.mark.django_db(transaction=True)
def test_no_message_leaves_a_transaction_that_is_rolled_back(scene: Scene) -> None:
    class Regret(Exception):
        pass

    with pytest.raises(Regret), transaction.atomic():
        runs.process_scene(scene, stages=["deflicker"])
        raise Regret
    assert not StageRun.objects.exists() and not Job.objects.exists()
    runs.process_scene(scene, stages=["deflicker"])
    assert Job.objects.count() == 1


def test_the_pool_has_room_for_all_that_a_worker_pins() -> None:
    assert broker.pool_size(queues=8, threads=4) == 22


def test_a_worker_claims_one_message_at_a_time_and_sizes_its_pool(own: GuardedBroker) -> None:
    own.declare_queue("gpu")
    worker = dramatiq.Worker(own, queues={"cpu"}, worker_threads=3)
    broker.WorkerGuard().before_worker_boot(own, worker)
    assert (worker.queue_prefetch, worker.delay_prefetch) == (1, 1)
    assert own.pool.size == broker.pool_size(queues=1, threads=3)


def test_eight_queues_do_not_starve_a_worker(transactional_db: None) -> None:
    """The stock pool of 16 stands still with eight queues."""
    own = GuardedBroker(middleware=broker.middleware())
    seen: list[tuple[str, int]] = []
    names = [f"q{number}" for number in range(8)]
    for name in names:

        @dramatiq.actor(broker=own, queue_name=name, actor_name=f"see_{name}")
        def see(number: int, name: str = name) -> None:
            seen.append((name, number))

        for number in range(5):
            see.send(number)
    worker = dramatiq.Worker(own, worker_threads=2)
    worker.start()
    deadline = time.monotonic() + 20
    while len(seen) < 40 and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.stop(timeout=10_000)
    own.close()
    assert sorted(seen) == [(name, number) for name in names for number in range(5)]


@pytest.mark.parametrize(
    ("url", "words"),
    [("kafka://host", "amqp:// and redis://, not kafka"), ("amqp://host", "the extra `brokers`")],
)
def test_another_broker_is_named_by_its_address(
    monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "dramatiq.brokers.rabbitmq", None)  # as without its library
    with pytest.raises(ImproperlyConfigured, match=words):
        broker.make_broker(url)
