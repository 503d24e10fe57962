"""The only writer of events: append-only, hash-chained, each by a person or a program.

A chain is one reel's history ("reel:7") or the archive's own ("archive"). Who records in both does
the reel's first, so that two of them cannot wait for each other's lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

import archive
from archive import ledger
from archive.errors import CustodyError
from archive.ledger import EventRecord, Head
from archive.models import Agent, Event, Reel

ARCHIVE_CHAIN = "archive"

recorded = Signal()
"""Sent with `events`, in the transaction that they were written in."""


def person(user: AbstractBaseUser) -> Agent:
    """The agent that stands for a user; a name that another user had before is told apart."""
    name = user.get_username()
    known = Agent.objects.filter(kind=Agent.Kind.PERSON, user_id=user.pk)
    mine = known.filter(name__in=[name, f"{name} (user {user.pk})"]).first()
    if mine is not None:
        return mine
    taken = Agent.objects.filter(kind=Agent.Kind.PERSON, name=name).exists()
    agent, _ = Agent.objects.get_or_create(
        kind=Agent.Kind.PERSON,
        name=f"{name} (user {user.pk})" if taken else name,
        version="",
        defaults={"user_id": user.pk},
    )
    return agent


def software(name: str = "Reelproof", *, version: str = archive.__version__) -> Agent:
    kind, columns = Agent.Kind.SOFTWARE, ["id", "kind", "name", "version", "user_id"]
    with connection.cursor() as cursor:  # Asked at each event: a third of what a query set takes.
        cursor.execute(
            "SELECT id, kind, name, version, user_id FROM archive_agent"
            " WHERE kind = %s AND name = %s AND version = %s",
            [kind, name, version],
        )
        found = cursor.fetchone()
    if found is not None:
        return Agent.from_db(connection.alias, columns, found)
    agent, _ = Agent.objects.get_or_create(kind=Agent.Kind.SOFTWARE, name=name, version=version)
    return agent


def reel_chain(reel: Reel) -> str:
    return f"reel:{reel.pk}"


@dataclass(frozen=True, slots=True)
class Telling:
    """An event that has no place in a chain yet; the fields of `record`."""

    kind: str
    subject: str
    reel: Reel | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    outcome: str = "success"
    at: datetime | None = None
    agent: Agent | None = None
    """None: whoever records them all."""

    @property
    def chain(self) -> str:
        return reel_chain(self.reel) if self.reel is not None else ARCHIVE_CHAIN


def record(
    *,
    kind: str,
    agent: Agent,
    subject: str,
    reel: Reel | None = None,
    detail: dict[str, Any] | None = None,
    outcome: str = "success",
    at: datetime | None = None,
) -> Event:
    """Append an event to the reel's chain (the archive's if there is none).

    Inside the caller's transaction: the event stands if and only if what it tells of stands.

    Args:
        kind: A PREMIS event type such as "ingestion", or our own word.
        subject: What it happened to, such as "take:12".
        detail: JSON; file names that are not valid text must have been refused before.
    """
    return record_all([Telling(kind, subject, reel, detail or {}, outcome, at)], agent=agent)[0]


def record_all(tellings: Sequence[Telling], *, agent: Agent) -> list[Event]:
    """Append many events in their order, each chain locked and read once.

    Args:
        agent: of those that name none.

    Inside the caller's transaction, as `record`.
    """
    if not tellings:
        return []
    chains = sorted({each.chain for each in tellings}, key=lambda name: (name == "archive", name))
    details = _as_json([each.detail for each in tellings])
    with transaction.atomic(savepoint=False):  # The caller's stands or falls as one with the event.
        stored = _lock_chains(chains, details)
        heads, made = _heads(chains), list[Event]()
        for each, detail in zip(tellings, stored, strict=True):
            event = _following(heads.get(each.chain, {"sequence": 0, "digest": ""}), each, detail)
            event.agent = each.agent or agent
            event.digest = ledger.event_digest(as_record(event))
            heads[each.chain] = {"sequence": event.sequence, "digest": event.digest}
            made.append(event)
        kept = _insert(made) if len(made) == 1 else Event.objects.bulk_create(made, batch_size=500)
        recorded.send(sender=None, events=kept)
        return kept


_INSERT = """
INSERT INTO archive_event (chain, sequence, at, kind, agent_id, reel_id, subject, outcome, detail,
    previous, digest, request)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s) RETURNING id
