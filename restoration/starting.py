"""Starting runs: the row is written in the caller's transaction, the message goes on commit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypedDict
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from dramatiq.errors import DramatiqError

from archive.models import Scan
from config.broker import GuardedBroker
from config.tracing import MessageMarks
from restoration import biometrics as kept_biometrics
from restoration import cast, pools, queues, quotas, scenes, software, transcripts
from restoration.cutting import splice_frames
from restoration.drawn import drawn_params
from restoration.errors import CannotStart, QuotaReached
from restoration.models import Scene, StageRun, Take
from restoration.stages import find_stage
from restoration.stages.contract import Stage, StageError, require_frames
from restoration.stages.parameters import params_json

log = logging.getLogger(__name__)

Status = StageRun.Status


class Step(TypedDict):
    """A stage to run later, with the parameters that were asked for."""

    stage: str
    params: dict[str, Any]


def start_run(
    *,
    scan: Scan,
    stage: str,
    start_frame: int,
    end_frame: int,
    scene: Scene | None = None,
    params: Mapping[str, Any] | None = None,
    input_take: Take | None = None,
    following: Iterable[str | Step] = (),
    by: User | None = None,
    batch: UUID | None = None,
    urgent: bool = False,
) -> StageRun:
    """Ask for a stage on frames [start_frame, end_frame) of a scan.

    A result that stands already is offered instead of computed again: the run is done at once.

    Args:
        params: Those not named take the stage's defaults.
        input_take: The take to work on; None: the scan itself.
        following: Stages to start on what this run makes, in order.
        batch: Shared by runs that were asked for together.
        urgent: Before all that is not; what follows is urgent too.

    Raises: StageError for an unknown stage or parameter, CannotStart for a range or an input that
        do not fit, or where the collection has used what it may (`quotas`).
    """
    found = find_stage(stage)
    steps = check_steps(following)
    chain = [found, *(find_stage(step["stage"]) for step in steps)]
    require_frames(
        chain,
        scan.field_order,
        on_take=input_take is not None,
        whole=_has_whole_frames(input_take),
    )
    values = params_json(found.parse(found.for_film(params or {}, scan.field_order)))
    steps = [
        Step(stage=step["stage"], params=stage.for_film(step["params"], scan.field_order))
        for step, stage in zip(steps, chain[1:], strict=True)
    ]
    if stage == cast.STAGE and not settings.BIOMETRICS:
        raise CannotStart(cast.SWITCHED_OFF)
    _check_range(scan, start_frame, end_frame, input_take)
    run = StageRun(
        scan=scan,
        scene=scene,
        stage=stage,
        start_frame=start_frame,
        end_frame=end_frame,
        params=values,
        input_take=input_take,
        following=steps,
        batch=batch or uuid4(),
        key=run_key(found, scan, start_frame, end_frame, values, input_take, marks_of(scene)),
        queue=queues.urgent(found.queue) if urgent else found.queue,
        memory=pools.gib_needed(found, found.parse(values), scan, input_take),
        frames_total=end_frame - start_frame,
        requested_by=by,
    )
    with transaction.atomic():
        run.save(force_insert=True)
        log.info("run %s was asked for: %s of %s", run.pk, stage, scan)
        if not offer(run):
            quotas.require(run)
            ring_on_commit(run)
    return run


def _has_whole_frames(take: Take | None) -> bool:
    """Whether a take, or one that it was made from, made whole frames of interlaced film."""
    while take is not None:
        if find_stage(take.stage).makes_whole_frames:
            return True
        take = take.input_take
    return False


def marks_of(scene: Scene | None) -> tuple[int, ...]:
    """Frames inside the scene before which the film was spliced."""
    return splice_frames(scene.marks) if scene is not None else ()


def run_key(
    stage: Stage,
    scan: Scan,
    start_frame: int,
    end_frame: int,
    params: dict[str, Any],
    input_take: Take | None,
    marks: tuple[int, ...],
) -> str:
    """What decides the result, as one digest: the same key means the same take."""
    return software.run_key(
        stage=stage,
        params=params,
        scan_sha256=scan.sha256,
        start_frame=start_frame,
        end_frame=end_frame,
        marks=marks,
        input_digest=input_take.digest if input_take else None,
    )


def check_steps(following: Iterable[str | Step]) -> list[Step]:
    """The stages to follow, with parameters that were checked now rather than hours later."""
    steps = [
        Step(stage=step, params={})
        if isinstance(step, str)
        else Step(stage=step["stage"], params=dict(step["params"]))
        for step in following
    ]
    for step in steps:
        found = find_stage(step["stage"])
        found.parse(step["params"])
        if found.makes != "pictures":
            raise CannotStart(f"{found.name} looks at a whole scan and cannot follow on a take")
    return steps


def _check_range(scan: Scan, start_frame: int, end_frame: int, take: Take | None) -> None:
    if not 0 <= start_frame < end_frame <= scan.frames:
        raise CannotStart(
            f"frames [{start_frame}, {end_frame}) do not lie in the scan's {scan.frames} frames"
        )
    if take is not None and (take.scan_id, take.start_frame, take.end_frame) != (
        scan.pk,
        start_frame,
        end_frame,
    ):
        raise CannotStart(f"{take} covers other frames than [{start_frame}, {end_frame})")


def offer(run: StageRun, *, in_part: bool = False) -> bool:
    """Settle a waiting run with a result that stands already; False if there is none.

    Args:
        in_part: also with findings that something kept from being whole.
    """
    take = Take.objects.filter(key=run.key, damage="").first()
    twin = None
    if take is None and find_stage(run.stage).makes == "findings":
        twin = _twin(run, in_part=in_part)
    if take is None and twin is None:
        return False
    settled = StageRun.objects.filter(pk=run.pk, status__in=StageRun.OPEN).update(
        status=Status.DONE,
        take=take,
        findings=twin.findings if twin else None,
        offered=True,
        frames_done=run.frames_total,
        lease_until=None,
        ended=Now(),
        updated=Now(),
    )
    run.refresh_from_db()
    if settled:
        follow(run)
    return bool(settled)


def _twin(run: StageRun, *, in_part: bool) -> StageRun | None:
    """A run of the same key that found something.

    The key names the weights that cards are read with, whether or not they were there: where a run
    lacked them, another one of the same key may read more.
    """
    done = StageRun.objects.filter(key=run.key, status=Status.DONE, findings__isnull=False)
    whole = (each for each in done.order_by("-pk") if in_part or not lacking(each.findings))
    return next(whole, None)


def lacking(findings: Mapping[str, Any] | None) -> str:
    """Why findings are not whole, in words; empty: they are."""
    return str((findings or {}).get("titles_not_read") or "")


def follow(run: StageRun, biometrics: Mapping[str, Any] | None = None) -> list[StageRun]:
    """Start what was asked to follow on the result of a run that is done.

    Args:
        biometrics: what tells people apart, which is not among the run's findings.
    """
    if run.findings is not None:
        keep_findings(run, biometrics)
        if run.stage != "cuts":
            return []
        current = run.scan.scenes.current()
        return [
            chain_run(
                scene,
                run.following,
                by=run.requested_by,
                batch=run.batch,
                urgent=run.urgent,
                version=scenes.RESTORATION,
            )
            for scene in current
            if run.following
        ]
    if not run.following or (run.scene is not None and run.scene.retired):
        return []
    return [_next_run(run)]


def keep_findings(run: StageRun, biometrics: Mapping[str, Any] | None = None) -> None:
    """What a stage found becomes rows: scenes of cuts, a transcript of words, faces."""
    if run.stage == "transcribe":
        transcripts.keep_run(run)
    elif run.stage == cast.STAGE:
        kept_biometrics.keep_run(run, biometrics or {})
    else:
        scenes.make_scenes(run.scan, run.findings or {}, by=run.requested_by)


def _next_run(run: StageRun) -> StageRun:
    step, *rest = run.following
    return _start_or_say_why(
        scan=run.scan,
        stage=step["stage"],
        start_frame=run.start_frame,
        end_frame=run.end_frame,
        scene=run.scene,
        params=params_for(run.scene, step),
        input_take=run.take,
        following=rest,
        by=run.requested_by,
        batch=run.batch,
        urgent=run.urgent,
    )


def chain_run(
    scene: Scene,
    steps: Iterable[str | Step],
    *,
    by: User | None,
    batch: UUID | None = None,
    version: str | None = None,
    asked_now: bool = False,
    urgent: bool = False,
) -> StageRun:
    """The first of these stages on a scene; the others follow on its take.

    Args:
        asked_now: a person asks and is told of a quota at once, in place of a run that failed.

    Raises: QuotaReached if it is asked for now.
    """
    step, *rest = check_steps(steps)
    return _start_or_say_why(
        scan=scene.scan,
        stage=step["stage"],
        start_frame=scene.start_frame,
        end_frame=scene.end_frame,
        scene=scene,
        params=params_for(scene, step),
        input_take=scenes.take_before(scene, step["stage"], version),
        following=rest,
        asked_now=asked_now,
        by=by,
        batch=batch,
        urgent=urgent,
    )


def _start_or_say_why(
    *,
    stage: str,
    params: dict[str, Any],
    following: list[Step],
    asked_now: bool = False,
    **asked: Any,
) -> StageRun:
    """A run that cannot be started is written down as failed: nothing is silent."""
    try:
        with transaction.atomic():
            return start_run(stage=stage, params=params, following=following, **asked)
    except (StageError, CannotStart) as error:
        if asked_now and isinstance(error, QuotaReached):
            raise
        log.warning("%s cannot follow: %s", stage, error)
        asked.pop("urgent", None)
        return StageRun.objects.create(
            stage=stage,
            params=params,
            following=following,
            requested_by=asked.pop("by"),
            batch=asked.pop("batch") or uuid4(),
            status=Status.FAILED,
            error=str(error),
            queue="cpu",
            frames_total=asked["end_frame"] - asked["start_frame"],
            ended=Now(),
            **asked,
        )


def params_for(scene: Scene | None, step: Step) -> dict[str, Any]:
    """What was asked for now, over what people drew on the scene and chose for it."""
    if scene is None:
        return {**step["params"]}
    chosen = scene.settings.get(step["stage"], {})
    return {**chosen, **drawn_params(scene, step["stage"]), **step["params"]}


def ring_on_commit(run: StageRun) -> None:
    transaction.on_commit(partial(ring, run))


def ring(run: StageRun) -> bool:
    """Tell the workers of its queue that there is a run; a broker that is away fails nothing.

    The message bears the mark of the request that asked for the run, whoever sends it.
    """
    from restoration.tasks import ACTORS

    marks: dict[str, Any] = {MessageMarks.OPTION: run.request} if run.request else {}
    needs = {"memory": run.memory} if run.memory > 1 else {}
    try:
        ACTORS[run.queue].send_with_options(args=(run.pk,), kwargs=needs, **marks)
    except DramatiqError as error:
        log.warning("run %s: no message sent (%s); the sweeper will send it", run.pk, error)
        return False
    StageRun.objects.filter(pk=run.pk).update(sent=Now())
    return True


def ring_for_view(take_id: int) -> None:
    """Have the take's viewing files made ahead, once the caller's transaction stands.

    Where the database is the broker, the message is part of that transaction. The page makes the
    files if the message is lost.
    """
    from restoration.tasks import make_view

    broker = make_view.broker
    if isinstance(broker, GuardedBroker):
        broker.enqueue_within(make_view.message(take_id))
    else:
        transaction.on_commit(partial(_send_for_view, take_id))


def _send_for_view(take_id: int) -> None:
    from restoration.tasks import make_view

    try:
        make_view.send(take_id)
    except DramatiqError as error:
        log.warning("take %s: its viewing files will be made when they are asked for", take_id)
        log.info("%s", error)
