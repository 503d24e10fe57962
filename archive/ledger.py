"""A chain of events as plain values: how a digest covers one, and what proves a chain whole.

Needs no database, so an exported file can be checked anywhere, and by any program that can write
sorted JSON and SHA-256: `digest` is the SHA-256 of the canonical JSON (keys sorted, no white
space, UTF-8) of the event without its digest, and `previous` the digest of the event before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from archive.errors import LedgerError
from archive.fixity import digest_json

FORMAT = "reelproof-events/1"


class AgentRecord(TypedDict):
    kind: str
    name: str
    version: str
    user: int | None


class EventRecord(TypedDict):
    chain: str
    sequence: int
    at: str
    """UTC, ISO 8601 with microseconds and Z."""
    kind: str
    agent: AgentRecord
    reel: int | None
    subject: str
    outcome: str
    detail: Any
    previous: str
    digest: str


class Head(TypedDict):
    sequence: int
    digest: str


FIELDS = frozenset(EventRecord.__annotations__)


@dataclass
class _Place:
    """Where a chain stands while it is read."""

    sequence: int = 0
    digest: str = ""


def event_digest(event: Mapping[str, Any]) -> str:
    """SHA-256 over everything an event says, its own digest left out."""
    return digest_json({key: value for key, value in event.items() if key != "digest"})


def check_events(
    events: Iterable[EventRecord], heads: Mapping[str, Head] | None = None
) -> list[str]:
    """Say which events were changed, are missing or do not follow; empty: every chain is whole.

    Args:
        events: Any number of chains, each in its own order.
        heads: Heads known from elsewhere, such as a delivered package. Each must still be in its
            chain: only that shows that the end of a chain was cut off.
    """
    places: dict[str, _Place] = {}
    awaited = {chain: dict(head) for chain, head in (heads or {}).items()}
    faults: list[str] = []
    for event in events:
        place = places.setdefault(event["chain"], _Place())
        faults += _faults_of(event, place)
        head = awaited.get(event["chain"])
        if head is not None and head["sequence"] == event["sequence"]:
            del awaited[event["chain"]]
            if head["digest"] != event["digest"]:
                faults.append(f"{name(event)} is not the event that the known head names")
        place.sequence, place.digest = event["sequence"], event["digest"]
    faults += [
        f"{chain}: event {head['sequence']} is missing, though a known head names it; "
        f"the chain ends at {places.get(chain, _Place()).sequence}"
        for chain, head in awaited.items()
        if head["sequence"]
    ]
    return faults


def _faults_of(event: EventRecord, place: _Place) -> list[str]:
    faults = []
    if event["sequence"] != place.sequence + 1:
        faults.append(
            f"{name(event)} comes after event {place.sequence}: "
            f"{_missing(place.sequence + 1, event['sequence'] - 1)}"
        )
    elif event["previous"] != place.digest:
        faults.append(f"{name(event)} does not follow the event before it: `previous` differs")
    if event_digest(event) != event["digest"]:
        faults.append(f"{name(event)} was changed: its digest does not match its content")
    return faults


def _missing(first: int, last: int) -> str:
    if last < first:
        return "the order is broken"
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"


def name(event: EventRecord) -> str:
    return f"{event['chain']}#{event['sequence']} ({event['kind']})"


def write_export(path: Path, events: Iterable[EventRecord], heads: Mapping[str, Head]) -> int:
    """Write events one a line inside one JSON document; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"format": ' + json.dumps(FORMAT) + ', "events": [')
        for event in events:
            file.write(",\n" if count else "\n")
            file.write(json.dumps(event, ensure_ascii=False, sort_keys=True))
            count += 1
        file.write('\n], "heads": ' + json.dumps(dict(heads), sort_keys=True) + "}\n")
    return count


def read_export(path: Path) -> tuple[list[EventRecord], dict[str, Head]]:
    """Read what `write_export` wrote.

    Raises: LedgerError if the file is something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise LedgerError(f"{path} cannot be read as an export of events: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise LedgerError(
            f"{path} is no export of events; make one with `manage.py verify_events --export FILE`"
        )
    events = document.get("events")
    if not isinstance(events, list) or not all(
        isinstance(event, dict) and event.keys() == FIELDS for event in events
    ):
        raise LedgerError(f"{path}: an event in it does not have the fields of an event")
    return events, document.get("heads") or {}
