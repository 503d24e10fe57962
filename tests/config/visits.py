"""Processes that use an embedded database, for tests to start, watch and kill.

`python -m tests.config.visits hold HOME` prints "in" and stays until its input ends.
`python -m tests.config.visits stale HOME` starts the server on one leftover pid file after another.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from config import cluster
from config.postgres import running

OPTIONS = ("fsync=off",)


def connect(place: cluster.Place, *, user: str = cluster.OWNER_ROLE) -> psycopg.Connection:
    return psycopg.connect(
        host=str(place.sockets), user=user, dbname=cluster.DATABASE, autocommit=True
    )


def hold(home: Path) -> None:
    with running(home, options=OPTIONS):
        print("in", flush=True)
        sys.stdin.read()
    print("out", flush=True)


def stale(home: Path) -> None:
    with running(home, options=OPTIONS) as place:
        real = (place.data / "postmaster.pid").read_text()
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # dead, and not reaped
    live = subprocess.Popen(["sleep", "600"])
    dead = subprocess.Popen(["true"])
    dead.wait()
    _, *rest = real.splitlines(keepends=True)
    contents: dict[str, Callable[[], str]] = {
        "of a process that is gone": lambda: "".join([f"{dead.pid}\n", *rest]),
        "of a zombie": lambda: "".join([f"{zombie.pid}\n", *rest]),
        "of another program": lambda: "".join([f"{live.pid}\n", *rest]),
        "of this very process": lambda: "".join([f"{os.getpid()}\n", *rest]),
        "empty": lambda: "",
        "cut short": lambda: real[:7],
        "garbage": lambda: "\0\0\0\nbroken",
    }
    try:
        for case, content in contents.items():
            (place.data / "postmaster.pid").write_text(content())
            with running(home, options=OPTIONS) as place, connect(place) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            print(case, flush=True)
    finally:
        live.kill()
        live.wait()
        zombie.wait()


if __name__ == "__main__":
    {"hold": hold, "stale": stale}[sys.argv[1]](Path(sys.argv[2]))
