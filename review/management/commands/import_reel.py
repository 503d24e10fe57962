"""Take in the bag of a reel that `export_reel` wrote, here or in another archive."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive.management.commands.ingest import user_of
from review.reel_bag.errors import BagRefused
from review.reel_bag.reading import read_bag


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bag", type=Path)
        parser.add_argument("--by", metavar="NAME", help="log-in name of who asks")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reel = read_bag(options["bag"], by=user_of(options["by"]))
        except (BagRefused, OSError) as error:
            raise CommandError(f"{error} Nothing was taken in.") from error
        told = {"reel": reel.pk, "title": reel.title.name, "number": reel.number}
        self.stdout.write(json.dumps(told, ensure_ascii=False) if options["json"] else str(reel))
