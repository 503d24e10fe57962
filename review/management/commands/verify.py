"""python manage.py verify PATH [--json]: what is this file?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.media.errors import MediaError
from review.verifying import Finding, verify


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
            self.stdout.write("\n".join(_lines(finding)))
        if finding.problems:
            sys.exit(1)


def _lines(finding: Finding) -> list[str]:
    lines = [str(finding.path), f"  sha256   {finding.sha256}"]
    known = finding.known_as or ["nothing that this catalogue holds or delivered"]
    lines += [f"  is       {text}" for text in known]
    if finding.recorded:
        lines.append(f"  record   {finding.recorded}")
    if finding.map_says:
        lines.append(f"  map      {finding.map_says}")
    if finding.totals is not None:
        lines.append(f"  pixels   {_shares(finding.totals)}")
    if finding.problems:
        lines += [f"  PROBLEM  {problem}" for problem in finding.problems]
    return lines


def _shares(totals: dict[str, Any]) -> str:
    counted = [
        f"{label} {100 * count / totals['pixels']:.2f} %"
        for label, count in totals["structure"].items()
        if count
    ]
    return ", ".join(counted)
