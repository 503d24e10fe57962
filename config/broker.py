"""The message broker: dramatiq-postgres behind the guards that its use taught us to want.

Messages only ring the bell (the StageRun row is the truth), so a broker that cannot be reached must
never hold up a request: sending tries briefly, then raises, and the sweeper sends again later.

Guards:
- the pool opens on first use, in the process that uses it, against the connection that Django uses;
- its size is computed: each consumed queue pins two connections, the notifier one;
- a payload that PostgreSQL cannot store, or a queue name too long for a notification channel, is
  refused at once instead of being retried for minutes;
- a worker takes one message at a time, and dies with the master process that started it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import dramatiq
import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from dramatiq.common import current_millis, dq_name
from dramatiq.errors import BrokerConnectionError, DramatiqError
from dramatiq.middleware import Middleware, Retries, ShutdownNotifications, TimeLimit
from dramatiq_postgres.broker import QUERIES, PostgresBroker
from dramatiq_postgres.django.apps import DramatiqPostgresConfig
from dramatiq_postgres.django.middleware import DbConnectionsMiddleware
from dramatiq_postgres.utils import tidy4json
from psycopg.types.json import Json
from psycopg_pool import ConnectionPool

from config import other_brokers, tether
from config.tracing import MessageMarks

MAX_CHANNEL_BYTES = 63
"""PostgreSQL cuts identifiers, and so notification channels, at this length."""
MAX_MESSAGE_BYTES = 64 * 1024
"""Messages carry ids and paths, never objects; anything larger is a mistake."""
SEND_SECONDS = 3.0
"""How long a sender waits for the database before it gives up."""
HEARTBEAT_TTL = 30.0


class BadMessage(ValueError):
    """A message that the broker could never store; sending it again would not help."""


def pool_size(*, queues: int, threads: int) -> int:
    """Connections that a worker process needs at most.

    Each queue pins two (itself and its queue of delayed messages), the notifier one; each thread
    borrows one to acknowledge, and one is left for sending.
    """
    return 2 * queues + threads + 2


def connection_kwargs() -> dict[str, str]:
    """How to reach the database that Django uses at this moment (in tests: the test database)."""
    database = connections["default"].settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    names |= {"PORT": "port"}
    given = {libpq: str(database[key]) for key, libpq in names.items() if database.get(key)}
    return given | {
        "application_name": "reelproof-broker",
        "connect_timeout": "5",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "2",
    }


class LazyPool:
    """A connection pool opened on first use and again after a fork; no I/O before."""

    def __init__(self, reach: Callable[[], dict[str, str]] = connection_kwargs) -> None:
        self.reach = reach
        self.size = 4
        self._lock = threading.Lock()
        self._pool: ConnectionPool[Any] | None = None
        self._owner = 0

    @property
    def opened(self) -> ConnectionPool[Any]:
        with self._lock:
            if self._pool is None or self._owner != os.getpid():
                self._pool = ConnectionPool(
                    kwargs=self.reach(),
                    min_size=0,
                    max_size=self.size,
                    open=True,
                    # Broken connections are found and replaced when they are borrowed.
                    check=ConnectionPool.check_connection,
                    name="reelproof-broker",
                )
                self._owner = os.getpid()
            return self._pool

    def resize(self, size: int) -> None:
        """Allow that many connections, also if the pool is open already."""
        self.size = size
        with self._lock:
            if self._pool is not None and self._owner == os.getpid():
                self._pool.resize(min_size=0, max_size=size)

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = self.opened.getconn(timeout)
        return connection

    def putconn(self, connection: psycopg.Connection[Any]) -> None:
        self.opened.putconn(connection)

    def close(self) -> None:
        with self._lock:
            if self._pool is not None and self._owner == os.getpid():
                self._pool.close()
            self._pool = None


class GuardedBroker(PostgresBroker):
    """dramatiq-postgres with bounded sending, and messages checked before they are sent."""

    def __init__(self, *, middleware: list[Middleware], pool: LazyPool | None = None) -> None:
        super().__init__(
            pool=pool or LazyPool(),
            results=False,
            middleware=middleware,
            heartbeat_interval=HEARTBEAT_TTL / 4,
            heartbeat_ttl=HEARTBEAT_TTL,
            maintenance_interval=HEARTBEAT_TTL / 2,
        )

    def declare_queue(self, queue_name: str) -> None:
        check_queue_name(queue_name)
        super().declare_queue(queue_name)

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Store the message, or raise within a few seconds.

        Raises: BadMessage if it can never be stored; BrokerConnectionError if the database is out
        of reach just now.
        """
        check_queue_name(message.queue_name)
        self.emit_before("enqueue", message, delay)
        if delay:
            message = message.copy(queue_name=dq_name(message.queue_name))
            message.options["eta"] = current_millis() + delay
        self._insert(message, delay or 0)
        self.emit_after("enqueue", message, delay)
        return message

    def enqueue_within(self, message: dramatiq.Message[Any]) -> None:
        """Store the message with what the caller's transaction on Django's own connection writes.

        It is there if and only if that is, and costs no commit of its own. No bell is rung, since
        transactions that notify commit one after another: idle workers look every second.

        Raises: BadMessage if it can never be stored.
        """
        check_queue_name(message.queue_name)
        self.emit_before("enqueue", message, None)
        payload = json.dumps(check_payload(message))
        with connections["default"].cursor() as cursor:
            cursor.execute(
                QUERIES.ENQUEUE_QUIET, (message.queue_name, message.message_id, payload, 0)
            )
        self.emit_after("enqueue", message, None)

    def _insert(self, message: dramatiq.Message[Any], delay: int) -> None:
        row = (message.queue_name, message.message_id, Json(check_payload(message)), delay)
        try:
            connection = self.pool.getconn(timeout=SEND_SECONDS)
            try:
                with connection.transaction():
                    connection.execute(QUERIES.ENQUEUE, row)
            finally:
                self.pool.putconn(connection)
        except psycopg.DataError as error:
            raise BadMessage(f"the broker cannot store this message: {error}") from error
        except psycopg.Error as error:
            raise BrokerConnectionError(f"cannot send a message just now: {error}") from error

    def close(self) -> None:
        super().close()
        self.pool.close()


