"""How a run ends: its take published, or the reason why not, in one transaction each."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from django.db import connection, transaction
from django.db.models.functions import Now

from archive import custody
from archive.models import Agent
from restoration.biometrics import part_biometrics
from restoration.cancelling import EVENT
from restoration.claims import Claim, attempt_cap, requeue
from restoration.errors import LeaseLost
from restoration.models import StageRun, Take
from restoration.models.take import version_of
from restoration.software import stage_weights
from restoration.soundness import put_in_place
from restoration.stages import find_stage
from restoration.stages.contract import Cancelled, StageError
from restoration.starting import follow, offer, ring_for_view, ring_on_commit
from restoration.weights import WeightsError

log = logging.getLogger(__name__)

Status = StageRun.Status

_SAID = 80
"""Characters of a finding that custody is told; a transcript's text stays with the transcript."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the child said it made: the fields of `execution.Made`."""

    manifest: dict[str, Any]
    digest: str
    totals: dict[str, Any]
    findings: dict[str, Any] | None
    timings: dict[str, Any]


def finish_run(claim: Claim, result: Result) -> Take | None:
    """Publish what the claim's attempt made; None for a stage that only finds.

    Raises: LeaseLost if the claim no longer holds the run, Cancelled if somebody cancelled it.
    """
    findings, biometrics = part_biometrics(result.findings)
    with transaction.atomic():
        agent = custody.software()  # before the lock, for which others may wait
        # One publication, or edit of the cuts, at a time for a scan: takes are numbered here.
        _lock_scan(claim.run.scan_id)
        if result.findings is None:
            run, take, twins = _publish(claim, result)
        else:
            take = None
            run, twins = _end_done(claim, take, findings, result.timings)
        _record_success(run, take, result, agent)
        if run.following or findings is not None:
            run.refresh_from_db()
            follow(run, biometrics)
        if twins:
            _settle_twins(run)
        if take is not None and not run.following:
            ring_for_view(take.pk)
    return take


