"""Remove notes of who read restricted film that are older than they are to be kept."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from archive import reading


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.READINGS_DAYS,
            help="how long they are kept (default: READINGS_DAYS)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = reading.forget(options["days"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} readings older than {options['days']} days were removed.")
