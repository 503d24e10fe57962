"""One attempt at a run: claim it, compute in a child process, publish or say why not."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from archive import derived, stored
from archive.bucket import StoreAway, StoreError
from archive.bucket import Told as Travels
from config import tracing
from restoration import photographs, references, workers
from restoration.claims import Claim, claim, give_back, lacks_room, lease, renew
from restoration.errors import CannotStart, ChildFailed, DiskFull, LeaseLost
from restoration.leg import Leg
from restoration.models import StageRun, Take
from restoration.nursery import Message, Nursery, take
from restoration.nursery import give_back as keep
from restoration.orders import Order
from restoration.publishing import Result, end_cancelled, fail_run, finish_run, retry_or_fail
from restoration.stages import find_stage
from restoration.stages.contract import Cancelled, StageError
from restoration.starting import offer
from restoration.storage import chunks_key, storage

log = logging.getLogger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError)
T = TypeVar("T")
Told = Callable[[StageRun, int], None]


class WorkerStops(Exception):
    """The worker was asked to stop; its run goes back to the queue."""


class RunFailed(Exception):
    """The child met an error that another attempt would meet again."""


def execute_run(run_id: int, *, told: Told | None = None, leg: Leg | None = None) -> None:
    """Work on a run until it has ended, whatever happens; return at once if it is not to be had.

    Args:
        told: Called with (run, frames done) every now and then.
        leg: Its part in a relay: told how near its stage's end is, asked when it may begin, and
            asked for another run if this one is not to be had.
    """
    leg, tried, number = leg or Leg(), set[int](), run_id
    while number not in tried:
        with tracing.of_run(number):
            if _execute(number, told, leg):
                return
        # Mostly another worker was quicker: the next has been waited for long enough.
        tried.add(number)
        if (other := leg.instead()) is None:
            return
        number = other


def _execute(run_id: int, told: Told | None, leg: Leg) -> bool:
    """Whether any other run is out of the question: this one was to be had, or there is no room."""
    begun = time.monotonic()
    if words := lacks_room():
        log.warning("run %s: not begun, %s", run_id, words)
        return True
    claimed = claim(run_id, worker=worker_name(), device=device(), memory=workers.memory())
    if claimed is None:
        log.info("run %s: nothing to do, it is taken or has ended", run_id)
        return False
    _work_on(claimed, begun, told, leg)
    return True


def _work_on(claimed: Claim, begun: float, told: Told | None, leg: Leg) -> None:
    tracing.take_up(claimed.run.request)
    if may_be_offered(claimed) and offer(claimed.run):
        return  # A twin published between the request and this claim.
    published = False
    try:
        published = Attempt(claimed, begun, told, leg).run()
    finally:
        if not published and not may_be_named(claimed.storage_key):
            storage().remove(claimed.storage_key)


def may_be_named(storage_key: str) -> bool:
    """Whether a take names that folder, or nobody can say: then the sweeper sees to it later.

    A database that goes away while it commits may have committed what this attempt takes for lost.
    """
    try:
        return Take.objects.filter(storage_key=storage_key).exists()
    except DATABASE_AWAY as error:
        log.warning("%s: left to the sweeper, the database is away (%s)", storage_key, error)
        connection.close()
        return True


def may_be_offered(claim: Claim) -> bool:
    """Whether a result of the run's key may stand; what finds has no take that would say so."""
    return claim.take_stands or find_stage(claim.run.stage).makes == "findings"


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{workers.queue_name()}"


def device() -> str:
    return str(getattr(settings, "DEVICE", "cpu"))


def keeps_chunks(stage: str) -> bool:
    """Whether attempts of that stage put away what they have made, for one that goes on."""
    found = find_stage(stage)
    return found.resume is not None or found.makes == "findings"


