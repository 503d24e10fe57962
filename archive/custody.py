"""The only writer of events: append-only, hash-chained, each by a person or a program.

A chain is one reel's history ("reel:7") or the archive's own ("archive"). Who records in both does
the reel's first, so that two of them cannot wait for each other's lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone

import archive
from archive import ledger
from archive.errors import CustodyError
from archive.ledger import EventRecord, Head
from archive.models import Agent, Event, Reel

ARCHIVE_CHAIN = "archive"


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
    agent, _ = Agent.objects.get_or_create(kind=Agent.Kind.SOFTWARE, name=name, version=version)
    return agent


def reel_chain(reel: Reel) -> str:
    return f"reel:{reel.pk}"


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
    chain = reel_chain(reel) if reel is not None else ARCHIVE_CHAIN
    with transaction.atomic():
        lock(f"archive_event:{chain}")
        head = _head(chain)
        event = Event(
            chain=chain,
            sequence=head["sequence"] + 1,
            at=at or timezone.now(),
            kind=kind,
            agent=agent,
            reel=reel,
            subject=subject,
            outcome=outcome,
            detail=_as_stored(detail or {}),
            previous=head["digest"],
        )
        event.digest = ledger.event_digest(as_record(event))
        event.save(force_insert=True)
    return event


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
    last = Event.objects.order_by("chain", "-sequence").distinct("chain")
    return {
        chain: {"sequence": sequence, "digest": digest}
        for chain, sequence, digest in last.values_list("chain", "sequence", "digest")
    }


def _head(chain: str) -> Head:
    last = Event.objects.filter(chain=chain).order_by("-sequence").first()
    if last is None:
        return {"sequence": 0, "digest": ""}
    return {"sequence": last.sequence, "digest": last.digest}


def lock(name: str) -> None:
    """Let one transaction at a time do what `name` stands for, until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _as_stored(detail: dict[str, Any]) -> Any:
    """The detail as the database gives it back.

    jsonb writes some numbers in another way (1e16 comes back as a whole number), and the digest
    must cover what a later check will read.
    """
    try:
        text = json.dumps(detail, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CustodyError(f"the detail of an event must be JSON: {error}") from error
    if "\\u0000" in text:
        raise CustodyError("the detail of an event holds a NUL character")
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [text])
        row = cursor.fetchone()
    return json.loads(row[0])
