"""Take a video file or a folder of numbered frames into custody; the master is only read."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from archive import accession, derived
from archive.accession import Accession
from archive.errors import ArchiveError
from archive.media.errors import MediaError
from archive.media.rates import parse_rate
from archive.models import Reel, Scan

STEPS = {
    "digest": "reading bytes",
    "frames": "counting frames",
    "proxy": "making the proxy",
}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", help="a video file, or a folder of numbered frames")
        parser.add_argument("--title", help="name of the film; one of that name is used again")
        parser.add_argument("--rate", help="frames a second: 18, 23.976 or 24000/1001")
        parser.add_argument("--reel", type=int, metavar="ID", help="make it a scan of this reel")
        parser.add_argument("--number", type=int, help="the reel's number (default: the next)")
        parser.add_argument("--element", default="", help="which print or negative it is")
        parser.add_argument("--collection", default="")
        parser.add_argument("--access", choices=Reel.Access.values, default=Reel.Access.STAFF)
        parser.add_argument("--by", metavar="NAME", help="log-in name of who takes it in")
        parser.add_argument(
            "--no-derivatives", action="store_true", help="leave proxy and stills for later"
        )
        parser.add_argument(
            "--derivatives",
            type=int,
            metavar="REEL",
            help="instead: make this reel's proxy, stills and waveform again",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = ProgressLine(self.stderr)
        try:
            if options["derivatives"] is not None:
                scan = self.make_again(options["derivatives"], progress)
                result = Accession(scan.reel, scan, created=False)
            else:
                result = self.take_in(options, progress)
        except (ArchiveError, MediaError) as error:
            progress.end()
            raise CommandError(str(error)) from error
        progress.end()
        if options["json"]:
            self.stdout.write(json.dumps(as_json(result), ensure_ascii=False))
        elif options["derivatives"] is None:
            self.tell(result)

    def take_in(self, options: dict[str, Any], progress: ProgressLine) -> Accession:
        reel = reel_of(options["reel"]) if options["reel"] is not None else None
        if not options["path"]:
            raise CommandError("Say which file or folder to take in.")
        if not options["title"] and reel is None:
            raise CommandError('Say which film it is: --title "Harbour Day".')
        return accession.ingest(
            Path(options["path"]),
            title=options["title"] or "",
            rate=self.rate(options["rate"]),
            by=user_of(options["by"]),
            reel=reel,
            collection=options["collection"],
            element=options["element"],
            number=options["number"],
            access=options["access"],
            derivatives=not options["no_derivatives"],
            progress=progress,
        )

    def rate(self, text: str | None) -> Fraction | None:
        if text is None:
            return None
        rate = parse_rate(text)
        if "." in text:
            self.stderr.write(f"{text} frames a second are taken as exactly {rate}.")
        return rate

    def make_again(self, reel_id: int, progress: ProgressLine) -> Scan:
        scan = reel_of(reel_id).current_scan()
        if scan is None:
            raise CommandError(f"Reel {reel_id} has no scan.")
        derived.make_derivatives(scan, progress=lambda done, total: progress("proxy", done, total))
        scan.refresh_from_db()
        if scan.derivatives != Scan.Derivatives.READY:
            raise CommandError(scan.derivatives_error or "Somebody else is making them just now.")
        return scan

    def tell(self, result: Accession) -> None:
        scan = result.scan
        if not result.created:
            self.stdout.write(
                f"The archive holds these bytes already: {result.reel}, in the catalogue as reel "
                f"{result.reel.pk}, from {scan.path}. Nothing was changed."
            )
            return
        if result.again:
            self.stdout.write(
                "The trash was emptied of these bytes before. Their reel is back as it was "
                "described and decided on; have its takes made again: "
                f"manage.py check_takes --mend {result.reel.pk}"
            )
        kind = "variable rate, shown at" if scan.variable_rate else "at"
        self.stdout.write(
            f"Reel {result.reel.pk}: {result.reel}\n"
            f"  scan {scan.pk}: {scan.frames} frames {kind} {scan.rate} a second, "
            f"{scan.width}x{scan.height}, {scan.pixel_format}, {len(scan.audio)} sound tracks\n"
            f"  sha256 {scan.sha256}\n"
            f"  next: python manage.py process {result.reel.pk} --stages cuts,deflicker,repair"
        )
        for warning in result.warnings:
            self.stderr.write(f"Warning: {warning}")
        if scan.derivatives == Scan.Derivatives.FAILED:
            self.stderr.write(
                f"The proxy could not be made: {scan.derivatives_error} The reel is in custody; "
                f"try again with `manage.py ingest --derivatives {result.reel.pk}`."
            )


class ProgressLine:
    """One line on a terminal that is written over; on a file, a line for each tenth."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.on_terminal = sys.stderr.isatty()
        self.shown: tuple[str, int] = ("", -1)
        self.at = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        share = 100 * done // total if total > 0 else 0
        tenth = (what, share // 10 if total > 0 else done // 500)
        if self.on_terminal and time.monotonic() - self.at > 0.1:
            self.at = time.monotonic()
            amount = f"{share} %" if total > 0 else f"{done}"
            self.stream.write(f"\r\033[K{STEPS.get(what, what)}: {amount}", ending="")
        elif not self.on_terminal and tenth != self.shown:
            self.stream.write(f"{STEPS.get(what, what)}: {done} of {total or '?'}")
        self.shown = tenth

    def end(self) -> None:
        if self.on_terminal and self.shown[0]:
            self.stream.write("\r\033[K", ending="")


def reel_of(pk: int) -> Reel:
    try:
        return Reel.objects.get(pk=pk)
    except Reel.DoesNotExist as error:
        raise CommandError(f"There is no reel {pk}.") from error


def user_of(name: str | None) -> Any:
    if name is None:
        return None
    users = get_user_model()
    try:
        return users.objects.get_by_natural_key(name)
    except users.DoesNotExist as error:
        raise CommandError(f"There is no user {name}.") from error


def as_json(result: Accession) -> dict[str, Any]:
    scan = result.scan
    found: dict[str, Any] = {
        "reel": result.reel.pk,
        "scan": scan.pk,
        "frames": scan.frames,
        "rate": f"{scan.rate_numerator}/{scan.rate_denominator}",
        "sha256": scan.sha256,
        "derivatives": scan.derivatives,
        "warnings": result.warnings,
    }
    if result.again:
        found["again"] = True
    return found if result.created else found | {"existing": True}
