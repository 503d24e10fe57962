"""Real worker processes deliver, stop, and are killed without harm."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from django.contrib.auth.models import User

from archive.fixity import sha256_file
from archive.models import Reel
from review.delivery import requests, sweeper
from review.models import Deliverable, Delivery
from tests.restoration.engine.processes import alive, children, kill_tree, wait_until, worker
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"
    settings.RUN_LEASE_SECONDS = 2
    settings.RUN_RESEND_SECONDS = 1
    settings.RUN_LEFTOVER_SECONDS = 0


@pytest.fixture
def delivery(tmp_path: Path, archivist: User) -> Delivery:
    reel: Reel = make_approved_reel(tmp_path, by=archivist)
    return requests.ask(reel, format="all", use="exhibition", by=archivist)


@contextmanager
def delivering(tmp_path: Path, assembler: str) -> Iterator[Popen[bytes]]:
    with worker(
        tmp_path / "log",
        slowed="execute",
        module="tests.review.worker_settings",
        DELIVERY_TEST_HOME=str(tmp_path / "out"),
        DELIVERY_TEST_ASSEMBLER=assembler,
    ) as process:
        yield process


def state(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.status


def in_the_middle(delivery: Delivery) -> bool:
    delivery.refresh_from_db()
    return delivery.status == "running" and delivery.step == "master" and delivery.step_done > 0


@pytest.mark.slow
def test_a_worker_killed_in_mid_delivery_costs_nothing_but_time(
    delivery: Delivery, tmp_path: Path
) -> None:
    with delivering(tmp_path, "tests.review.assemblers:hanging") as process:
        wait_until(lambda: in_the_middle(delivery))
        orphans = children(process.pid)
        kill_tree(process)
        wait_until(lambda: not any(alive(pid) for pid in orphans), seconds=30)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f".attempt-{delivery.pk}-1"]
    wait_until(lambda: sweeper.sweep()["lost"] == [delivery.pk], seconds=30)
    assert state(delivery) == "queued"
    assert list((tmp_path / "out").iterdir()) == []
    with delivering(tmp_path, "review.delivery.assembly:assemble"):
        wait_until(lambda: sweeper.sweep() is not None and state(delivery) == "done")
    made = Deliverable.objects.get()
    assert len(made.files) == 14 and delivery.attempt == 2
    for file in made.files:
        assert sha256_file(Path(file["path"])) == file["sha256"]
    assert len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_gives_its_delivery_back_at_once(
    delivery: Delivery, tmp_path: Path
) -> None:
    with delivering(tmp_path, "tests.review.assemblers:hanging") as process:
        wait_until(lambda: in_the_middle(delivery))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert state(delivery) == "queued"
    assert (delivery.attempt, delivery.error) == (0, "")
    assert list((tmp_path / "out").iterdir()) == []
