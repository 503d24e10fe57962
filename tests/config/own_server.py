"""A PostgreSQL server of one's own, reached over TCP with passwords, as docs/install.md says."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from config import cluster
from tests.config.conftest import ROOT

PASSWORD = "a word: with/odd @signs"
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class OwnServer:
    port: int

    def connect(self, role: str, database: str = "reelproof") -> psycopg.Connection[tuple[object]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=role,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )

    def url(self, role: str) -> str:
        from urllib.parse import quote

        return f"postgresql://{role}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/reelproof"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url(cluster.APPLICATION_ROLE),
            "DATABASE_OWNER_URL": self.url(cluster.OWNER_ROLE),
        }


def documented_commands() -> list[tuple[str, str]]:
    """The SQL of docs/install.md, a statement at a time, each with the database it is meant for."""
    text = (ROOT / "docs/install.md").read_text()
    found = re.search(r"```sql\n(.*?)```", text, re.DOTALL)
    assert found is not None
    before, after = re.split(r"\\connect reelproof\n", found[1])
    commands = []
    for database, part in (("postgres", before), ("reelproof", after)):
        for statement in filter(None, (one.strip() for one in part.split(";"))):
            commands.append((database, statement.replace("'...'", f"'{PASSWORD}'")))
    return commands


@contextmanager
def own_server(home: Path) -> Iterator[OwnServer]:
    """A cluster in a folder of its own, on a TCP port and no Unix socket; set up from the docs."""
    place = cluster.find_place(home / "server")
    binaries = cluster.find_binaries(place)
    as_server = cluster.run_as(place)
    data, password = home / "data", home / "password"
    password.write_text(PASSWORD)
    cluster.make_private_folder(data, place)
    password.chmod(0o644)
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256",
         f"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
        check=True, capture_output=True, cwd="/", env=cluster.server_environment(), **as_server,
    )  # fmt: skip
    server = OwnServer(free_port())
    settings = (*QUICK, f"port={server.port}", "listen_addresses=127.0.0.1")
    options = [part for one in (*settings, "unix_socket_directories=") for part in ("-c", one)]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            cwd="/", stdout=log, stderr=log, env=cluster.server_environment(), **as_server,
        )  # fmt: skip
    try:
        wait_until_reachable(server, process, home / "log")
        for database, statement in documented_commands():
            with server.connect("postgres", database) as connection:
                connection.execute(statement)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def wait_until_reachable(server: OwnServer, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            server.connect("postgres", "postgres").close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.05)
