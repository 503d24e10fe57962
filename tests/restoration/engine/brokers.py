"""RabbitMQ and Redis from Debian's packages, on loopback, each for one test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dramatiq
import pytest

from config.tether import tied
from tests.restoration.engine.processes import wait_until

RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A broker that can be stopped and started again with what it had stored."""

    command: list[str]
    environment: dict[str, str]
    url: str
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        self.begin()
        wait_until(self.answers, seconds=60)

    def begin(self) -> None:
        """Start it and do not wait for it; it ends with the thread that asked."""
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=tied(signal.SIGKILL),
        )

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"AMQP\x00\x00\x09\x01" if "amqp" in self.url else b"PING\r\n")
                return bool(client.recv(8))
        except OSError:
            return False

    def stop(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, 9)
        self.process.wait()


@contextmanager
def sending_to(url: str) -> Iterator[None]:
    """Have this process send to another broker, as its settings would say."""
    from config.broker import make_broker
    from restoration import tasks  # noqa: F401  actors belong to the broker that they first meet

    before, broker = dramatiq.get_broker(), make_broker(url)
    actors = list(before.actors.values())
    for actor in actors:
        actor.broker = broker
        broker.declare_actor(actor)
    dramatiq.set_broker(broker)
    try:
        yield
    finally:
        for actor in actors:
            actor.broker = before
        dramatiq.set_broker(before)
        broker.close()


@contextmanager
def running(kind: str, folder: Path, *, patience: int = 2_000) -> Iterator[Server]:
    """patience: milliseconds that RabbitMQ bears a silent consumer; half an hour as it ships."""
    server = _rabbitmq(folder, patience) if kind == "rabbitmq" else _redis(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _redis(folder: Path) -> Server:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("install redis-server")
    port = free_port()
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    return Server([*command, "--appendonly", "yes"], {}, f"redis://127.0.0.1:{port}/0", port)


def _rabbitmq(folder: Path, patience: int) -> Server:
    if not RABBIT.exists():
        pytest.skip("install rabbitmq-server")
    port = free_port()
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users = none\n"
        f"consumer_timeout = {patience}\n"
    )
    # How often it looks for consumers that do not acknowledge; a minute by default.
    (folder / "advanced.config").write_text("[{rabbit, [{channel_tick_interval, 1000}]}].\n")
    environment = {
        "HOME": str(folder),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_NODENAME": f"reelproof-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    return Server([str(RABBIT)], environment, f"amqp://guest:guest@127.0.0.1:{port}/%2F", port)
