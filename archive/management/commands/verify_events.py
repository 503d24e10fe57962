"""Check that no event was changed, removed or put in between."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from archive import custody, ledger
from archive.errors import LedgerError
from archive.ledger import EventRecord, Head

WHAT_NEXT = (
    "Somebody with the rights of the database's owner changed the history. Keep the database as it "
    "is, compare it with your backups and with the heads in delivered packages."
)


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []  # --file works without any database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--chain", help="only this chain, such as reel:7 or archive")
        parser.add_argument("--export", type=Path, metavar="FILE", help="write the events to FILE")
        parser.add_argument("--file", type=Path, help="check an exported FILE, without a database")
        parser.add_argument(
            "--heads",
            type=Path,
            metavar="FILE",
            help="JSON with chain heads, such as a package's record: each must still be there",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            known = read_heads(options["heads"]) if options["heads"] else {}
            if options["file"]:
                events, heads = ledger.read_export(options["file"])
                self.report(events, heads | known, known=heads | known, as_json=options["json"])
                return
        except LedgerError as error:
            raise CommandError(str(error)) from error
        with transaction.atomic(), connection.cursor() as cursor:
            # One snapshot: an event written meanwhile must not look like a fault.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            heads = custody.all_heads()
            if options["export"]:
                self.export(options["export"], options["chain"], heads)
            events_read = custody.records(options["chain"])
            self.report(events_read, heads, known=known, as_json=options["json"])

    def export(self, path: Path, chain: str | None, heads: dict[str, Head]) -> None:
        kept = {name: head for name, head in heads.items() if chain in (None, name)}
        try:
            count = ledger.write_export(path, custody.records(chain), kept)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}") from error
        self.stderr.write(f"{count} events written to {path}")

    def report(
        self, events: Any, heads: dict[str, Head], *, known: dict[str, Head], as_json: bool
    ) -> None:
        counted = Counted(events)
        faults = ledger.check_events(counted, known)
        if as_json:
            found = {"events": counted.count, "faults": faults, "heads": heads}
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        elif not faults:
            self.stdout.write(f"{counted.count} events, every chain is whole")
        if faults:
            raise CommandError("\n".join([*faults, WHAT_NEXT]))


class Counted:
    """Counts what is read through it."""

    def __init__(self, events: Any) -> None:
        self.events = events
        self.count = 0

    def __iter__(self) -> Any:
        event: EventRecord
        for event in self.events:
            self.count += 1
            yield event


def read_heads(path: Path) -> dict[str, Head]:
    """Find chain heads in a JSON file: the whole document, or its "chain_heads" or "heads"."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LedgerError(f"{path} cannot be read: {error}") from error
    if isinstance(document, dict):
        document = document.get("chain_heads", document.get("heads", document))
    if not isinstance(document, dict) or not all(
        isinstance(head, dict) and {"sequence", "digest"} <= head.keys()
        for head in document.values()
    ):
        raise LedgerError(f"{path} holds no chain heads")
    return document