def check_queue_name(name: str) -> None:
    """Raises: BadMessage if the name is too long to be notified about."""
    channel = f"dramatiq.{dq_name(name)}.enqueue"
    if len(channel.encode()) > MAX_CHANNEL_BYTES:
        raise BadMessage(
            f"queue name {name!r} is too long: PostgreSQL allows {MAX_CHANNEL_BYTES} bytes for the "
            f"channel {channel!r}; choose a shorter name"
        )


def check_payload(message: dramatiq.Message[Any]) -> Any:
    """The message as JSON values that PostgreSQL's jsonb takes.

    Raises: BadMessage for what JSON cannot say, NUL characters, lone surrogates and bulk.
    """
    try:
        payload = tidy4json(message)
        text = message.encode()
    except (TypeError, ValueError, DramatiqError) as error:
        raise BadMessage(
            f"{message.actor_name} was sent something that JSON cannot hold ({error}); send ids, "
            "not objects"
        ) from error
    if len(text) > MAX_MESSAGE_BYTES:
        raise BadMessage(f"{message.actor_name}: {len(text)} bytes is no message; send an id")
    if not all(_storable(part) for part in _strings(payload)):
        raise BadMessage(
            f"{message.actor_name}: PostgreSQL stores neither NUL characters nor lone surrogates"
        )
    return payload


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return []


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


class WorkerGuard(Middleware):
    """Makes a worker process take one message at a time, and no more connections than it needs."""

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        # dramatiq's master does not take its workers along when it is killed. Not asked politely:
        # a worker whose master is gone can hang in its log pipe. The lease frees its run.
        tether.tie(signal.SIGKILL, parent=os.getppid())

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        # Runs take minutes to hours: one that is claimed early would wait behind another.
        worker.queue_prefetch = 1
        worker.delay_prefetch = 1
        queues = worker.consumer_whitelist or broker.get_declared_queues()
        if isinstance(broker, GuardedBroker):
            broker.pool.resize(pool_size(queues=len(queues), threads=worker.worker_threads))


def middleware() -> list[Middleware]:
    """Only what is used: retries are the engine's business, not the broker's."""
    from restoration.relay import Relays
    from restoration.workers import Presence

    return [
        TimeLimit(),
        ShutdownNotifications(),
        Retries(max_retries=0),
        DbConnectionsMiddleware(),
        WorkerGuard(),
        MessageMarks(),
        Presence(),
        Relays(),  # after Presence: what is told at the end is told from the last one on
    ]


def make_broker(url: str) -> dramatiq.Broker:
    """The broker that the setting BROKER_URL names; the database's own if it names none.

    Raises: ImproperlyConfigured for an unknown scheme or a library that is not installed.
    """
    scheme = url.partition("://")[0]
    if not url:
        return GuardedBroker(middleware=middleware())
    try:
        if scheme in ("amqp", "amqps"):
            return other_brokers.rabbitmq(url, middleware())
        if scheme in ("redis", "rediss"):
            return other_brokers.redis(url, middleware())
    except ImportError as error:
        raise ImproperlyConfigured(
            f"BROKER_URL={scheme}://... needs a library that is not here ({error}); install "
            "pika (RabbitMQ) or redis (Redis): the extra `brokers`"
        ) from error
    raise ImproperlyConfigured(
        f"BROKER_URL knows amqp:// and redis://, not {scheme}://; without it the database is used"
    )


class BrokerConfig(DramatiqPostgresConfig):
    """Stands in INSTALLED_APPS in place of `dramatiq_postgres.django`; same tables, our broker."""

    def ready(self) -> None:
        self.broker = make_broker(getattr(settings, "BROKER_URL", ""))
        dramatiq.set_broker(self.broker)
