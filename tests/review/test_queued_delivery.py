"""A delivery asked for on the page is work in the queue: watched, cancelled, tried again, whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from archive.fixity import sha256_file
from archive.models import Event, Reel
from restoration.errors import LeaseLost
from restoration.models import Scene
from restoration.stages.contract import Cancelled
from review import decisions
from review.deliverables import DeliveryRefused, allowed_edition, circumstances
from review.delivery import claims, requests, sweeper
from review.delivery.assembly import Order, assemble
from review.delivery.attempts import execute_delivery
from review.delivery.folders import AttemptFolder
from review.delivery.publishing import publish
from review.errors import DecisionRefused, NotAllowed
from review.models import Deliverable, Delivery
from tests.review.approved_reel import current_scan, make_approved_reel

pytestmark = pytest.mark.django_db(transaction=True)

ASSEMBLERS = "tests.review.assemblers:"


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"
    settings.RUN_LEASE_SECONDS = 5
    settings.RUN_LEFTOVER_SECONDS = 0


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    return make_approved_reel(tmp_path, by=archivist)


@pytest.fixture
def delivery(reel: Reel, archivist: User) -> Delivery:
    return requests.ask(reel, format="all", use="exhibition", by=archivist)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def execute(delivery: Delivery) -> Delivery:
    execute_delivery(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def withdraw(reel: Reel, by: User) -> None:
    scene = Scene.objects.current().filter(scan=current_scan(reel))[1]
    approval = decisions.current_approval(scene)
    assert approval is not None
    decisions.withdraw(approval, by=by)


@pytest.fixture
def meanwhile() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Do something in another thread once the first frames of a master were written."""
    threads: list[threading.Thread] = []
    faults: list[BaseException] = []

    def begin(act: Callable[[], None]) -> None:
        def wait_and_act() -> None:
            try:
                deadline = time.monotonic() + 60
                while not Delivery.objects.filter(step="master", step_done__gt=0).exists():
                    assert time.monotonic() < deadline, "no progress was seen"
                    time.sleep(0.02)
                act()
            except BaseException as error:
                faults.append(error)
            finally:
                connection.close()

        threads.append(threading.Thread(target=wait_and_act))
        threads[-1].start()

    yield begin
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_worker_delivers_what_was_asked_for(delivery: Delivery, tmp_path: Path) -> None:
    assert delivery.status == "queued"
    execute(delivery)
    assert (delivery.status, delivery.error) == ("done", "")
    made = delivery.deliverable
    assert made is not None and delivery.share_done == 1.0
    folder = tmp_path / "out" / "harbour-day-reel-1-exhibition-all-1"
    assert left_in(tmp_path / "out") == [folder.name]
    on_disk = {str(path): sha256_file(path) for path in folder.iterdir()}
    assert {file["path"]: file["sha256"] for file in made.files} == on_disk
    assert len(on_disk) == 15
    assert Event.objects.filter(kind="delivery").count() == 1


@pytest.mark.slow
def test_it_can_be_watched_step_by_step(settings: Any, delivery: Delivery) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "slow"
    settings.RUN_LEASE_SECONDS = 0.4
    seen: list[tuple[str, float]] = []

    def watch() -> None:
        try:
            while (row := Delivery.objects.get(pk=delivery.pk)).is_open:
                if row.step:
                    seen.append((row.step, row.share_done))
                time.sleep(0.02)
        finally:
            connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    execute(delivery)
    watcher.join()
    assert delivery.status == "done" and delivery.attempt == 1, "it outlived its first lease"
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert {"master", "reading back", "viewing copy"} <= {step for step, _ in seen}


def test_the_same_asked_for_twice_is_made_once(
    reel: Reel, delivery: Delivery, archivist: User
) -> None:
    again = requests.ask(reel, format="all", use="exhibition", by=archivist)
    assert again.pk == delivery.pk
    other = requests.ask(reel, format="otio", use="exhibition", by=archivist)
    assert other.pk != delivery.pk


