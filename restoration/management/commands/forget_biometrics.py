"""Delete what tells people on film apart, of a reel or of all, and show that it is gone."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive.models import Reel, Scan
from restoration import biometrics


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--reel", type=int, metavar="N", help="of this reel alone")
        which.add_argument("--all", action="store_true", help="of every reel")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        scans = Scan.objects.order_by("pk")
        if not options["all"]:
            reel = Reel.objects.filter(pk=options["reel"]).first()
            if reel is None:
                raise CommandError(f"there is no reel {options['reel']}")
            scans = scans.filter(reel=reel)
        before = [asdict(biometrics.forget(scan)) for scan in scans]
        # Counted anew, after the deletion was committed.
        left = [biometrics.left(scan) for scan in scans]
        if not all(each.is_nothing for each in left):
            raise CommandError("some of it is still there: a run may have ended meanwhile; repeat")
        deleted = {name: sum(each[name] for each in before) for name in before[0]} if before else {}
        remaining = asdict(biometrics.left()) if options["all"] else asdict(sum_of(left))
        if options["json"]:
            self.stdout.write(json.dumps({"deleted": deleted, "left": remaining}))
            return
        for name, count in deleted.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {count} deleted, {remaining[name]} left")


def sum_of(left: list[biometrics.Left]) -> biometrics.Left:
    """Of several scans."""
    names = biometrics.Left.__dataclass_fields__
    return biometrics.Left(**{name: sum(getattr(each, name) for each in left) for name in names})
