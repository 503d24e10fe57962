"""Faults that happen to an installation, each as a method that says what it did.

A fault that finds nothing to strike (no run is being worked on, no take stands) returns None and
does not count.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import dramatiq

from restoration.errors import IllegalTransition
from restoration.hurrying import hasten, slacken
from restoration.models import StageRun, Take
from restoration.orders import TakeFiles
from restoration.starting import ring
from restoration.storage import storage
from tests.conftest import superuser
from tests.restoration.chaos.programs import Program, SmallDisk
from tests.restoration.engine import brokers
from tests.restoration.engine.processes import QUEUES, kill_tree, wait_until
from tests.restoration.engine.test_database_away import stop_hard

STOPPED_SECONDS = 8.0
"""Longer than the lease (4 s) and the sweeper's next pass (2 s)."""
DATABASE_SECONDS = 1.0
FULL_SECONDS = 3.0
HOUR = 3600


@dataclass
class Strikes:
    """The installation, and the dice."""

    workers: list[Program]
    sweeper: Program
    disk: SmallDisk
    server: brokers.Server | None
    """None: the database is the broker."""
    dice: random.Random
    corrupted: set[int] = field(default_factory=set)
    """Takes of which a file was changed behind the engine's back."""
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    lost: dict[int, tuple[float, int]] = field(default_factory=dict)
    """Runs whose worker was killed: when, and the token that it held."""

    def kinds(self) -> list[Callable[[], str | None]]:
        """What may happen, the frequent more than once."""
        often = [self.kill_worker, self.kill_computing, self.stop_worker, self.repeat_messages]
        some = [
            self.change_its_turn,
            self.move_a_clock,
            self.let_leases_run_out,
            self.drop_connections,
            self.lose_messages,
            self.corrupt_take,
            self.kill_sweeper,
            self.restart_database,
        ]
        if self.disk.mounted:
            some.append(self.fill_disk)
        if self.server is not None:
            some.append(self.restart_broker)
        return often + some + some

    def kill_worker(self) -> str | None:
        program = self.dice.choice(self.workers)
        pid = program.worker()
        if program.is_gone or pid is None:
            return None
        for run in StageRun.objects.filter(status="running", worker__contains=f":{pid}:"):
            self.lost[run.pk] = time.monotonic(), run.token
        assert program.process is not None
        os.kill(pid, signal.SIGCONT)
        kill_tree(program.process)
        return f"worker {pid} killed"

    def kill_computing(self) -> str | None:
        program = self.dice.choice(self.workers)
        running = program.computing() if not program.is_gone else []
        if not running or not StageRun.objects.filter(status="running").exists():
            return None
        pid = self.dice.choice(running)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return f"computing process {pid} killed"

    def stop_worker(self) -> str | None:
        """It hears and says nothing for longer than its lease, and then goes on unaware."""
        program = self.dice.choice(self.workers)
        pid = program.worker()
        if program.is_gone or pid is None:
            return None
        os.kill(pid, signal.SIGSTOP)

        def go_on() -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

        self.after(STOPPED_SECONDS, go_on)
        return f"worker {pid} stopped for {STOPPED_SECONDS:.0f} s"

    def repeat_messages(self) -> str | None:
        open_runs = list(StageRun.objects.filter(status__in=StageRun.OPEN)[:10])
        sent = [run.pk for run in open_runs if ring(run) and ring(run)]
        return f"messages of {len(sent)} runs sent twice more" if sent else None

    def change_its_turn(self) -> str | None:
        """A person makes a waiting run urgent, or as others again."""
        waiting = list(StageRun.objects.filter(status="queued").order_by("pk"))
        if not waiting:
            return None
        run = self.dice.choice(waiting)
        act = slacken if run.queue.endswith("-urgent") else hasten
        with suppress(IllegalTransition):  # a worker was quicker
            act(run)
        return f"{run} in {run.queue}: {act.__name__}"

    def lose_messages(self) -> str | None:
        broker = dramatiq.get_broker()
        for queue in QUEUES:
            with suppress(Exception):  # a broker that is away has been struck already
                broker.flush(queue)
        return "all messages that wait are lost"

    def move_a_clock(self) -> str | None:
        if not self.sweeper.folder.with_name("clock.so").exists():
            return None
        program = self.dice.choice([*self.workers, self.sweeper])
        seconds = self.dice.choice((-HOUR, HOUR, 40 * HOUR))
        program.set_clock(seconds)
        self.after(self.dice.uniform(3, 12), lambda: program.set_clock(0))
        return f"the clock of {program.folder.name} moved by {seconds} s"

    def let_leases_run_out(self) -> str | None:
        """As if the database's own clock had jumped by an hour: every lease is over at once."""
        with superuser() as connection:
            found = connection.execute(
                "UPDATE restoration_stagerun SET lease_until = lease_until - interval '1 hour'"
                " WHERE status = 'running'"
            )
            return f"{found.rowcount} leases put an hour back" if found.rowcount else None

    def drop_connections(self) -> str | None:
        with superuser() as connection:
            found = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            return f"{found.rowcount} connections to the database dropped"

    def restart_database(self) -> str | None:
        stop_hard(seconds=DATABASE_SECONDS)
        return "database stopped hard and started again"

    def restart_broker(self) -> str | None:
        server = self.server
        assert server is not None
        if not server.answers():
            return None
        server.stop()
        self.after(1.0, server.begin)
        return "broker killed and started again"

    def kill_sweeper(self) -> str | None:
        if self.sweeper.is_gone:
            return None
        assert self.sweeper.process is not None
        self.sweeper.process.kill()
        return "sweeper killed"

    def fill_disk(self) -> str | None:
        if self.disk.ballast.exists():
            return None
        self.disk.fill()
        self.after(FULL_SECONDS, self.disk.empty)
        return f"disk full for {FULL_SECONDS:.0f} s"

    def corrupt_take(self) -> str | None:
        takes = list(Take.objects.exclude(pk__in=self.corrupted).order_by("-pk")[:20])
        if not takes:
            return None
        take = self.dice.choice(takes)
        files = TakeFiles(storage().folder(take.storage_key))
        path = self.dice.choice((files.picture, files.map, files.manifest, files.facts))
        content = bytearray(path.read_bytes())
        content[self.dice.randrange(len(content))] ^= 1 << self.dice.randrange(8)
        try:
            with path.open("r+b") as file:
                file.write(content)
        except OSError:
            return None
        self.corrupted.add(take.pk)
        return f"a bit of {path.name} of take {take.pk} turned"

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, act))

    def undo(self, *, everything: bool = False) -> None:
        """Let end what was to last for a while."""
        now = time.monotonic()
        due = [act for at, act in self.later if everything or at <= now]
        self.later = [] if everything else [(at, act) for at, act in self.later if at > now]
        for act in due:
            act()
        if everything and self.server is not None:
            wait_until(self.server.answers, seconds=60)
