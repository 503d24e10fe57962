"""Rounds of work on a film of twenty scenes, while faults from a seed strike the installation."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, TypeVar
from uuid import UUID

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, connection

from archive.models import Scan
from restoration import runs
from restoration.models import StageRun, Take
from tests.restoration.chaos import reckoning
from tests.restoration.chaos.faults import Strikes
from tests.restoration.engine.processes import wait_until

T = TypeVar("T")
STAGES = ("deflicker", "repair")
DRAIN_SECONDS = 110.0
"""How long the last round may take once the faults are over."""
BY_A_PERSON = ("the disk is full", "Given up after", "no space is left")
"""Ends that a person answers by asking again, while the faults go on."""


def patiently(act: Callable[[], T], *, seconds: float = 40.0) -> T:
    """What this process asks of the database, which is away at times."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@dataclass
class Chaos:
    scan: Scan
    scenes: int
    strikes: Strikes
    batches: set[UUID] = field(default_factory=set)
    struck: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    """Seconds from a worker's death until its run was taken up or had ended; a lease of 4 s."""
    asked_again: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def go(self, *, faults: int, seconds: float) -> dict[str, Any]:
        """Strike so often, in about that time, and then see whether everything comes to its end.

        Returns: what happened and, by name, what does not hold; each of those lists is empty if
        the engine kept its promises.
        """
        pause = seconds / faults
        while self.struck.total() < faults and time.monotonic() - self.began < 1.5 * seconds:
            if not patiently(StageRun.objects.filter(status="queued").count):
                self.ask()
            self.strike()
            until = time.monotonic() + self.strikes.dice.uniform(0.4, 1.6) * pause
            while time.monotonic() < until:
                self.tend()
        self.say("the faults are over")
        self.strikes.undo(everything=True)
        reported = self.settle()
        return self.report(reported)

    def ask(self) -> None:
        """Another round, of other parameters, so that nothing stands. Every third is urgent."""
        strength = round(1.0 - 0.01 * len(self.batches), 2)
        started = patiently(
            lambda: runs.process_reel(
                self.scan.reel,
                stages=STAGES,
                params={"deflicker": {"strength": strength}},
                urgent=len(self.batches) % 3 == 2,
            )
        )
        self.batches.add(started[0].batch)
        self.say(f"round {len(self.batches)}: {len(started)} runs")

    def strike(self) -> None:
        fault = self.strikes.dice.choice(self.strikes.kinds())
        found = patiently(fault)
        if found is not None:
            self.struck[fault.__name__] += 1
            self.say(f"{self.struck.total():4} {found}")

    def tend(self) -> None:
        """What init, and a person who looks at the queue page, would do."""
        self.strikes.undo()
        for program in (*self.strikes.workers, self.strikes.sweeper):
            if program.is_gone:
                program.start()
        patiently(self.see_who_recovered)
        patiently(self.ask_again)
        time.sleep(0.1)

    def see_who_recovered(self) -> None:
        for run in StageRun.objects.filter(pk__in=list(self.strikes.lost)):
            at, token = self.strikes.lost[run.pk]
            if run.token > token or run.status not in StageRun.OPEN:
                self.recoveries.append(time.monotonic() - at)
                del self.strikes.lost[run.pk]

    def ask_again(self) -> None:
        if self.strikes.disk.ballast.exists():
            return
        for run in StageRun.objects.filter(status="failed"):
            why = next((words for words in BY_A_PERSON if words in run.error), None)
            if why is not None:
                runs.retry(run)
                self.asked_again[why] += 1

    def settle(self) -> set[int]:
        """Let all runs end; find damaged takes, have them made again, and go on with what failed.

        Returns: the takes that the installation itself reported as damaged.
        """
        self.drain()
        reported: set[int] = set()
        for _ in range(4):
            found = check_takes()
            reported |= found
            self.say(f"{len(found)} damaged takes are made again")
            self.drain()
            for run in StageRun.objects.filter(status="failed"):
                self.asked_again[run.error.splitlines()[0][-60:]] += 1
                runs.retry(run)
            self.drain()
            if not found and not StageRun.objects.exclude(status="done").exists():
                break
        # Views that were asked for last, and folders that the sweeper has not seen yet.
        wait_until(lambda: runs.sweep() is not None and not reckoning.orphans(), seconds=20)
        return reported

    def drain(self) -> None:
        def ended() -> bool:
            self.tend()
            return not patiently(StageRun.objects.filter(status__in=StageRun.OPEN).exists)

        wait_until(ended, seconds=DRAIN_SECONDS)

    def report(self, reported: set[int]) -> dict[str, Any]:
        return {
            "faults": self.struck.total(),
            "by_kind": dict(sorted(self.struck.items())),
            "rounds": len(self.batches),
            "runs": StageRun.objects.count(),
            "takes": Take.objects.count(),
            "asked_again": dict(self.asked_again),
            "program_starts": sum(
                program.starts for program in (*self.strikes.workers, self.strikes.sweeper)
            ),
            "recovery_seconds": {
                "runs": len(self.recoveries),
                "longest": round(max(self.recoveries, default=0.0), 1),
            },
            "corrupted": len(self.strikes.corrupted),
            "seconds": round(time.monotonic() - self.began),
            "wrong": {
                "lost": reckoning.lost(self.batches, scenes=self.scenes, stages=len(STAGES)),
                "duplicate": reckoning.duplicates(self.batches),
                "orphans": reckoning.orphans(),
                "corrupt": reckoning.unsound(),
                "events": reckoning.broken_events(),
                "not_reported": sorted(self.strikes.corrupted - reported),
                "reported_though_intact": sorted(reported - self.strikes.corrupted),
            },
        }

    def say(self, words: str) -> None:
        line = f"{time.monotonic() - self.began:6.1f} s  {words}"
        self.said.append(line)
        sys.stderr.write(f"{line}\n")


def check_takes() -> set[int]:
    """`manage.py check_takes --mend`; the takes that it found damaged."""
    told = StringIO()
    try:
        call_command("check_takes", "--mend", "--json", stdout=told)
    except CommandError as error:
        raise AssertionError(f"{error} {told.getvalue()}") from error
    return {each["id"] for each in json.loads(told.getvalue())["damaged"]}


def dice(seed: int) -> random.Random:
    return random.Random(seed)
