"""Runs all of Reelproof's processes in the foreground, under supervisor.

`manage.py up` prepares and then becomes this (`python -m config.supervision CONFIGURATION`), so
that one process id stands for everything: Ctrl-C and SIGTERM stop the programs in order, the
database last; a program that ends comes back; and if this process is killed outright, the kernel
ends its children (`config.tether`).
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from supervisor import events
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.supervisord import Supervisor

ROOT = Path(__file__).resolve().parent.parent
LEVELS = (" WARNING ", " ERROR ", " CRITICAL ", "[ERROR]", "[CRITICAL]")
READY_WORDS = {
    "web": "ready for requests",
    "worker-cpu": "is ready for action",
    "worker-gpu": "is ready for action",
}
"""What a program says when it is ready; the others are once they have run for a moment."""


FIRST, LATE = 10, 100
QUIET_SECONDS = 60.0
"""A program that cannot run is mentioned once in this time, not at each attempt."""


@dataclass(frozen=True)
class Program:
    """One supervised program. `rank` orders the start, and backwards the stop."""

    name: str
    arguments: tuple[str, ...]
    rank: int = LATE
    stop_seconds: int = 15
    death: str = "KILL"
    """The signal it gets if the foreman dies. Workers cannot end gently when the database goes in
    the same moment; the leases of their runs end by themselves."""


def programs(*, home: Path, bind: str, port: int, embedded: bool) -> list[Program]:
    worker = ("-m", "dramatiq", "dramatiq_postgres.django.worker", "-p", "1", "-t", "1", "-Q")
    web = ("-m", "gunicorn", "config.wsgi", "-c", "config/web.py", "-b", f"{bind}:{port}")
    found = [
        Program("web", web),
        Program("worker-cpu", (*worker, "cpu", "cpu-urgent")),
        Program("worker-gpu", (*worker, "gpu", "gpu-urgent")),
        Program("sweeper", ("manage.py", "sweep", "--forever")),
        Program("watch", ("manage.py", "watch")),
    ]
    if not embedded:
        return [tied(program) for program in found]
    keeper = ("-m", "config.postgres", "keep", "--home", str(home))
    waiting = ("-m", "config.postgres", "after", "--home", str(home), sys.executable)
    found = [replace(program, arguments=(*waiting, *program.arguments)) for program in found]
    return [tied(Program("postgres", keeper, FIRST, 100, "TERM")), *map(tied, found)]


def tied(program: Program) -> Program:
    tether = ("-m", "config.tether", "--signal", f"SIG{program.death}", sys.executable)
    return replace(program, arguments=(*tether, *program.arguments))


def configuration(home: Path, wanted: list[Program]) -> str:
    """supervisord.conf's text.

    Raises:
        ValueError: the home folder's path cannot be written in that format.
    """
    for path in (str(home), str(ROOT), sys.executable):
        if any(sign in path for sign in ("\n", "\r", " ;", " #", "\t;", "\t#")):
            raise ValueError(f"{path!r} holds a line break, ' ;' or ' #': use another folder")
    log = home / "log"
    sections = [
        section(
            "supervisord",
            nodaemon="true",
            silent="true",
            logfile=log / "supervisord.log",
            logfile_maxbytes="2MB",
            logfile_backups=1,
            pidfile=home / "run" / "supervisord.pid",
            directory=ROOT,
            minfds=256,
            **({"user": "root"} if os.getuid() == 0 else {}),
        )
    ]
    others = [program.name for program in wanted if program.rank == LATE]
    sections.append(section("group:work", programs=",".join(others), priority=LATE))  # stop at once
    for program in wanted:
        sections.append(
            section(
                f"program:{program.name}",
                command=shlex.join([sys.executable, *program.arguments]),
                directory=ROOT,
                priority=program.rank,
                autorestart="true",
                startsecs=1,
                startretries=1_000_000,  # a database that is away for long must not be the end
                stopsignal="TERM",
                stopwaitsecs=program.stop_seconds,
                killasgroup="true",
                redirect_stderr="true",
                stdout_logfile=log / f"{program.name}.log",
                stdout_logfile_maxbytes="5MB",
                stdout_logfile_backups=2,
                stdout_events_enabled="true",
            )
        )
    return "\n".join(sections)


def section(name: str, **options: object) -> str:
    lines = [f"{key} = {str(value).replace('%', '%%')}\n" for key, value in options.items()]
    return f"[{name}]\n{''.join(lines)}"


class Console:
    """What a person at the terminal needs to know: ready, trouble, restarts, the end."""

    def __init__(self, names: set[str], address: str, log: Path) -> None:
        self.address = address
        self.log = log
        self.awaited = set(names)
        self.stopping = False
        self.beginnings: dict[str, str] = {}
        self.last_words: dict[str, str] = {}
        self.said: dict[str, float] = {}

    def say(self, words: str) -> None:
        try:
            print(words, flush=True)  # noqa: T201
        except OSError:  # the terminal is gone; the logs remain
            self.awaited.clear()

    def listen(self) -> None:
        events.subscribe(events.ProcessLogStdoutEvent, self.note_output)
        events.subscribe(events.ProcessStateRunningEvent, self.note_running)
        events.subscribe(events.ProcessStateExitedEvent, self.note_exit)
        events.subscribe(events.ProcessStateBackoffEvent, self.note_failed_start)
        events.subscribe(events.SupervisorStoppingEvent, self.note_stopping)

    def note_output(self, event: events.ProcessLogStdoutEvent) -> None:
        name = event.process.config.name
        text = event.data
        if isinstance(text, bytes):
            text = text.decode(errors="replace")
        *lines, rest = (self.beginnings.pop(name, "") + text).split("\n")
        self.beginnings[name] = rest[-2000:]
        for line in lines:
            if name in self.awaited and READY_WORDS.get(name, "\0") in line:
                self.note_ready(name)
            if line.strip():
                self.last_words[name] = line.strip()
            if any(level in line for level in LEVELS):
                self.say(f"[{name}] {line}")

    def note_running(self, event: events.ProcessStateEvent) -> None:
        name = event.process.config.name
        if name not in READY_WORDS:
            self.note_ready(name)

    def note_ready(self, name: str) -> None:
        if name in self.awaited:
            self.awaited.discard(name)
            if not self.awaited:
                self.say(f"Reelproof is ready: {self.address}")
                self.say(f"Ctrl-C stops it. Logs are in {self.log}.")

    def note_exit(self, event: events.ProcessStateEvent) -> None:
        self.say_at_times(event.process.config.name, "ended unexpectedly and is started again")

    def note_failed_start(self, event: events.ProcessStateEvent) -> None:
        self.say_at_times(event.process.config.name, "does not start; it is tried again")

    def say_at_times(self, name: str, words: str) -> None:
        now = time.monotonic()
        if not self.stopping and now - self.said.get(name, -QUIET_SECONDS) >= QUIET_SECONDS:
            self.said[name] = now
            self.say(f"{name} {words} ({self.log}/{name}.log).")
            if name in self.last_words:
                self.say(f"    its last words: {self.last_words[name][:300]}")

    def note_stopping(self, _event: events.Event) -> None:
        self.stopping = True
        self.say("Stopping; runs that are being worked on go back into the queue.")


class Foreman(Supervisor):  # type: ignore[misc]
    """Supervisor that tells its console what happens."""

    def __init__(self, options: ServerOptions, console: Console) -> None:
        super().__init__(options)
        self.console = console

    def runforever(self) -> None:
        self.console.listen()  # here, since `run` clears what subscribed before
        super().runforever()


def become_foreman(configuration_file: Path, address: str) -> None:
    """Replace this process by the foreman; does not come back."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(ROOT)
    arguments = [sys.executable, "-m", "config.supervision", str(configuration_file), address]
    os.execv(sys.executable, arguments)


def main(configuration_file: str, address: str) -> None:
    options = ServerOptions()
    options.realize(["-c", configuration_file, "-n"], doc=__doc__)
    options.first = True
    options.test = False
    names = {
        process.name for group in options.process_group_configs for process in group.process_configs
    }
    console = Console(names, address, Path(options.logfile).parent)
    try:
        Foreman(options, console).main()
    except asyncore.ExitNow:
        pass
    finally:
        options.close_logger()
    console.say("Stopped.")


if __name__ == "__main__":
    main(*sys.argv[1:])
