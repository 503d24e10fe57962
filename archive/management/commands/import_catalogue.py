"""Describe many reels by a spreadsheet (CSV, XLSX or ODS), or take such an import back."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive import importing
from archive.management.commands.ingest import user_of
from archive.metadata.record import NotARecord

TOLD_EVERY = 5_000


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--mapping", type=Path, metavar="M.toml", help="their headings to ours")
        parser.add_argument("--dry-run", action="store_true", help="say what would come of it")
        parser.add_argument("--undo", metavar="IMPORT", help="take an import back")
        parser.add_argument("--by", metavar="NAME", help="log-in name of who asks")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        by = user_of(options["by"])
        try:
            if options["undo"]:
                counts = importing.take_back(options["undo"], by=by, progress=self.tell_progress)
                self.stdout.write(json.dumps(counts))
                return
            if options["file"] is None:
                raise CommandError("Name a file, or an import to --undo.")
            mapping = importing.read_mapping(options["mapping"]) if options["mapping"] else None
            made = importing.import_file(
                options["file"],
                mapping,
                by=by,
                dry_run=options["dry_run"],
                progress=self.tell_progress,
            )
        except NotARecord as error:
            raise CommandError(f"{error} Nothing was written.") from error
        self.tell(made, as_json=options["json"])
        if made.counts()["refused"]:
            raise CommandError("Not every row was taken in; mend those rows and run it again.")

    def tell_progress(self, rows: int) -> None:
        """On standard error, so that standard output stays one document."""
        if rows % TOLD_EVERY == 0:
            self.stderr.write(f"{rows:,} rows gone through", self.style.NOTICE)

    def tell(self, made: importing.Import, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(made.as_json(), ensure_ascii=False))
            return
        for line in importing.told(made.rows):
            self.stdout.write(line)
        counts = ", ".join(f"{count} {name}" for name, count in made.counts().items())
        self.stdout.write(counts + (" (tried only)" if made.dry_run else f"; import {made.number}"))