def _lock_scan(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM archive_scan WHERE id = %s FOR NO KEY UPDATE", [pk])


_END = """
UPDATE restoration_stagerun run
SET status = 'done', frames_done = frames_total, findings = %(findings)s::jsonb,
    timings = %(timings)s::jsonb,
    take_id = %(take)s, offered = %(offered)s, lease_until = NULL, ended = statement_timestamp(),
    updated = statement_timestamp()
WHERE id = %(run)s AND status = 'running' AND token = %(token)s AND NOT cancel_requested
RETURNING EXISTS (
    SELECT FROM restoration_stagerun twin WHERE twin.key = run.key AND twin.status = 'queued')
"""


def _end_done(
    claim: Claim, take: Take | None, findings: dict[str, Any] | None, timings: dict[str, Any]
) -> tuple[StageRun, bool]:
    """The run, done, and whether others of its key wait.

    Raises: LeaseLost, Cancelled as `finish_run`; what the transaction wrote before is undone.
    """
    run = claim.run
    run.offered = take is not None and take.storage_key != claim.storage_key
    given = {
        "run": run.pk,
        "token": claim.token,
        "take": take.pk if take is not None else None,
        "offered": run.offered,
        "findings": json.dumps(findings) if findings is not None else None,
        "timings": json.dumps(timings),
    }
    with connection.cursor() as cursor:
        cursor.execute(_END, given)
        ended = cursor.fetchone()
    if ended is None:
        _raise_why(claim)
    run.status, run.take, run.findings, run.timings = Status.DONE, take, findings, timings
    return run, bool(ended[0])


def _raise_why(claim: Claim) -> NoReturn:
    if claim.held.filter(cancel_requested=True).exists():
        raise Cancelled
    raise LeaseLost(f"run {claim.run.pk}: attempt {claim.token} may no longer publish")


# One statement, since one is most of the time: the scan's lock is held, so nobody else numbers.
_PUBLISH = """
WITH take AS (
    INSERT INTO restoration_take (scan_id, start_frame, end_frame, stage, number, input_take_id,
        version, key, storage_key, manifest, digest, bytes, totals, damage, created)
    SELECT %(scan)s, %(start)s, %(end)s, %(stage)s, coalesce(max(number), 0) + 1, %(input)s,
        %(version)s, %(key)s, %(storage_key)s, %(manifest)s::jsonb, %(digest)s, %(bytes)s,
        %(totals)s::jsonb, '', statement_timestamp()
    FROM restoration_take WHERE scan_id = %(scan)s AND start_frame = %(start)s
        AND end_frame = %(end)s AND stage = %(stage)s
    ON CONFLICT (key) DO NOTHING
    RETURNING id, number, created
)
UPDATE restoration_stagerun run
SET status = 'done', frames_done = frames_total, findings = NULL, timings = %(timings)s::jsonb,
    take_id = take.id, offered = false, lease_until = NULL, ended = statement_timestamp(),
    updated = statement_timestamp()
FROM take
WHERE run.id = %(run)s AND status = 'running' AND token = %(token)s AND NOT cancel_requested
RETURNING take.id, take.number, take.created, EXISTS (
    SELECT FROM restoration_stagerun twin WHERE twin.key = run.key AND twin.status = 'queued')
"""


def _publish(claim: Claim, result: Result) -> tuple[StageRun, Take, bool]:
    """Make the take, find the one that a twin published meanwhile, or replace a damaged one.

    Returns: the run, done, its take, and whether others of its key wait.
    Raises: LeaseLost, Cancelled as `finish_run`; CannotStart if a damaged one was made again and is
        not the same.
    """
    run = claim.run
    take = _new_take(claim, result)
    given: dict[str, Any] = {
        "run": run.pk,
        "token": claim.token,
        "scan": take.scan_id,
        "start": take.start_frame,
        "end": take.end_frame,
        "stage": take.stage,
        "input": take.input_take_id,
        "version": take.version,
        "key": take.key,
        "storage_key": take.storage_key,
        "manifest": json.dumps(take.manifest),
        "digest": take.digest,
        "bytes": take.bytes,
        "totals": json.dumps(take.totals),
        "timings": json.dumps(result.timings),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUBLISH, given)
        made = cursor.fetchone()
    if made is None:  # A take of the key stands, or the run is this claim's no more.
        take = Take.objects.get(key=run.key)
        if take.damage:
            put_in_place(take, storage_key=claim.storage_key, digest=result.digest)
        run, twins = _end_done(claim, take, None, result.timings)
        return run, take, twins
    take.pk, take.number, take.created, twins = made
    take._state.adding, take._state.db = False, connection.alias
    run.status, run.take, run.timings = Status.DONE, take, result.timings
    run.offered, run.findings = False, None
    return run, take, twins


def _new_take(claim: Claim, result: Result) -> Take:
    """What the attempt made, as a row that is not written and has no number yet."""
    run = claim.run
    return Take(
        scan=run.scan,
        start_frame=run.start_frame,
        end_frame=run.end_frame,
        stage=run.stage,
        input_take=run.input_take,
        version=version_of(run.stage, run.input_take),
        key=run.key,
        storage_key=claim.storage_key,
        manifest=result.manifest,
        digest=result.digest,
        bytes=sum(each["bytes"] for each in result.manifest.get("files", {}).values()),
        totals=result.totals,
    )


def _settle_twins(run: StageRun) -> None:
    """Offer the result to every run of the same key that waits for it."""
    for twin in StageRun.objects.filter(key=run.key, status=Status.QUEUED):
        offer(twin, in_part=True)


def _ring_twins(run: StageRun) -> None:
    """A run that ended without a result no longer holds up those of the same key."""
    for twin in StageRun.objects.filter(key=run.key, status=Status.QUEUED).exclude(pk=run.pk):
        ring_on_commit(twin)


def _record_success(run: StageRun, take: Take | None, result: Result, agent: Agent) -> None:
    detail = _detail(run) | {"timings": result.timings}
    if take is not None:
        detail |= {
            "take": take.pk,
            "number": take.number,
            "digest": take.digest,
            "totals": take.totals,
            "weights": take.manifest.get("weights", []),
            "offered": run.offered,
        }
    else:
        detail["weights"] = _weights_of(run, result.findings or {})
        detail["found"] = {
            name: len(value) if isinstance(value, list) else value
            for name, value in (result.findings or {}).items()
            if isinstance(value, (list, int, float))
            or (isinstance(value, str) and len(value) <= _SAID)
        }
    subject = f"take:{take.pk}" if take is not None else f"run:{run.pk}"
    custody.record(kind=EVENT, agent=agent, subject=subject, reel=run.scan.reel, detail=detail)


def _weights_of(run: StageRun, findings: dict[str, Any]) -> list[dict[str, Any]]:
    """The weights that a stage which only finds was to load, each with its SHA-256; none where it
    says that it did without its network."""
    network = findings.get("network")
    if isinstance(network, dict) and not network.get("used", True):
        return []
    try:
        return [asdict(each) for each in stage_weights(find_stage(run.stage), run.params)]
    except (StageError, WeightsError):  # removed meanwhile: the run's key still covers them
        return []


def _detail(run: StageRun) -> dict[str, Any]:
    return {
        "run": run.pk,
        "stage": run.stage,
        "frames": [run.start_frame, run.end_frame],
        "params": run.params,
        "input_take": run.input_take_id,
        "device": run.device,
        "worker": run.worker,
        "attempt": run.attempt,
        "requested_by": run.requested_by.get_username() if run.requested_by else None,
    }


def fail_run(run: StageRun, words: str) -> bool:
    """End a running run as failed, in the tool's own words; False if it moved on meanwhile."""
    with transaction.atomic():
        return _end(run, Status.FAILED, agent=custody.software(), words=words or "no reason given")


def end_cancelled(run: StageRun) -> bool:
    """End a running run that somebody asked to cancel; False if it moved on meanwhile."""
    with transaction.atomic():
        return _end(run, Status.CANCELLED, agent=custody.software(), words="")


def _end(run: StageRun, status: str, *, agent: Agent, words: str) -> bool:
    ended = StageRun.objects.filter(pk=run.pk, status=Status.RUNNING, token=run.token).update(
        status=status, error=words, lease_until=None, ended=Now(), updated=Now()
    )
    if not ended:
        return False
    run.refresh_from_db()
    custody.record(
        kind=EVENT,
        agent=agent,
        subject=f"run:{run.pk}",
        reel=run.scan.reel,
        detail=_detail(run) | ({"error": words} if words else {}),
        outcome="failure" if status == Status.FAILED else "cancelled",
    )
    _ring_twins(run)
    return True


def retry_or_fail(run: StageRun, words: str) -> None:
    """An attempt died: let the run wait for another one, or fail it when it had its share."""
    if run.cancel_requested:
        end_cancelled(run)
    elif run.attempt < attempt_cap():
        log.warning("run %s: attempt %s died: %s", run.pk, run.attempt, words)
        requeue(run)
    else:
        fail_run(run, f"{words}\nGiven up after {run.attempt} attempts.")
