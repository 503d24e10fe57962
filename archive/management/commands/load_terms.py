"""Add the words of a file to the controlled vocabularies."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive import terms
from archive.vocabularies import TERMS, VocabularyError


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, nargs="?", default=TERMS, help="default: those of the system"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            added = terms.load(options["file"])
        except VocabularyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{added} new terms.")