def test_what_may_not_leave_is_refused_at_once_and_not_queued(reel: Reel, archivist: User) -> None:
    withdraw(reel, archivist)
    with pytest.raises(DeliveryRefused, match="Scene 2"):
        requests.ask(reel, format="all", use="exhibition", by=archivist)
    assert not Delivery.objects.exists()


def test_only_who_may_deliver_asks(reel: Reel, reviewer: User) -> None:
    with pytest.raises(NotAllowed):
        requests.ask(reel, format="all", use="exhibition", by=reviewer)


def test_an_approval_taken_back_while_it_waited_ends_it_as_refused(
    reel: Reel, delivery: Delivery, archivist: User, tmp_path: Path
) -> None:
    withdraw(reel, archivist)
    execute(delivery)
    assert delivery.status == "refused"
    assert delivery.reasons == ["Scene 2 (frames 5 to 11): nobody has approved its take yet."]
    assert left_in(tmp_path / "out") == []


def test_an_approval_taken_back_while_it_was_made_ends_it_as_refused(
    settings: Any, reel: Reel, delivery: Delivery, archivist: User, tmp_path: Path, meanwhile: Any
) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "slow"
    meanwhile(lambda: withdraw(reel, archivist))
    execute(delivery)
    assert delivery.status == "refused"
    assert delivery.reasons == ["Scene 2 (frames 5 to 11): nobody has approved its take yet."]
    assert left_in(tmp_path / "out") == []
    assert not Deliverable.objects.exists()
    assert Event.objects.get(kind="delivery").outcome == "refused"


def test_a_role_taken_away_while_it_waited_ends_it(delivery: Delivery, archivist: User) -> None:
    archivist.groups.clear()
    execute(delivery)
    assert delivery.status == "failed" and "may not deliver" in delivery.error


def test_one_that_waits_is_cancelled_at_once(delivery: Delivery, archivist: User) -> None:
    requests.cancel(delivery, by=archivist)
    assert execute(delivery).status == "cancelled"
    with pytest.raises(DecisionRefused, match="nothing to cancel"):
        requests.cancel(delivery, by=archivist)


def test_one_that_is_being_made_is_cancelled_within_seconds_and_leaves_nothing(
    settings: Any, delivery: Delivery, archivist: User, tmp_path: Path, meanwhile: Any
) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "hanging"
    meanwhile(lambda: requests.cancel(Delivery.objects.get(), by=archivist))
    execute(delivery)
    assert delivery.status == "cancelled"
    assert left_in(tmp_path / "out") == []
    assert [event.outcome for event in Event.objects.filter(kind="delivery")] == [
        "cancel requested",
        "cancelled",
    ]


def test_one_that_failed_says_why_and_can_be_tried_again(
    settings: Any, delivery: Delivery, archivist: User, tmp_path: Path
) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "full_disk"
    execute(delivery)
    assert (delivery.status, delivery.attempt) == ("failed", 1)
    assert "The disk is full" in delivery.error
    assert left_in(tmp_path / "out") == []
    del settings.DELIVERY_ASSEMBLER
    requests.retry(delivery, by=archivist)
    assert (delivery.status, delivery.error) == ("queued", "")
    assert execute(delivery).status == "done"
    with pytest.raises(DecisionRefused, match="has left"):
        requests.retry(delivery, by=archivist)


@pytest.mark.slow
def test_a_mistake_of_ours_is_told_and_not_met_three_times(
    settings: Any, delivery: Delivery
) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "mistaken"
    execute(delivery)
    assert (delivery.status, delivery.attempt) == ("failed", 1)
    assert delivery.error.startswith("ZeroDivisionError")


def test_a_process_that_died_is_replaced(settings: Any, delivery: Delivery, tmp_path: Path) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "killed_once"
    assert execute(delivery).status == "queued"
    assert left_in(tmp_path / "out") == []
    assert execute(delivery).status == "done"
    assert delivery.attempt == 2


