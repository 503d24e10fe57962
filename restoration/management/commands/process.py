"""`manage.py process REEL --stages cuts,deflicker,repair --wait`: restore a reel from the shell."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser, OutputWrapper
from django.utils import timezone

from archive import trash
from archive.models import Reel
from restoration import runs, scenes
from restoration.errors import RestorationError
from restoration.models import Scene, StageRun, Worker
from restoration.models.run import StageRunQuerySet
from restoration.provenance import Totals
from restoration.stages.contract import StageError

POLL_SECONDS = 0.5
STAGES_HELP = (
    "such as cuts,deflicker,repair; grade corrects the restoration, colourise,grade the colour "
    "version"
)


class Command(BaseCommand):
    help = "Run restoration stages over a reel's newest scan, scene by scene."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reel", type=int)
        parser.add_argument("--stages", required=True, help=STAGES_HELP)
        parser.add_argument(
            "--params", nargs="*", default=[], metavar="STAGE.NAME=VALUE", help="repair.x=3 ..."
        )
        parser.add_argument("--scene", type=int, help="only the scene of this number, from 1")
        parser.add_argument("--urgent", action="store_true", help="before all that is not")
        parser.add_argument("--wait", action="store_true", help="until every run has ended")
        parser.add_argument("--json", action="store_true", help="one JSON document at the end")

    def handle(self, *, reel: int, stages: str, wait: bool, **options: Any) -> None:
        started = time.monotonic()
        names = [name.strip() for name in stages.split(",") if name.strip()]
        try:
            params = parse_params(options["params"])
            begun = self.begin(reel, names, params, options["scene"], urgent=options["urgent"])
        except (RestorationError, StageError) as error:
            raise CommandError(str(error)) from error
        batch = begun[0].batch
        if wait:
            Watch(batch, self.stderr).until_all_ended()
        document = describe(reel, batch) | {"seconds": round(time.monotonic() - started, 2)}
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=1))
        else:
            self.stdout.write(table(document))
        if any(run["state"] in ("failed", "cancelled") for run in document["runs"]):
            sys.exit(1)

    def begin(
        self,
        number: int,
        stages: list[str],
        params: dict[str, dict[str, str]],
        scene: int | None,
        *,
        urgent: bool = False,
    ) -> list[StageRun]:
        reel = trash.without_trashed(Reel.objects.all()).filter(pk=number).first()
        if reel is None:
            raise CommandError(f"there is no reel {number}; `manage.py ingest` makes one")
        if scene is None:
            begun = runs.process_reel(reel, stages=stages, params=params, urgent=urgent)
        else:
            found = find_scene(reel, scene)
            begun = [
                runs.process_scene(
                    found,
                    stages=stages,
                    params=params,
                    version=scenes.RESTORATION,
                    urgent=urgent,
                )
            ]
        if not begun:
            raise CommandError("the reel has no scenes; run the stage cuts first")
        return begun


def find_scene(reel: Reel, number: int) -> Scene:
    current = list(Scene.objects.of_reel(reel))
    if not 1 <= number <= len(current):
        raise CommandError(f"there is no scene {number}: {reel} has {len(current)} scenes")
    return current[number - 1]


def parse_params(given: list[str]) -> dict[str, dict[str, str]]:
    """`repair.x=3` -> {"repair": {"x": "3"}}."""
    params: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for text in given:
        name, separator, value = text.partition("=")
        stage, dot, key = name.partition(".")
        if not (separator and dot and stage and key):
            raise CommandError(f"--params wants STAGE.NAME=VALUE, not {text!r}")
        params[stage][key] = value
    return dict(params)


class Watch:
    """Shows how far the runs of a batch are, and executes those that no worker serves."""

    def __init__(self, batch: UUID, out: OutputWrapper) -> None:
        self.batch = batch
        self.out = out
        self.live = out.isatty()
        self.shown: dict[int, str] = {}

    def until_all_ended(self) -> None:
        while waiting := list(self.runs().filter(status__in=StageRun.OPEN)):
            self.show_changes()
            mine = next((run for run in waiting if self.is_unserved(run)), None)
            if mine is not None:
                runs.execute_run(mine.pk, told=self.show_progress)
                continue
            for run in waiting:
                if run.status == StageRun.Status.RUNNING:
                    self.show_progress(run, run.frames_done)
            time.sleep(POLL_SECONDS)
        self.show_changes()

    def runs(self) -> StageRunQuerySet:
        return StageRun.objects.filter(batch=self.batch).order_by("pk")

    def is_unserved(self, run: StageRun) -> bool:
        """Whether it waits, no worker will take it, and no twin of it is being computed."""
        if run.status != StageRun.Status.QUEUED:
            return False
        held = Worker.objects.most_held()
        if run.queue in held and held[run.queue] >= run.memory:
            return False
        twins = StageRun.objects.filter(key=run.key, status=StageRun.Status.RUNNING)
        return not twins.exists()

    def show_changes(self) -> None:
        """A line for each run whose state changed."""
        for run in self.runs():
            if self.shown.get(run.pk) != run.status:
                self.shown[run.pk] = run.status
                took = f" after {run.seconds:.1f} s" if run.ended and run.seconds else ""
                self._write(f"{name(run)}: {run.get_status_display()}{took}")

    def show_progress(self, run: StageRun, done: int) -> None:
        """How far, how fast, how long still: one line that is written over, on a terminal only."""
        if not self.live or run.started is None:
            return
        seconds = (timezone.now() - run.started).total_seconds()
        rate = done / seconds if seconds > 0 else 0.0
        left = f", {(run.frames_total - done) / rate:.0f} s left" if rate else ""
        text = f"{name(run)}: {done} of {run.frames_total} frames, {rate:.1f} fps{left}"
        self.out.write(f"\r{text:<79}", ending="")
        self.out.flush()

    def _write(self, line: str) -> None:
        self.out.write(f"\r{line:<79}" if self.live else line)


def name(run: StageRun) -> str:
    return f"run {run.pk}, {run.stage} [{run.start_frame}, {run.end_frame})"


def describe(reel: int, batch: UUID) -> dict[str, Any]:
    """The runs of a batch as JSON values."""
    found = StageRun.objects.filter(batch=batch).select_related("take").order_by("pk")
    described = [describe_run(run) for run in found]
    heads: Totals | None = None
    for run in found:
        if run.take is not None and not any(other.input_take_id == run.take_id for other in found):
            totals = Totals.from_json(run.take.totals)
            heads = totals if heads is None else heads + totals
    return {
        "reel": reel,
        "batch": str(batch),
        "runs": described,
        "totals": heads.as_json() if heads is not None else None,
    }


def describe_run(run: StageRun) -> dict[str, Any]:
    return {
        "run": run.pk,
        "stage": run.stage,
        "scene": run.scene_id,
        "start_frame": run.start_frame,
        "end_frame": run.end_frame,
        "state": run.status,
        "attempt": run.attempt,
        "offered": run.offered,
        "take": run.take_id,
        "number": run.take.number if run.take else None,
        "digest": run.take.digest if run.take else None,
        "totals": run.take.totals if run.take else None,
        "cuts": (run.findings or {}).get("cuts"),
        "seconds": round(run.seconds, 3) if run.seconds is not None else None,
        "timings": run.timings,
        "error": run.error,
    }


def table(document: dict[str, Any]) -> str:
    """The same for people."""
    lines = []
    for run in document["runs"]:
        made = f"take {run['number']}" if run["take"] else ""
        if run["cuts"] is not None:
            made = f"{len(run['cuts'])} cuts"
        seconds = f"{run['seconds']:.1f} s" if run["seconds"] is not None else ""
        frames = f"[{run['start_frame']}, {run['end_frame']})"
        state = run["state"] + (" (stood already)" if run["offered"] else "")
        lines.append(f"{run['stage']:<10} {frames:<16} {state:<24} {made:<10} {seconds:>9}")
        if run["error"]:
            lines.append(f"  {run['error']}")
    return "\n".join(lines)
