"""python manage.py demo [--film PATH] [--rate R] [--json]: the main job from end to end."""

from __future__ import annotations

import json
import signal
import sys
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.errors import ArchiveError
from archive.media.errors import MediaError
from archive.media.rates import parse_rate
from fixtures.demo.journey import DemoError
from fixtures.demo.presentation import as_json, as_text
from fixtures.demo.run import run_demo
from fixtures.demo.stack import StackError
from restoration.errors import RestorationError
from review.errors import ReviewError


class Command(BaseCommand):
    help = "Restore and deliver the demo reel, or a film of your own, and show what came of it."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--film", type=Path, help="a video file or a folder of numbered frames")
        parser.add_argument("--rate", help="frames a second, such as 18; a folder needs it")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        # A terminated demo must stop its workers as one stopped with Ctrl-C does.
        signal.signal(signal.SIGTERM, _stop)
        try:
            shown = run_demo(
                Path(settings.HOME),
                root=Path(settings.BASE_DIR),
                film=_film(options["film"]),
                rate=_rate(options["rate"]),
                out=sys.stderr if options["json"] else self.stdout,
            )
        except _EXPECTED as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. Start it again: what is done is not done twice.") from None
        if options["json"]:
            self.stdout.write(json.dumps(as_json(shown), indent=1, ensure_ascii=False))
        else:
            self.stdout.write(as_text(shown))
        if shown.comparison.violations:
            raise CommandError("The hard gate is broken: see the violations above.")


_EXPECTED = (
    ArchiveError,
    MediaError,
    RestorationError,
    ReviewError,
    DemoError,
    StackError,
)


def _film(path: Path | None) -> Path | None:
    if path is not None and not path.exists():
        raise CommandError(f"There is no {path}: give a video file or a folder of frames.")
    return path


def _rate(text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        return parse_rate(text)
    except (ValueError, MediaError) as error:
        raise CommandError(f"--rate: {error}") from error


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
