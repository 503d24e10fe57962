"""Write all that is known of a reel into a folder, as a bag that another archive can take in."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive import trash
from archive.management.commands.ingest import user_of
from archive.models import Reel
from review.reel_bag.errors import BagRefused
from review.reel_bag.writing import Wanted, write_bag
from review.uses import uses


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reel", type=int)
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new one")
        parser.add_argument("--with-scan", action="store_true", help="the film too")
        parser.add_argument("--with-takes", action="store_true", help="their pictures and maps")
        parser.add_argument(
            "--timeline", default="", metavar="USE", choices=uses(), help="of what a use would get"
        )
        parser.add_argument("--by", metavar="NAME", help="log-in name of who asks")

    def handle(self, *args: Any, **options: Any) -> None:
        reel = trash.without_trashed(Reel.objects.all()).filter(pk=options["reel"]).first()
        if reel is None:
            raise CommandError(f"There is no reel {options['reel']}.")
        try:
            wanted = Wanted(options["with_scan"], options["with_takes"], options["timeline"])
            made = write_bag(reel, options["to"], wanted, by=user_of(options["by"]))
        except (BagRefused, OSError) as error:
            raise CommandError(f"{error} Nothing was written.") from error
        self.stdout.write(str(made))
