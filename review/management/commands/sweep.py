"""`manage.py sweep`: mend what broke, once or for ever."""

from __future__ import annotations

import json
import logging
import signal
import threading
from typing import Any

from django.core.management import BaseCommand
from django.core.management.base import CommandParser
from django.db import InterfaceError, OperationalError, connection

from archive import tasks as archive_tasks
from archive.webhooks import outbox
from restoration import runs
from review import stored_standings, trash
from review.delivery import sweeper as delivery_sweeper
from review.guests import copies
from review.search import alerts

log = logging.getLogger(__name__)

EVERY_SECONDS = 10.0


class Command(BaseCommand):
    help = (
        "Re-send lost messages, re-queue lost runs, remove what no take refers to, and work out "
        "where scenes stand that changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true", help="every few seconds until ended")
        parser.add_argument("--every", type=float, default=EVERY_SECONDS, metavar="SECONDS")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, forever: bool, every: float, **options: Any) -> None:
        if not forever:
            self.say(self.sweep(), as_json=options["json"])
            return
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        while not ended.is_set():
            try:
                swept = self.sweep()
                if any(swept.values()):
                    self.say(swept, as_json=options["json"])
            except (OperationalError, InterfaceError) as error:
                log.warning("the database is away: %s", error)
                connection.close()
            ended.wait(every)

    def sweep(self) -> dict[str, Any]:
        return runs.sweep().as_json() | {
            "archive": _found(archive_tasks.sweep()),
            "webhooks": _found(outbox.sweep()),
            "deliveries": _found(delivery_sweeper.sweep()),
            "guests": _found(copies.sweep()),
            "standings": stored_standings.bring_up_to_date(),
            "trash": _found(trash.sweep()),
            "searches": _found(alerts.sweep()),
        }

    def say(self, swept: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(swept))
            return
        found = [f"{name}: {done}" for name, done in swept.items() if done]
        self.stdout.write("\n".join(found) or "nothing to mend")
        self.stdout.flush()


def _found(swept: dict[str, Any]) -> dict[str, Any]:
    """Only what there was to mend, so that a pass without any says nothing."""
    return {name: done for name, done in swept.items() if done}
