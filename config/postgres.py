"""Keeps the embedded PostgreSQL server: starts it, waits for it, restarts it, stops it.

One *keeper* process (`python -m config.postgres keep`) has the server as its direct child, so a
dead server is reaped at once and never mistaken for a live one. Two lock files in HOME/run say
everything that pid files say unreliably:

postgres.lock   held by the keeper and, through inheritance, by every process of the server. Who
                gets it knows that nothing of an earlier server is left.
postgres.users  held shared by everyone who needs the server. A keeper started by a command stops
                the server when it can take this lock for itself; however the command ended.

`manage.py up` runs a keeper that stays; `running()` uses the server that is there, or starts a
keeper for as long as somebody needs it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from config import cluster
from config.cluster import ClusterError, Place
from config.tether import tied

SETTINGS = ("listen_addresses=", "unix_socket_permissions=0700", "jit=off", "max_connections=200")
EXCLUSIVE, SHARED = fcntl.LOCK_EX, fcntl.LOCK_SH
POLL_SECONDS = 0.05
WORDS_EVERY_SECONDS = 5.0
STOP_SECONDS = 60.0
LINGER_SECONDS = 1.0
"""How long a command waits for the server that it started; others may need it for longer."""
LOG_LIMIT_BYTES = 10_000_000
OUTLIVING: list[subprocess.Popen[bytes]] = []
"""Keepers that this process started and no longer needs, but somebody else does."""

Say = Callable[[str], None]


def say_on_stderr(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201


def open_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def take(handle: int, kind: int) -> bool:
    """Take a lock without waiting; say whether it worked."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# The server -----------------------------------------------------------------------------------


class Server:
    """One `postgres` process, started and ended by this process."""

    def __init__(self, place: Place, lock: int, *, options: tuple[str, ...] = ()) -> None:
        self.place = place
        self.lock = lock
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.log_start = 0

    def start(self) -> None:
        """Start it and return at once; `wait_until_ready` follows. The lock must be held."""
        binaries = cluster.find_binaries(self.place)
        cluster.make_cluster(self.place, binaries, sync="fsync=off" not in self.options)
        cluster.make_private_folder(self.place.sockets, self.place)
        clear_leftovers(self.place)
        cluster.write_access_rules(self.place)
        settings = [
            *SETTINGS,
            *cluster.sized_settings(binaries),
            f"unix_socket_directories={self.place.sockets}",
            *self.options,
        ]
        command = [str(binaries / "postgres"), "-D", str(self.place.data)]
        for setting in settings:
            command += ["-c", setting]
        self.place.log.parent.mkdir(parents=True, exist_ok=True)
        with self.place.log.open("ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=cluster.server_environment(),
                pass_fds=[self.lock],
                start_new_session=True,  # Ctrl-C in the terminal is for the keeper, not for it
                preexec_fn=tied(signal.SIGINT),
                **cluster.run_as(self.place),  # type: ignore[call-overload]
            )

    def is_ready(self) -> bool:
        """Whether the postmaster itself wrote that it takes connections."""
        assert self.process is not None
        lines = pid_file_lines(self.place)
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7] == "ready"

    def wait_until_ready(self, say: Say, *, stopping: Callable[[], bool]) -> bool:
        """Wait as long as it lives: crash recovery takes what it takes. False if told to stop."""
        assert self.process is not None
        began = last = time.monotonic()
        while not self.is_ready():
            if stopping():
                return False
            if self.process.poll() is not None:
                raise ClusterError(
                    f"PostgreSQL ended while starting. Its last words in {self.place.log}:\n"
                    + last_words(self.place.log, since=self.log_start)
                )
            now = time.monotonic()
            if now - last >= WORDS_EVERY_SECONDS:
                last = now
                say(
                    f"PostgreSQL is still starting after {now - began:.0f} s: "
                    f"{last_words(self.place.log, lines=1)}"
                )
            time.sleep(POLL_SECONDS)
        return True

    def stop(self) -> None:
        """End it: first so that it needs no recovery, at last by force."""
        if self.process is None:
            return
        for sent in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            self.process.send_signal(sent)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS if sent == signal.SIGINT else 10)


def pid_file_lines(place: Place) -> list[str]:
    try:
        return [line.strip() for line in (place.data / "postmaster.pid").read_text().splitlines()]
    except (FileNotFoundError, UnicodeDecodeError):
        return []


