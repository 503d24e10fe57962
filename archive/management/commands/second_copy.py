"""Name a second copy of a reel's master, compare copies, or let one take the master's place."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive import second_copies
from archive.errors import CopyRefused
from archive.management.commands.ingest import user_of
from archive.models import Reel, Scan


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reel", type=int, help="its newest scan is meant")
        parser.add_argument("--name", type=Path, metavar="PATH", help="a copy of the master")
        parser.add_argument("--repair", metavar="REASON", help="let the intact copy be the master")
        parser.add_argument("--by", metavar="NAME", help="log-in name of who asks")

    def handle(self, *args: Any, **options: Any) -> None:
        scan, by = _scan(options["reel"]), user_of(options["by"])
        try:
            if options["name"]:
                second_copies.name(scan, options["name"], by=by)
                self.stdout.write(f"{options['name'].absolute()} is a second copy, intact")
            elif options["repair"] is not None:
                self._repair(scan, options["repair"], by)
            else:
                self._compare(scan, by)
        except CopyRefused as error:
            raise CommandError(str(error)) from error

    def _repair(self, scan: Scan, reason: str, by: Any) -> None:
        refused: list[str] = []
        for copy in scan.copies.select_related("scan__reel"):
            try:
                repaired = second_copies.repair(copy, reason=reason, by=by)
            except CopyRefused as error:
                refused.append(str(error))
            else:
                self.stdout.write(f"the master of {scan.reel} is {repaired.path} now")
                return
        raise CopyRefused(" ".join(refused) or "No second copy of this reel is named.")

    def _compare(self, scan: Scan, by: Any) -> None:
        wrong = second_copies.compare_all(scan, by=by)
        for copy in wrong:
            self.stdout.write(f"{copy.path}: {copy.outcome}")
        if wrong:
            raise CommandError("Not every copy is intact.")
        self.stdout.write(f"{scan.copies.count()} copies are intact")


def _scan(reel: int) -> Scan:
    found = Reel.objects.filter(pk=reel).first()
    scan = found.current_scan() if found else None
    if scan is None:
        raise CommandError(f"There is no scan of reel {reel}.")
    return Scan.objects.select_related("reel__element__title").get(pk=scan.pk)
