"""Read scans again and compare them with the digests of their accession."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Max, Q
from django.utils import timezone

from archive import inspection, second_copies, trash
from archive.inspection import Outcome
from archive.management.commands.ingest import user_of
from archive.models import FixityCheck, Scan


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reels", nargs="*", type=int, metavar="REEL", help="default: all")
        parser.add_argument(
            "--older-than",
            type=int,
            metavar="DAYS",
            help="only scans that were not checked for so many days",
        )
        parser.add_argument("--by", metavar="NAME", help="log-in name of who asks")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        by = user_of(options["by"])
        scans = list(chosen(options["reels"], options["older_than"]))
        checks, wrong = [], []
        for number, scan in enumerate(scans, 1):
            self.stderr.write(f"{number} of {len(scans)}: {scan} ...", ending=" ")
            check = inspection.check_scan(scan, by=by)
            self.stderr.write(check.outcome)
            checks.append(check)
            wrong += second_copies.compare_all(scan, by=by)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(checks), ensure_ascii=False))
        else:
            self.tell(checks)
        for copy in wrong:
            self.stderr.write(f"{copy}, {copy.path}: {copy.outcome}")
        if wrong or any(check.outcome != Outcome.INTACT for check in checks):
            raise CommandError("Not every scan and copy is intact.")

    def tell(self, checks: list[FixityCheck]) -> None:
        for check in checks:
            if check.outcome != Outcome.INTACT:
                self.stdout.write(
                    f"{check.scan.reel} (reel {check.scan.reel_id}): {check.outcome}\n"
                    f"  {check.scan.path}\n  {check.detail.get('words', '')}{frames_of(check)}"
                )
        intact = sum(check.outcome == Outcome.INTACT for check in checks)
        self.stdout.write(f"{intact} of {len(checks)} scans are intact.")


def chosen(reels: list[int], older_than: int | None) -> Any:
    held = trash.with_files(Scan.objects.all())
    scans = held.select_related("reel__element__title").order_by("pk")
    if reels:
        scans = scans.filter(reel__in=reels)
        missing = set(reels) - {scan.reel_id for scan in scans}
        if missing:
            raise CommandError(f"No scans of reel {', '.join(map(str, sorted(missing)))}.")
    if older_than is not None:
        limit = timezone.now() - timedelta(days=older_than)
        scans = scans.annotate(last=Max("checks__at")).filter(Q(last=None) | Q(last__lt=limit))
    return scans


def frames_of(check: FixityCheck) -> str:
    """Which frames changed, are gone or do not decode, for people."""
    said = []
    for name, word in (
        ("frames", "changed"),
        ("missing_frames", "missing"),
        ("unreadable_frames", "unreadable"),
    ):
        if ranges := check.detail.get(name) or []:
            shown = ", ".join(
                str(start) if end == start + 1 else f"{start}-{end - 1}"
                for start, end in ranges[:20]
            )
            said.append(f"\n  {word}: frames {shown}{' ...' if len(ranges) > 20 else ''}")
    return "".join(said)


def as_json(checks: list[FixityCheck]) -> dict[str, Any]:
    return {
        "checked": len(checks),
        "intact": sum(check.outcome == Outcome.INTACT for check in checks),
        "scans": [
            {
                "reel": check.scan.reel_id,
                "scan": check.scan_id,
                "outcome": check.outcome,
                **check.detail,
            }
            for check in checks
        ],
    }