def last_words(log: Path, *, lines: int = 8, since: int = 0) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - 4000))
            return "\n".join(file.read().decode(errors="replace").strip().splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


def clear_leftovers(place: Place) -> None:
    """Remove the pid file of a server that is gone.

    We hold the lock that every process of our own servers holds, so the file is stale whatever it
    says: its process may be gone, a zombie, or another program that got the same number. Only a
    server that somebody started by hand on this folder would not hold it; that one is named.
    """
    lines = pid_file_lines(place)
    if lines and lines[0].isdecimal() and serves(int(lines[0]), place.data):
        raise ClusterError(
            f"Process {lines[0]} is a PostgreSQL server on {place.data} that Reelproof did not "
            "start. Stop it first."
        )
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    place.socket.unlink(missing_ok=True)
    place.socket.with_name(f"{place.socket.name}.lock").unlink(missing_ok=True)


def serves(pid: int, data: Path) -> bool:
    """Whether a process works in that data folder, as only its server does; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data
    except OSError:  # gone, a zombie, or not ours to look at
        return False


# The keeper -----------------------------------------------------------------------------------


class Keeper:
    """Holds the lock, keeps a server alive, and ends it on a signal or when nobody needs it."""

    def __init__(self, place: Place, *, while_used: bool, options: tuple[str, ...], say: Say):
        self.place = place
        self.while_used = while_used
        self.options = options
        self.say = say
        self.told_to_stop = False

    def keep(self) -> None:
        for caught in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(caught, self.note_signal)
        lock = open_lock(self.place.lock)
        users = open_lock(self.place.users)
        if not self.wait_for_lock(lock, users):
            return
        os.set_inheritable(lock, True)  # noqa: FBT003
        trim(self.place.log)
        server = Server(self.place, lock, options=self.options)
        try:
            while not self.told_to_stop and self.serve_once(server, users):
                self.say("PostgreSQL ended unexpectedly; starting it again.")
        finally:
            server.stop()

    def note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True

    def wait_for_lock(self, lock: int, users: int) -> bool:
        """Take the server's lock; a keeper that stays waits for it, as one of the other's users."""
        if take(lock, EXCLUSIVE):
            return True
        if self.while_used:
            return False
        fcntl.flock(users, SHARED)
        self.say("Another process runs the database; waiting to take over.")
        while not self.told_to_stop and not take(lock, EXCLUSIVE):
            time.sleep(POLL_SECONDS)
        fcntl.flock(users, fcntl.LOCK_UN)
        return not self.told_to_stop

    def serve_once(self, server: Server, users: int) -> bool:
        """Run the server until it ends (True), or until it should end (False)."""
        server.start()
        if not server.wait_until_ready(self.say, stopping=lambda: self.told_to_stop):
            return False
        self.say(f"PostgreSQL is ready ({self.place.socket}).")
        assert server.process is not None
        while not self.told_to_stop:
            with suppress(subprocess.TimeoutExpired):
                server.process.wait(0.2)
                return True
            if self.while_used and take(users, EXCLUSIVE):
                return False  # kept until we exit: whoever comes now waits and starts its own
        return False


def trim(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


# Those who need it ----------------------------------------------------------------------------


def is_reachable(place: Place) -> bool:
    """Whether the application can connect right now."""
    import psycopg

    try:
        psycopg.connect(
            host=str(place.sockets),
            port=cluster.PORT,
            user=cluster.APPLICATION_ROLE,
            dbname=cluster.DATABASE,
            connect_timeout=5,
        ).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def running(
    home: Path, *, options: tuple[str, ...] = (), say: Say = say_on_stderr
) -> Iterator[Place]:
    """Have the embedded server run inside the block, whoever runs it.

    Raises:
        ClusterError: it cannot be started; the message says why and what to do.
    """
    place = cluster.find_place(home)
    users = open_lock(place.users)
    keeper = None
    try:
        fcntl.flock(users, SHARED)
        keeper = wait_until_reachable(place, options, say)
        yield place
    finally:
        os.close(users)
        if keeper is not None:
            with suppress(subprocess.TimeoutExpired):
                keeper.wait(LINGER_SECONDS)
            OUTLIVING[:] = [other for other in [*OUTLIVING, keeper] if other.poll() is None]


def wait_until_reachable(
    place: Place, options: tuple[str, ...], say: Say
) -> subprocess.Popen[bytes] | None:
    """Start a keeper as soon as nobody else has one; give back the last one started here."""
    keeper: subprocess.Popen[bytes] | None = None
    words = place.home / "log" / "postgres-keeper.log"
    began = last = time.monotonic()
    while not is_reachable(place):
        if keeper is not None and keeper.poll() not in (None, 0):
            raise ClusterError(last_words(words, lines=40))
        if (keeper is None or keeper.poll() is not None) and lock_is_free(place):
            keeper = start_keeper(place, options, words)
        now = time.monotonic()
        if now - last >= WORDS_EVERY_SECONDS:
            last = now
            said = last_words(words, lines=1) or f"see {place.log}"
            say(f"Waiting for PostgreSQL for {now - began:.0f} s: {said}")
        time.sleep(POLL_SECONDS)
    return keeper


def lock_is_free(place: Place) -> bool:
    handle = open_lock(place.lock)
    try:
        return take(handle, EXCLUSIVE)
    finally:
        os.close(handle)


def start_keeper(place: Place, options: tuple[str, ...], words: Path) -> subprocess.Popen[bytes]:
    """Start a keeper in a session of its own: it outlives this command if others need it."""
    command = [sys.executable, "-m", "config.postgres", "keep", "--while-used"]
    command += ["--home", str(place.home)]
    for option in options:
        command += ["--option", option]
    words.parent.mkdir(parents=True, exist_ok=True)
    with words.open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).resolve().parent.parent,
            start_new_session=True,
        )


def become_after(place: Place, program: list[str], say: Say) -> None:
    """Wait until the server, which somebody else runs, takes connections; then become a program."""
    began = last = time.monotonic()
    while not is_reachable(place):
        now = time.monotonic()
        if now - last >= WORDS_EVERY_SECONDS:
            last = now
            say(f"Waiting for PostgreSQL for {now - began:.0f} s ({place.log}).")
        time.sleep(POLL_SECONDS)
    os.execvp(program[0], program)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.postgres", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    keep = actions.add_parser("keep", help="run the server until told to stop")
    keep.add_argument("--home", type=Path, required=True)
    keep.add_argument("--while-used", action="store_true", help="... or until nobody needs it")
    keep.add_argument("--option", action="append", default=[], help="such as fsync=off")
    after = actions.add_parser("after", help="wait for the server, then become a program")
    after.add_argument("--home", type=Path, required=True)
    after.add_argument("program", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.action == "after":
            become_after(cluster.find_place(chosen.home), chosen.program, say_on_stderr)
        keeper = Keeper(
            cluster.find_place(chosen.home),
            while_used=chosen.while_used,
            options=tuple(chosen.option),
            say=say_on_stderr,
        )
        keeper.keep()
    except ClusterError as error:
        say_on_stderr(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
