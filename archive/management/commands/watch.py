"""Take in what is dropped into the watched folder, once it has settled."""

from __future__ import annotations

import logging
import signal
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from archive.watch import Watcher

log = logging.getLogger("archive.watch")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=Path(settings.WATCH_FOLDER))
        parser.add_argument("--once", action="store_true", help="take in what lies there and end")
        parser.add_argument(
            "--interval", type=float, default=5.0, metavar="SECONDS", help="between two looks"
        )
        parser.add_argument(
            "--looks", type=int, default=3, help="so often must a film look the same"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{folder} cannot be used: {error.strerror}") from error
        watcher = Watcher(folder, looks=max(1, options["looks"]))
        self.stderr.write(f"watching {folder}")
        if options["once"]:
            for look in range(watcher.looks):
                time.sleep(options["interval"] if look else 0)
                self.tell(watcher.look())
            return
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            self.look(watcher)
            time.sleep(options["interval"])

    def look(self, watcher: Watcher) -> None:
        """Look once; a database that is away is there again at a later look."""
        close_old_connections()
        try:
            self.tell(watcher.look())
        except DatabaseError as error:
            log.warning("the database is away: %s", error)

    def tell(self, taken: list[Path]) -> None:
        for path in taken:
            self.stderr.write(f"dealt with {path.name}")