@pytest.mark.slow
def test_one_whose_process_always_dies_is_given_up(settings: Any, delivery: Delivery) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "killed"
    for _ in range(3):
        execute(delivery)
    assert delivery.status == "failed"
    assert "killed by signal 9" in delivery.error and "after 3 attempts" in delivery.error


def test_two_workers_never_make_the_same_delivery(delivery: Delivery) -> None:
    assert claims.claim(delivery.pk, worker="a") is not None
    assert claims.claim(delivery.pk, worker="b") is None


def test_who_lost_the_lease_publishes_nothing(
    settings: Any, delivery: Delivery, tmp_path: Path, meanwhile: Any
) -> None:
    settings.DELIVERY_ASSEMBLER = ASSEMBLERS + "slow"
    meanwhile(lambda: Delivery.objects.update(token=5))
    execute(delivery)
    assert delivery.status == "running", "it belongs to another"
    assert not Deliverable.objects.exists()
    assert left_in(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("change", "error"), [({"token": 5}, LeaseLost), ({"cancel_requested": True}, Cancelled)]
)
def test_what_was_lost_or_cancelled_when_all_was_written_is_not_published(
    delivery: Delivery, tmp_path: Path, change: dict[str, Any], error: type[Exception]
) -> None:
    held = claims.claim(delivery.pk, worker="slow:1:cpu")
    assert held is not None
    edition = allowed_edition(delivery.reel, format="all", use="exhibition", by=delivery.by)
    folder = AttemptFolder(tmp_path / "out", delivery.pk, held.token)
    folder.make()
    told = circumstances(delivery.reel, delivery.by, "exhibition")
    order = Order(edition, "otio", folder.path, told)
    assembled = assemble(order, lambda step, done, total: None)
    Delivery.objects.update(**change)
    with pytest.raises(error):
        publish(held, edition, assembled, folder)
    assert not Deliverable.objects.exists()
    assert not Event.objects.filter(kind="delivery").exists()
    assert left_in(tmp_path / "out") == [folder.path.name], "no name is taken"


def test_the_sweeper_rings_again_and_clears_what_killed_workers_left(
    settings: Any, delivery: Delivery, tmp_path: Path
) -> None:
    settings.RUN_RESEND_SECONDS = 0
    from dramatiq_postgres.django.models import Job

    assert sweeper.sweep()["resent"] == [], "its message is on its way"
    Job.objects.all().delete()
    assert sweeper.sweep()["resent"] == [delivery.pk]
    held = claims.claim(delivery.pk, worker="gone:1:cpu")
    assert held is not None
    folder = tmp_path / "out" / f".attempt-{delivery.pk}-{held.token}"
    folder.mkdir(parents=True)
    (folder / "master.mkv").write_bytes(b"half")
    assert sweeper.sweep() == {"resent": [], "lost": [], "removed": []}
    Delivery.objects.update(lease_until="2000-01-01T00:00:00Z")
    swept = sweeper.sweep()
    assert (swept["lost"], swept["removed"]) == ([delivery.pk], [folder.name])
    delivery.refresh_from_db()
    assert delivery.status == "queued"
    assert left_in(tmp_path / "out") == []


def test_a_worker_killed_between_entering_and_naming_loses_nothing(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from review.delivery import publishing

    monkeypatch.setattr(publishing, "finish_name", lambda folder, made: None)
    execute(delivery)
    monkeypatch.undo()
    assert delivery.status == "done" and delivery.deliverable is not None
    hidden = [name for name in left_in(tmp_path / "out") if name.startswith(".attempt")]
    assert len(hidden) == 1
    assert sweeper.sweep()["removed"] == []
    for file in delivery.deliverable.files:
        assert sha256_file(Path(file["path"])) == file["sha256"]
    assert len(left_in(tmp_path / "out")) == 1
