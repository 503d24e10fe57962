"""`manage.py bench WHAT`: what it costs, measured in a home folder of its own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser

from archive import import_bench
from restoration import drain_bench, engine_bench, scaling_bench
from review import catalogue_bench, load_bench, queue_bench
from review.search import bench as search_bench

OWN_HOME = "REELPROOF_BENCH_HOME"


class Command(BaseCommand):
    help = "Measure what it costs, in a throw-away database of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "what", choices=["engine", "search", "import", "catalogue", "queue", "drain", "load"]
        )
        parser.add_argument(
            "--runs", type=int, default=200, help="runs without computing; of `queue`, in the table"
        )
        parser.add_argument(
            "--frames", default="", metavar="N,N", help="also real runs of these lengths (slow)"
        )
        parser.add_argument("--stages", default="deflicker", help="of the real runs")
        parser.add_argument(
            "--scenes", type=int, default=0, help="`drain`: also so many real scenes of repair"
        )
        parser.add_argument(
            "--workers", default="1,2", metavar="N,N", help="`drain`: with so many at a time"
        )
        parser.add_argument("--lines", type=int, default=100_000, help="of the search's collection")
        parser.add_argument("--reels", type=int, default=100_000, help="in the catalogue")
        parser.add_argument("--rows", type=int, default=20_000, help="of the imported file")
        parser.add_argument("--people", type=int, default=50, help="who browse; of `load`")
        parser.add_argument("--seconds", type=float, default=60.0, help="how long they do")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, runs: int, frames: str, stages: str, **options: Any) -> None:
        if os.environ.get(OWN_HOME) != str(settings.HOME):
            sys.exit(in_a_home_of_its_own(sys.argv))
        if options["what"] == "search":
            self.stdout.write(json.dumps(search_bench.measure(options["lines"]), indent=1))
            return
        if options["what"] == "import":
            self.stdout.write(json.dumps(import_bench.measure(options["rows"]), indent=1))
            return
        if options["what"] == "catalogue":
            self.stdout.write(json.dumps(catalogue_bench.measure(options["reels"]), indent=1))
            return
        if options["what"] == "load":
            told = load_bench.measure(options["people"], options["seconds"])
            self.stdout.write(json.dumps(told, indent=1))
            return
        if options["what"] == "queue":
            self.stdout.write(json.dumps(queue_bench.measure(runs), indent=1))
            return
        if options["what"] == "drain":
            # A line for each run that is asked for would be all that is seen.
            logging.getLogger("restoration.starting").setLevel(logging.WARNING)
            drained: dict[str, Any] = {
                "drain": [
                    drain_bench.measure_drain(runs, int(workers))
                    for workers in options["workers"].split(",")
                    if runs
                ]
            }
            if options["scenes"]:
                drained["workers"] = scaling_bench.measure_workers(options["scenes"])
            self.stdout.write(json.dumps(drained, indent=1))
            return
        measured: dict[str, Any] = {
            "rows": engine_bench.measure_rows(runs),
            "runs": engine_bench.measure_runs(min(runs, 200)),
        }
        if frames:
            measured["memory"] = engine_bench.measure_memory(
                frames=[int(length) for length in frames.split(",")], stages=stages.split(",")
            )
        self.stdout.write(json.dumps(measured, indent=1) if options["json"] else table(measured))


def in_a_home_of_its_own(arguments: list[str]) -> int:
    """Call this command again with a fresh home folder and database; its exit status."""
    manage = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
    with tempfile.TemporaryDirectory(prefix="reelproof-bench-") as home:
        Path(home).chmod(0o755)
        environment = {
            name: value
            for name, value in os.environ.items()
            if name.removesuffix("_FILE")
            not in ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL")
        }
        environment |= {"REELPROOF_HOME": home, OWN_HOME: str(Path(home).resolve())}
        migrated = subprocess.run(
            [*manage, "migrate", "--verbosity=0"], env=environment, capture_output=True, text=True
        )
        if migrated.returncode != 0:
            raise CommandError(f"the database for measuring was not made: {migrated.stderr}")
        return subprocess.run([*manage, *arguments[1:]], env=environment).returncode


def table(measured: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{'step':<12} {'mean ms':>9} {'median ms':>10} {'p95 ms':>9}"]
    steps = [(name, value) for name, value in measured["rows"].items() if isinstance(value, dict)]
    for name, value in [*steps, ("whole run", measured["runs"]["whole_run"])]:
        lines.append(
            f"{name:<12} {value['mean_ms']:>9} {value['median_ms']:>10} {value['p95_ms']:>9}"
        )
    lines.append(f"first child process: {measured['runs']['first_start_s']} s")
    for run in measured.get("memory", []):
        lines.append(
            f"{run['stage']}, {run['frames']} frames: {run['peak_memory_mib']} MiB at most, "
            f"{run['wall_s']} s, engine {100 * (run['engine_share'] or 0):.1f} % {run['error']}"
        )
    return "\n".join(lines)
