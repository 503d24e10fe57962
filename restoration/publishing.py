"""How a run ends: its take published, or the reason why not, in one transaction each."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from archive import custody
from archive.models import Agent, Scan
from restoration.biometrics import part_biometrics
from restoration.cancelling import EVENT
from restoration.claims import Claim, attempt_cap, requeue
from restoration.errors import LeaseLost
from restoration.models import StageRun, Take
from restoration.models.take import version_of
from restoration.soundness import put_in_place
from restoration.stages.contract import Cancelled
from restoration.starting import follow, offer, ring_for_view, ring_on_commit

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
        # One publication, or edit of the cuts, at a time for a scan: takes are numbered here.
        Scan.objects.select_for_update(no_key=True).get(pk=claim.run.scan_id)
        ended = claim.held.filter(cancel_requested=False).update(
            status=Status.DONE,
            frames_done=claim.run.frames_total,
            findings=findings,
            timings=result.timings,
            lease_until=None,
            ended=Now(),
            updated=Now(),
        )
        if not ended:
            _raise_why(claim)
        run = claim.run
        run.refresh_from_db()
        take = _publish(claim, result) if result.findings is None else None
        _record_success(run, take, result)
        follow(run, biometrics)
        _settle_twins(run)
        if take is not None and not run.following:
            transaction.on_commit(partial(ring_for_view, take.pk))
    return take


def _raise_why(claim: Claim) -> None:
    if claim.held.filter(cancel_requested=True).exists():
        raise Cancelled
    raise LeaseLost(f"run {claim.run.pk}: attempt {claim.token} may no longer publish")


def _publish(claim: Claim, result: Result) -> Take:
    """Make the take, find the one that a twin published meanwhile, or replace a damaged one.

    Raises: CannotStart if a damaged one was made again and is not the same.
    """
    run = claim.run
    take = Take.objects.filter(key=run.key).first()
    if take is None:
        siblings = Take.objects.of_range(run.scan, run.start_frame, run.end_frame)
        last = siblings.filter(stage=run.stage).aggregate(last=Max("number"))["last"]
        take = Take.objects.create(
            scan=run.scan,
            start_frame=run.start_frame,
            end_frame=run.end_frame,
            stage=run.stage,
            number=(last or 0) + 1,
            input_take=run.input_take,
            version=version_of(run.stage, run.input_take),
            key=run.key,
            storage_key=claim.storage_key,
            manifest=result.manifest,
            digest=result.digest,
            totals=result.totals,
        )
    elif take.damage:
        put_in_place(take, storage_key=claim.storage_key, digest=result.digest)
    run.take = take
    run.offered = take.storage_key != claim.storage_key
    run.save(update_fields=["take", "offered", "updated"])
    return take


def _settle_twins(run: StageRun) -> None:
    """Offer the result to every run of the same key that waits for it."""
    for twin in StageRun.objects.filter(key=run.key, status=Status.QUEUED):
        offer(twin, in_part=True)


def _ring_twins(run: StageRun) -> None:
    """A run that ended without a result no longer holds up those of the same key."""
    for twin in StageRun.objects.filter(key=run.key, status=Status.QUEUED).exclude(pk=run.pk):
        ring_on_commit(twin)


def _record_success(run: StageRun, take: Take | None, result: Result) -> None:
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
        detail["found"] = {
            name: len(value) if isinstance(value, list) else value
            for name, value in (result.findings or {}).items()
            if isinstance(value, (list, int, float))
            or (isinstance(value, str) and len(value) <= _SAID)
        }
    subject = f"take:{take.pk}" if take is not None else f"run:{run.pk}"
    custody.record(
        kind=EVENT, agent=custody.software(), subject=subject, reel=run.scan.reel, detail=detail
    )


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