"""


def _insert(events: list[Event]) -> list[Event]:
    """Write one event, as a run does when it ends: a query set takes three times as long."""
    (event,) = events
    values: list[Any] = [
        event.chain,
        event.sequence,
        event.at,
        event.kind,
        event.agent_id,
        event.reel_id,
    ]
    values += [event.subject, event.outcome, json.dumps(event.detail), event.previous, event.digest]
    values.append(event.request)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        (event.pk,) = cursor.fetchone()
    event._state.adding, event._state.db = False, connection.alias
    return events


def _following(head: Head, told: Telling, detail: Any) -> Event:
    return Event(
        chain=told.chain,
        sequence=head["sequence"] + 1,
        at=told.at or timezone.now(),
        kind=told.kind,
        reel=told.reel,
        subject=told.subject,
        outcome=told.outcome,
        detail=detail,
        previous=head["digest"],
    )


def as_record(event: Event) -> EventRecord:
    """Everything an event says, in the form that its digest covers."""
    return {
        "chain": event.chain,
        "sequence": event.sequence,
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "kind": event.kind,
        "agent": {
            "kind": event.agent.kind,
            "name": event.agent.name,
            "version": event.agent.version,
            "user": event.agent.user_id,
        },
        "reel": event.reel_id,
        "subject": event.subject,
        "outcome": event.outcome,
        "detail": event.detail,
        "previous": event.previous,
        "digest": event.digest,
    }


def records(chain: str | None = None) -> Iterator[EventRecord]:
    """The events of one chain, or of all, in order, a few at a time."""
    events = Event.objects.select_related("agent").order_by("chain", "sequence")
    if chain is not None:
        events = events.filter(chain=chain)
    return (as_record(event) for event in events.iterator(chunk_size=2000))


def verify_chain(chain: str) -> list[str]:
    """Say which events were changed, are missing or do not follow; empty: the chain is whole."""
    return ledger.check_events(records(chain))


def chain_heads(reel: Reel) -> dict[str, Head]:
    """The last event of the reel's chain and of the archive's.

    Whoever holds a package with these heads can prove later that the chains were not shortened.
    """
    return {chain: _head(chain) for chain in (reel_chain(reel), ARCHIVE_CHAIN)}


def all_heads() -> dict[str, Head]:
    return _heads(None)


def _heads(chains: Sequence[str] | None) -> dict[str, Head]:
    """The last event of each of these chains, or of all; a chain without events is left out."""
    if chains is not None and len(chains) == 1:
        return _one_head(chains[0])
    last = Event.objects.order_by("chain", "-sequence").distinct("chain")
    if chains is not None:
        last = last.filter(chain__in=chains)
    return {
        chain: {"sequence": sequence, "digest": digest}
        for chain, sequence, digest in last.values_list("chain", "sequence", "digest")
    }


def _one_head(chain: str) -> dict[str, Head]:
    """The same for one chain, as it is asked at each event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence, digest FROM archive_event WHERE chain = %s"
            " ORDER BY sequence DESC LIMIT 1",
            [chain],
        )
        found = cursor.fetchone()
    return {chain: {"sequence": found[0], "digest": found[1]}} if found else {}


def _head(chain: str) -> Head:
    return _heads([chain]).get(chain, {"sequence": 0, "digest": ""})


LANES = 512
"""Locks that all reels' chains share: a server keeps room for some thousand, an import may write to
more reels than that in one transaction."""


def _lock_chains(chains: Sequence[str], details: str) -> list[Any]:
    """Hold these chains until the transaction ends; the details (JSON) as the database gives them.

    jsonb writes some numbers in another way (1e16 comes back as a whole number), and the digest
    must cover what a later check will read. Both are one question.
    """
    lanes = {
        int(name.partition(":")[2]) % LANES if name != ARCHIVE_CHAIN else LANES for name in chains
    }
    names = [f"archive_event:{lane if lane < LANES else ARCHIVE_CHAIN}" for lane in sorted(lanes)]
    with connection.cursor() as cursor:  # sorted first: the order in which they are taken counts
        cursor.execute(
            "SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0))), %s::jsonb::text FROM ("
            "SELECT name FROM json_array_elements_text(%s::json) WITH ORDINALITY"
            " AS given(name, place) ORDER BY place OFFSET 0) AS in_order",
            [details, json.dumps(names)],
        )
        stored: list[Any] = json.loads(cursor.fetchone()[1])
    return stored


def lock(name: str) -> None:
    """Let one transaction at a time do what `name` stands for, until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _as_json(details: Sequence[dict[str, Any]]) -> str:
    """Raises: CustodyError for what is no JSON that the database stores."""
    try:
        given = json.dumps(details, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CustodyError(f"the detail of an event must be JSON: {error}") from error
    if "\\u0000" in given:
        raise CustodyError("the detail of an event holds a NUL character")
    return given