def make_order(claim: Claim, told: Travels = stored.quietly) -> Order:
    """Everything the child needs to know; it never asks the database, nor a bucket.

    Raises: StoreError if a file that the run needs is missing from the store or damaged there.
    """
    run, scan = claim.run, claim.run.scan
    stage = find_stage(run.stage)
    out = storage().place(claim.storage_key) if stage.makes == "pictures" else None
    chunks = storage().place(chunks_key(run.key)) if keeps_chunks(run.stage) else None
    table = derived.tables(scan) / derived.FRAMES if scan.derived else None
    taken = run.input_take
    return Order(
        scan_path=Path(scan.path),
        rate=scan.rate,
        table_path=table if table is not None and table.exists() else None,
        scan_sha256=scan.sha256,
        stage=run.stage,
        params=run.params,
        files=references.files_of(run.params) | photographs.files_of(run.params),
        start_frame=run.start_frame,
        end_frame=run.end_frame,
        marks=claim.marks,
        input_folder=storage().folder(taken.storage_key, told=told) if taken else None,
        input_digest=taken.digest if taken else None,
        out_folder=out,
        chunks_folder=chunks,
        device=run.device,
    )


@dataclass
class Attempt:
    """The watch over one child: progress in, lease renewed, cancel and loss seen."""

    claim: Claim
    begun: float
    told: Told | None = None
    leg: Leg = field(default_factory=Leg)
    frames_done: int = 0
    child: Nursery | None = None
    """The process that computes, for as long as it may."""
    made: bool = False
    """Whether the child has said what it made: its files are closed and it only has to go."""
    heard: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)

    def run(self) -> bool:
        """Compute and publish; True if a take now names this attempt's folder."""
        try:
            return self.end()
        finally:
            self.part()

    def end(self) -> bool:
        """Bring the run to whatever its end is."""
        run = self.claim.run
        try:
            result = self.compute()
            # Through to the bucket, if there is one, before any row says that it is finished.
            storage().keep(self.claim.storage_key, told=self.travels)
            return self.publish(result)
        except StoreAway as error:
            words = str(error)
            patiently(lambda: retry_or_fail(refreshed(run), words))
        except (RunFailed, StageError, DiskFull, CannotStart, StoreError) as error:
            words = str(error)
            patiently(lambda: fail_run(run, words))
        except ChildFailed as error:
            words = str(error)
            patiently(lambda: retry_or_fail(refreshed(run), words))
        except Cancelled:
            patiently(lambda: end_cancelled(run))
        except WorkerStops:
            patiently(lambda: give_back(self.claim))
        except LeaseLost as lost:
            log.warning("%s", lost)
        except DATABASE_AWAY as error:
            log.error("run %s: left to its lease, the database stays away (%s)", run.pk, error)
        except Exception as error:  # A mistake of ours: said at once, not met again three times.
            log.exception("run %s: could not be ended as it should", run.pk)
            words = f"{type(error).__name__}: {error}"
            patiently(lambda: fail_run(run, words))
        return False

    def publish(self, result: Result) -> bool:
        take = patiently(lambda: finish_run(self.claim, result))
        if keeps_chunks(self.claim.run.stage):
            storage().remove(chunks_key(self.claim.run.key))
        return take is not None and take.storage_key == self.claim.storage_key

    def compute(self) -> Result:
        """Have the child execute the order.

        Raises: RunFailed, ChildFailed, DiskFull, Cancelled, WorkerStops, LeaseLost.
        """
        child = take(self.claim.run.stage)
        ready = time.monotonic()
        try:
            order, held = make_order(self.claim, self.travels), self.leg.held
        except BaseException:
            keep(child)
            raise
        child.begin(order, hold=held)
        self.child = child
        if held:
            self.leg.when_going(child.go)
        try:
            told = self.listen(child)
        finally:
            self.leg.forget()
            if not self.made:  # Cancelled, lost, silent: nothing may write to its folder any more.
                self.part()
        made = told["made"]
        made["timings"]["waiting_for_child"] = round(ready - self.begun, 4)
        return Result(**made)

    def listen(self, child: Nursery) -> Message:
        """Wait for the child's result; a child that has none is waited for to its end."""
        result: Message = {}
        while True:
            message = child.receive(min(1.0, lease().total_seconds() / 8))
            if message is not None:
                self.heard = time.monotonic()
                if "progress" in message:
                    self.progressed(*message["progress"])
                elif "made" in message:
                    self.made = True
                    self.note_what_was_read(child)
                    return message
                elif "ended" in message:
                    self.leg.forget()
                    self.child = None
                    keep(child)
                    check_end(result, message)
                else:
                    result |= message
            self.watch()

    def note_what_was_read(self, child: Nursery) -> None:
        stage = find_stage(self.claim.run.stage)
        if stage.weights(stage.parse(self.claim.run.params)):
            child.has_read(stage.name)

    def travels(self) -> None:
        """A file is on its way from the store, or to it."""
        self.heard = time.monotonic()
        self.watch()

    def progressed(self, done: int, total: int) -> None:
        self.frames_done = min(done, self.claim.run.frames_total)
        if find_stage(self.claim.run.stage).makes == "pictures":
            self.leg.progressed(done, total)

    def part(self) -> None:
        """See the child out; one that has not made anything is stopped."""
        child, self.child = self.child, None
        if child is not None:
            end_child(child, stop=not self.made)

    def watch(self) -> None:
        """Renew the lease while there is progress; see whether the work is still wanted."""
        if workers.stopping.is_set():
            raise WorkerStops
        now = time.monotonic()
        if self.leg.held:  # It has its files open and waits.
            self.heard = now
        patience = progress_seconds()
        if now - self.heard > patience:
            raise ChildFailed(f"no progress for {patience:.0f} seconds; the process was ended")
        if now - self.renewed < min(1.0, lease().total_seconds() / 4):
            return
        self.renewed = now
        if self.claim.run.input_take is not None:
            stored.use(self.claim.run.input_take.storage_key)
        if self.told is not None:
            self.told(self.claim.run, self.frames_done)
        try:
            if renew(self.claim, frames_done=self.frames_done):
                raise Cancelled
        except DATABASE_AWAY as error:
            # The work goes on: if the database is back before the lease is up, nothing is lost.
            log.warning("run %s: the database is away (%s)", self.claim.run.pk, error)
            connection.close()


