"""python manage.py verify PATH [--json]: what is this file?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.media.errors import MediaError
from review.verify_words import lines_of
from review.verifying import verify


class Command(BaseCommand):
    help = "Say what a file is: its digest, what the catalogue and a record beside it say, its map."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a file, or a folder of numbered frames")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        try:
            finding = verify(path)
        except (MediaError, OSError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(finding.as_json(), indent=1, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(lines_of(finding)))
        if finding.problems:
            sys.exit(1)
