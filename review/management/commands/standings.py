"""`manage.py standings`: work out anew where every scene stands, or check what is kept of it."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser

from review import stored_standings


class Command(BaseCommand):
    help = "Work out anew where every scene stands, for the queue and Today. Safe at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say what is not true")

    def handle(self, *, check: bool, **options: Any) -> None:
        if not check:
            count = stored_standings.rebuild()
            self.stdout.write(f"Worked out where {count} scene{'' if count == 1 else 's'} stand.")
            return
        found = list(stored_standings.differences())
        for difference in found:
            self.stdout.write(difference)
        if found:
            raise CommandError(
                f"{len(found)} of what the queue lists is not what would be worked out. It decides "
                "nothing, but it lists wrongly: run manage.py standings, and tell the developers."
            )
        self.stdout.write("The queue and Today list what would be worked out.")
