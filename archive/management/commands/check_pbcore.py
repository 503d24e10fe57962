"""Hold PBCore against the rules of PBCore 2.1, and against its schema where the archive has it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive import exchange, trash
from archive.metadata.pbcore import faults_of, write_pbcore
from archive.metadata.record import NotARecord
from archive.models import Reel


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reels", nargs="*", type=int, metavar="REEL", help="default: all")
        parser.add_argument(
            "--file", action="append", type=Path, default=[], help="a file of another system"
        )
        parser.add_argument(
            "--xsd", type=Path, metavar="PATH", help="pbcore-2.1.xsd (default: PBCORE_XSD)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        schema = options["xsd"] or exchange.schema()
        checked = wrong = 0
        for name, document in _documents(options["reels"], options["file"]):
            checked += 1
            try:
                faults = faults_of(document, schema)
            except NotARecord as error:
                faults = [str(error)]
            wrong += bool(faults)
            for fault in faults[:20]:
                self.stdout.write(f"{name}: {fault}")
        by = f"against {schema}" if schema else "by our own rules; PBCORE_XSD names no schema"
        if wrong:
            raise CommandError(f"{wrong} of {checked} documents do not hold ({by}).")
        self.stdout.write(f"{checked} document{'s hold' if checked != 1 else ' holds'} ({by}).")


def _documents(numbers: list[int], files: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Raises: CommandError for a reel or file that is not there."""
    for path in files:
        try:
            yield str(path), path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    if files and not numbers:
        return
    reels = trash.without_trashed(Reel.objects.select_related("element__title__collection"))
    if numbers:
        reels = reels.filter(pk__in=numbers)
        if missing := set(numbers) - set(reels.values_list("pk", flat=True)):
            raise CommandError(f"There is no reel {', '.join(map(str, sorted(missing)))}.")
    for reel in reels.order_by("pk").iterator():
        yield f"reel {reel.pk}", write_pbcore(exchange.record_of(reel))
