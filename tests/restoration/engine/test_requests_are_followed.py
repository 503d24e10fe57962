"""A request's mark stands in the messages, runs, log lines and events that the request led to."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import dramatiq
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from dramatiq.brokers.stub import StubBroker

from archive import custody, ledger
from archive.models import Event
from config import tracing
from restoration import runs
from restoration.models import Scene, StageRun

pytestmark = pytest.mark.django_db


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.addFilter(tracing.Marks())
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    logger = logging.getLogger("restoration")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_what_a_person_asked_for_on_a_page_is_found_by_its_mark(
    client: Client, scene: Scene, restorer: User, settings: object, kept: Kept
) -> None:
    settings.BEHIND_HTTPS = True
    settings.SECURE_SSL_REDIRECT = False
    client.force_login(restorer)
    asked = client.post(
        reverse("process-scene", args=[scene.pk]),
        {"stages": ["deflicker", "grade"]},
        headers={"X-Request-ID": "asked-at-noon"},
    )
    assert asked.status_code < 400
    while run := StageRun.objects.filter(status="queued").first():
        runs.execute_run(run.pk)
    done = StageRun.objects.filter(status="done")
    assert done.exists()
    assert set(done.values_list("request", flat=True)) == {"asked-at-noon"}
    made = Event.objects.filter(kind="restoration stage")
    assert made.count() == done.count()
    assert set(made.values_list("request", flat=True)) == {"asked-at-noon"}
    of_runs = [record for record in kept.records if record.run]
    assert of_runs and {record.request_mark for record in of_runs} == {"asked-at-noon"}
    assert tracing.current_request() == ""
    chain = custody.reel_chain(scene.scan.reel)
    assert custody.verify_chain(chain) == []
    assert all(event.keys() == ledger.FIELDS for event in custody.records(chain))


def test_a_message_bears_the_mark_and_its_work_is_done_under_it() -> None:
    seen: list[str] = []
    broker = StubBroker(middleware=[tracing.MessageMarks()])

    @dramatiq.actor(broker=broker, queue_name="cpu")
    def note() -> None:
        seen.append(tracing.current_request())

    with tracing.of_run(1):
        tracing.take_up("asked-at-noon")
        assert note.send().options["request"] == "asked-at-noon"
    note.send()
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=10)
    worker.start()
    try:
        broker.join("cpu", timeout=5000)
    finally:
        worker.stop()
    assert seen == ["asked-at-noon", ""]
