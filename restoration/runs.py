"""Runs of stages: ask for them, cancel them, have them tried again.

Background: docs/engine.md. The steps live beside this page: `starting` writes the row and rings,
`claims` says who may work, `attempts` works, `publishing` ends a run, `sweeper` mends what broke.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from archive.models import Reel, Scan
from restoration import cast, photographs, quotas, scenes
from restoration.attempts import execute_run
from restoration.cancelling import cancel
from restoration.errors import CannotStart, IllegalTransition
from restoration.models import Scene, StageRun
from restoration.models.take import INVENTING
from restoration.stages import STAGES, find_stage
from restoration.starting import Step, chain_run, check_steps, ring_on_commit, start_run
from restoration.sweeper import Swept, sweep

__all__ = [
    "Swept",
    "cancel",
    "execute_run",
    "process_reel",
    "process_scene",
    "retry",
    "start_run",
    "sweep",
]

Status = StageRun.Status


def process_reel(
    reel: Reel,
    *,
    stages: Iterable[str],
    params: Mapping[str, Mapping[str, Any]] | None = None,
    by: User | None = None,
    urgent: bool = False,
) -> list[StageRun]:
    """Run stages over a reel: cuts first if there are no scenes, then each scene's chain.

    Cuts and words are found in the whole scan; only the scenes' stages need cuts.

    Each chain begins at the restoration, also where a scene has a colour version: `grade` alone
    corrects the restoration, `colourise` and `grade` the colour version.

    Args:
        stages: Names; they are run in the order of `STAGES`, whatever the order here.
        params: Stage name -> values.
        urgent: Before all that is not; what follows is urgent too.

    Returns: The runs started now; all that follow share their `batch`.
    Raises: StageError, CannotStart.
    """
    scan = reel.current_scan()
    if scan is None:
        raise CannotStart(f"{reel} has no scan yet; ingest one first")
    steps = plan(stages, params or {})
    batch = uuid4()
    with transaction.atomic():
        finding = [step for step in steps if find_stage(step["stage"]).makes == "findings"]
        chain = [step for step in steps if step not in finding]
        cuts = any(step["stage"] == "cuts" for step in finding)
        if chain and not cuts and not scan.scenes.current().exists():
            finding.append(Step(stage="cuts", params=dict((params or {}).get("cuts", {}))))
            cuts = True
        started = [
            start_run(
                scan=scan,
                stage=step["stage"],
                start_frame=0,
                end_frame=scan.frames,
                params=_with_what_is_kept(scan, step),
                following=chain if step["stage"] == "cuts" else (),
                by=by,
                batch=batch,
                urgent=urgent,
            )
            for step in finding
        ]
        if chain and not cuts:
            current = list(scan.scenes.current())
            started += _chains(
                current, chain, by=by, batch=batch, version=scenes.RESTORATION, urgent=urgent
            )
        return started


def _with_what_is_kept(scan: Scan, step: Step) -> dict[str, Any]:
    """The step's parameters, with what the archive has for it unless other such is named.

    The cards of the scan are read by transcribe: those that are known now; where cuts are still to
    be found, they are read the next time. The film's photographs name faces in attribute.
    """
    params = step["params"]
    if step["stage"] == cast.STAGE and "photographs" not in params:
        return params | {"photographs": photographs.params_of(scan.reel.element.title)}
    if step["stage"] != "transcribe" or "titles" in params:
        return params
    cards = scan.scenes.current().filter(kind=Scene.Kind.INTERTITLE)
    spans = cards.order_by("start_frame").values_list("start_frame", "end_frame")
    return params | {"titles": [list(span) for span in spans]}


def process_scene(
    scene: Scene,
    *,
    stages: Iterable[str],
    params: Mapping[str, Mapping[str, Any]] | None = None,
    version: str | None = None,
    by: User | None = None,
    urgent: bool = False,
) -> StageRun:
    """Run stages over one scene; the first starts now, the others follow on its take.

    Args:
        version: whose takes the first works on; None: the colour version's if there is one before.
        urgent: Before all that is not; what follows is urgent too.

    Raises: StageError, CannotStart; also for the colour version if a stage would be taken for one
        of it and work on the restoration.
    """
    if scene.retired:
        raise CannotStart(f"{scene} was replaced by an edit of the cuts; choose a current scene")
    steps = plan(stages, params or {})
    if version == scenes.COLOUR:
        _require_of_colour([step["stage"] for step in steps])
    return _chains([scene], steps, by=by, batch=uuid4(), version=version, urgent=urgent)[0]


def _require_of_colour(stages: list[str]) -> None:
    """Refuse stages around colourise without it: what follows would leave the colour behind."""
    (first,) = INVENTING
    here = scenes.place_in_chain(first)
    before = [name for name in stages if scenes.place_in_chain(name) < here]
    after = [name for name in stages if scenes.place_in_chain(name) > here]
    if before and after and first not in stages:
        raise CannotStart(
            f"Nothing was started: {', '.join(before)} comes before the colour, so "
            f"{', '.join(after)} on what it makes would change the restoration, not the colour "
            f"version that you look at. Choose {first} too, start {', '.join(after)} alone, or "
            "show the restoration first"
        )


def works_on_the_restoration(stages: Iterable[str]) -> bool:
    """Whether all of these come before the colour: none of them touches the colour version."""
    (first,) = INVENTING
    return all(scenes.place_in_chain(name) < scenes.place_in_chain(first) for name in stages)


def _chains(
    wanted: list[Scene],
    steps: list[Step],
    *,
    by: User | None,
    batch: UUID,
    version: str | None = None,
    urgent: bool = False,
) -> list[StageRun]:
    check_steps(steps)
    with transaction.atomic():
        return [
            chain_run(
                scene, steps, by=by, batch=batch, version=version, asked_now=True, urgent=urgent
            )
            for scene in wanted
        ]


def plan(stages: Iterable[str], params: Mapping[str, Mapping[str, Any]]) -> list[Step]:
    """The stages in the order in which they are run, with what was asked of each.

    Raises: StageError for an unknown stage or parameter; CannotStart if there is nothing to do.
    """
    wanted = {find_stage(name).name for name in stages}
    if not wanted:
        known = ", ".join(stage.name for stage in STAGES)
        raise CannotStart(f"name at least one stage: {known}")
    strange = sorted(set(params) - wanted)
    if strange:
        raise CannotStart(f"parameters for {', '.join(strange)}, which is not to be run")
    steps = []
    for stage in STAGES:
        if stage.name in wanted:
            values = dict(params.get(stage.name, {}))
            stage.parse(values)
            steps.append(Step(stage=stage.name, params=values))
    return steps


def retry(run: StageRun, *, by: User | None = None) -> StageRun:
    """Let a run that failed or was cancelled wait again, with a fresh share of attempts.

    Raises: IllegalTransition if it is open or done; CannotStart if its scene is gone, or its
        collection has used what it may.
    """
    if run.scene is not None and run.scene.retired:
        raise CannotStart(f"{run.scene} was replaced by an edit of the cuts; run the new scenes")
    if run.key == "":
        raise CannotStart(f"{run} could not be started: {run.error}; ask for it anew")
    quotas.require(run)
    with transaction.atomic():
        again = StageRun.objects.filter(
            pk=run.pk, status__in=[Status.FAILED, Status.CANCELLED]
        ).update(
            status=Status.QUEUED,
            attempt=0,
            cancel_requested=False,
            error="",
            frames_done=0,
            started=None,
            ended=None,
            sent=None,
            requested_by=by or run.requested_by,
            updated=Now(),
        )
        run.refresh_from_db()
        if not again:
            raise IllegalTransition(f"{run} is {run.status}; only ended runs can be tried again")
        ring_on_commit(run)
    return run
