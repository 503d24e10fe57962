"""`manage.py reindex`: make the search index anew, for every reel or some."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.core.management import BaseCommand
from django.core.management.base import CommandParser

from archive.models import Reel
from review.search import bulk, index


class Command(BaseCommand):
    help = "Bring the search index up to date. Safe at any time; only what differs is written."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reels", nargs="*", type=int, metavar="REEL", help="numbers; or all")

    def handle(self, *, reels: list[int], **options: Any) -> None:
        wanted = Reel.objects.select_related("element__title").order_by("pk")
        if reels:
            wanted = wanted.filter(pk__in=reels)
        total = wanted.count()
        with nullcontext() if reels else bulk.writing():
            for done, reel in enumerate(wanted.iterator(chunk_size=200), start=1):
                index.reindex(reel)
                if done % 100 == 0 or done == total:
                    self.stderr.write(f"{done} of {total} reels")
        self.stdout.write(f"The words of {total} reel{'' if total == 1 else 's'} can be found.")