def end_child(child: Nursery, *, stop: bool) -> None:
    """Wait until the child is gone, and stop it if it should not go by itself."""
    try:
        if stop:
            child.stop()
        while (message := child.receive(10.0)) is not None:
            if "ended" in message:
                keep(child)
                return
    except ChildFailed:
        pass
    child.close()


def check_end(result: Message, end: Message) -> NoReturn:
    """Say why a child ended that has made nothing.

    Raises: RunFailed, DiskFull or ChildFailed with the child's own words.
    """
    if "error" in result:
        error: dict[str, Any] = result["error"]
        if error["disk_full"]:
            raise DiskFull(
                "the disk is full: the take could not be written and was removed; free some space "
                f"or move the media folder, then run again ({error['message']})"
            )
        words = error["message"] or error["kind"]
        if error["kind"] not in ("StageError", "ProvenanceError"):
            words = f"{error['kind']}: {words}"
        raise (RunFailed if error["permanent"] else ChildFailed)(words)
    raise ChildFailed(died(end["ended"], end["stderr"]))


def died(code: int, words: str) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    hint = " (out of memory?)" if code == -9 else ""
    return f"the computing process {how}{hint}" + (f": {words}" if words else "")


def progress_seconds() -> float:
    """How long a child may be silent. Apart from the lease: a first frame may take minutes."""
    return float(getattr(settings, "RUN_PROGRESS_SECONDS", 600))


def refreshed(run: StageRun) -> StageRun:
    run.refresh_from_db()
    return run


def patiently(change: Callable[[], T]) -> T:
    """Write the end of an attempt even if the database is away for a while.

    What was computed is not thrown away for a restart of the database; if it stays away, the lease
    runs out and the sweeper has the run done again.
    """
    patience = float(getattr(settings, "RUN_PUBLISH_SECONDS", 300))
    deadline = time.monotonic() + patience
    while True:
        try:
            return change()
        except DATABASE_AWAY:
            if time.monotonic() > deadline or connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(0.5)
