"""RabbitMQ and Redis as brokers, with what their use for runs of hours needs.

The row of a run is the truth and its message only rings the bell, so neither may hold up a request,
and a message that comes twice, late or never costs a look at the row.

- RabbitMQ: quorum queues (replicated, and durable on one node too), publisher confirms. A consumer
  that does not acknowledge within the server's `consumer_timeout` (half an hour by default) loses
  its channel and the message is delivered again; the second delivery finds the run taken.
- Redis: what a dead worker had fetched is given back by chance after each call; ten times as often
  as dramatiq's default, since our messages are few. The engine's sweeper does not wait for it.

This module imports pika or redis only when that broker is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import dramatiq
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Middleware

SEND_SECONDS = 3
"""How long a sender waits for a server that does not answer."""
_MAINTENANCE = 10_000  # of a million calls
_HEARTBEAT_MS = 30_000


def rabbitmq(url: str, middleware: list[Middleware]) -> dramatiq.Broker:
    """A broker over quorum queues.

    Args:
        url: amqp:// or amqps://; several servers of a cluster separated by semicolons.

    Raises: ImportError without pika.
    """
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    class QuorumBroker(RabbitmqBroker):
        def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
            arguments: dict[str, Any] = super()._build_queue_arguments(queue_name)
            return arguments | {"x-queue-type": "quorum"}

    urls = [with_defaults(one, _PATIENCE) for one in url.split(";")]
    return QuorumBroker(url=urls, confirm_delivery=True, middleware=middleware)


_PATIENCE = {
    "connection_attempts": "1",
    "socket_timeout": str(SEND_SECONDS),
    "stack_timeout": str(SEND_SECONDS),
    "blocked_connection_timeout": str(SEND_SECONDS),
}


def with_defaults(url: str, limits: Mapping[str, str]) -> str:
    """The address with these limits for a server that does not answer, unless it names its own."""
    parts = urlsplit(url)
    told = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return urlunsplit(parts._replace(query=urlencode({**limits, **told})))


def silent(url: str) -> dict[str, str]:
    """Servers of a broker's address that do not answer, each with why; all of them are asked.

    Args:
        url: as BROKER_URL, amqp(s):// or redis(s)://; servers of a cluster separated by semicolons.

    Raises: ImportError without pika or redis.
    """
    asked = {where(one): _trial(one) for one in url.split(";")}
    return {server: why for server, why in asked.items() if why}


def where(url: str) -> str:
    """Host and port of one server, without name and password: this is shown and logged."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    return f"{parts.hostname or '127.0.0.1'}:{port}"


_PORTS = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}


def _trial(url: str) -> str:
    return _rabbitmq_trial(url) if url.startswith("amqp") else _redis_trial(url)


def _rabbitmq_trial(url: str) -> str:
    import pika
    from pika.exceptions import AMQPError

    logging.getLogger("pika").setLevel(logging.CRITICAL)  # it logs what it raises, six times over
    try:
        pika.BlockingConnection(pika.URLParameters(with_defaults(url, _PATIENCE))).close()
    except (AMQPError, OSError) as error:
        return _said(error)
    return ""


def _redis_trial(url: str) -> str:
    from redis import Redis
    from redis.exceptions import RedisError

    limits = {"socket_connect_timeout": str(SEND_SECONDS), "socket_timeout": str(SEND_SECONDS)}
    try:
        with Redis.from_url(with_defaults(url, limits)) as client:
            client.ping()
    except (RedisError, OSError) as error:
        return _said(error)
    return ""


def _said(error: BaseException) -> str:
    """What happened, in words; pika wraps it, in turns as an argument and as an attribute."""
    inner = getattr(error, "exception", None) or next(iter(error.args), None)
    if isinstance(inner, BaseException):
        return _said(inner)
    return str(error).strip() or type(error).__name__


def redis(url: str, middleware: list[Middleware]) -> dramatiq.Broker:
    """Raises: ImportError without redis."""
    from dramatiq.brokers.redis import RedisBroker
    from redis.exceptions import RedisError

    class ToldBroker(RedisBroker):
        def enqueue(
            self, message: dramatiq.Message[Any], *, delay: int | None = None
        ) -> dramatiq.Message[Any]:
            try:
                sent: dramatiq.Message[Any] = super().enqueue(message, delay=delay)
            except RedisError as error:  # dramatiq lets it through as it is
                raise BrokerConnectionError(str(error)) from error
            return sent

    return ToldBroker(
        url=with_defaults(url, {"socket_connect_timeout": str(SEND_SECONDS)}),
        middleware=middleware,
        maintenance_chance=_MAINTENANCE,
        heartbeat_timeout=_HEARTBEAT_MS,
    )
