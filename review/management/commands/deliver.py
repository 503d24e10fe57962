"""python manage.py deliver REEL --format otio --use exhibition --to DIR [--of colour] [--json]

With rules of the use in the way that a person may override: --by USER --override REASON.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive import trash
from archive.models import Reel
from restoration.models import Scene
from review.deliverables import (
    ALL,
    DeliveryFailed,
    DeliveryRefused,
    build_deliverable,
)
from review.delivery.assembly import OFFERED
from review.errors import ReviewError
from review.policies import ordered
from review.version_choice import RESTORATION, VERSIONS, UnknownScenes, VersionChoice


class Command(BaseCommand):
    help = "Write a deliverable of a reel, if every scene has an approval that still holds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reel", type=int, help="the reel's number in the catalogue")
        parser.add_argument("--format", choices=OFFERED, default=ALL)
        parser.add_argument(
            "--use", required=True, help="what it is for, such as exhibition or forensic"
        )
        parser.add_argument(
            "--territory", default="", metavar="PLACE",
            help="the one territory that it goes to, as the title's restrictions name it",
        )  # fmt: skip
        parser.add_argument(
            "--of", dest="edition", choices=VERSIONS, default=RESTORATION,
            help="which version leaves (default: the restoration)",
        )  # fmt: skip
        parser.add_argument(
            "--as-restored", default="", metavar="SCENES",
            help="of a colour delivery: scenes that leave as restored, such as 2,5-7, or the word "
            "uncoloured for all that nobody coloured",
        )  # fmt: skip
        parser.add_argument("--to", type=Path, required=True, metavar="DIR")
        parser.add_argument("--by", metavar="USER", help="who lets it leave; needs the role for it")
        parser.add_argument(
            "--override", default="", metavar="REASON",
            help="let it leave against rules of the use that may be overridden; needs --by",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        # A terminated command must run its clean-up as one stopped with Ctrl-C does.
        signal.signal(signal.SIGTERM, _stop)
        reel = trash.without_trashed(Reel.objects.all()).filter(pk=options["reel"]).first()
        if reel is None:
            raise CommandError(f"There is no reel {options['reel']}; see the catalogue.")
        try:
            made = build_deliverable(
                reel,
                format=options["format"],
                use=ordered(options["use"], options["territory"]),
                to=options["to"],
                by=_person(options["by"]),
                override=options["override"],
                choice=_choice(reel, options["edition"], options["as_restored"]),
                progress=_progress if sys.stderr.isatty() else None,
            )
        except DeliveryRefused as refusal:
            self._refuse([str(reason) for reason in refusal.reasons], as_json=options["json"])
        except ReviewError as error:
            if options["json"]:
                self._refuse([str(error)], as_json=True)
            raise CommandError(str(error)) from error
        self._show(made.files, as_json=options["json"])

    def _refuse(self, reasons: list[str], *, as_json: bool) -> None:
        if as_json:
            document = {"allowed": False, "reasons": reasons, "files": []}
            self.stdout.write(json.dumps(document, ensure_ascii=False))
            sys.exit(1)
        listed = "\n".join(f"  {reason}" for reason in reasons)
        raise CommandError(f"Not delivered, and nothing was written:\n{listed}")

    def _show(self, files: list[dict[str, Any]], *, as_json: bool) -> None:
        if as_json:
            listed = [{"path": file["path"], "sha256": file["sha256"]} for file in files]
            document = {"allowed": True, "reasons": [], "files": listed}
            self.stdout.write(json.dumps(document, ensure_ascii=False))
            return
        for file in files:
            self.stdout.write(f"{file['sha256']}  {file['path']}")


def _choice(reel: Reel, version: str, as_restored: str) -> VersionChoice:
    """Raises: DeliveryFailed."""
    scenes = Scene.objects.current().filter(scan=reel.current_scan())
    try:
        return VersionChoice.parse(version, as_restored, [scene.pk for scene in scenes])
    except UnknownScenes as error:
        raise DeliveryFailed(f"Nothing was delivered: {error}.") from error


def _person(name: str | None) -> Any:
    if name is None:
        return None
    user = get_user_model().objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no user {name}.")
    return user


def _progress(what: str, done: int, total: int) -> None:
    end = "\n" if done == total else ""
    sys.stderr.write(f"\r{what}: {done} of {total}{end}")


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
