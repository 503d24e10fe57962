"""Compare the files of takes with their manifests, and have damaged ones made again."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from archive.management.commands.ingest import user_of
from archive.models import Scan
from archive.trash import with_files
from restoration import soundness
from restoration.errors import CannotStart
from restoration.models import StageRun, Take


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reels", nargs="*", type=int, metavar="REEL", help="default: all")
        parser.add_argument("--mend", action="store_true", help="have damaged takes made again")
        parser.add_argument("--by", metavar="NAME", help="log-in name of who asks")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        by = user_of(options["by"])
        kept = with_files(Scan.objects.order_by())  # what was emptied from the trash has no files
        takes = Take.objects.select_related("scan__reel", "input_take").order_by("pk")
        takes = takes.filter(scan__in=kept)
        if options["reels"]:
            takes = takes.filter(scan__reel__in=options["reels"])
        read, damaged = 0, []
        for take in takes.iterator():
            read += 1
            if soundness.check_take(take, by=by):
                damaged.append(take)
        # In the order in which they were made: what later takes were made on comes first.
        found = [told(take, by, mend=options["mend"]) for take in damaged]
        if options["json"]:
            self.stdout.write(json.dumps({"read": read, "damaged": found}, ensure_ascii=False))
        else:
            self.tell(read, found)
        if any(not each["run"] for each in found):
            raise CommandError("Not every take is intact.")

    def tell(self, read: int, found: list[dict[str, Any]]) -> None:
        for each in found:
            self.stdout.write(f"{each['take']} ({each['reel']}): {each['damage']}")
            if each["words"]:
                self.stdout.write(f"  {each['words']}")
        self.stdout.write(f"{read - len(found)} of {read} takes are intact.")


def told(take: Take, by: User | None, *, mend: bool) -> dict[str, Any]:
    run: StageRun | None = None
    words = "" if mend else "have it made again: manage.py check_takes --mend"
    if mend:
        try:
            run = soundness.make_again(take, by=by)
            words = f"is made again by run {run.pk}"
        except CannotStart as error:
            words = str(error)
    return {
        "take": str(take),
        "id": take.pk,
        "reel": str(take.scan.reel),
        "damage": take.damage,
        "run": run.pk if run is not None else None,
        "words": words,
    }
