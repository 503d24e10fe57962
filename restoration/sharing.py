"""Whose run is next, where several people and reels wait for the same workers.

People take turns, and the reels of a person do: next is who has had the fewest frames among the
runs of the queue that began lately, however many runs each has asked for. What nobody asked for by
name (a schedule, a watched folder) counts as one person. Within a reel runs go in the order in
which they were asked for. Who comes new to a busy queue so waits for one run, not for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from django.db import connection

from restoration.models import StageRun

LATELY = 100
"""So many runs of the queue that began last are looked at."""


class Share(NamedTuple):
    """Runs of one person and one scan that wait."""

    person: int | None
    scan: int


class Turn(NamedTuple):
    """A share whose turn it is, and the run of it that was asked for first."""

    share: Share
    first: int
    stage: str
    """Its stage."""
    free: bool
    """Whether that run may be claimed: no twin of it is being computed."""
    limited: bool
    """Whether any collection has a quota (`quotas`); then it has to be asked."""


# From each share to the next by the index `runs_that_wait`: as many steps as there are shares,
# however many runs wait (PostgreSQL wiki, "Loose indexscan"). NULL is in no order: a share that
# nobody asked for by name is looked for by itself, but in the order of the index all the same: with
# `ORDER BY scan_id, id` each question would walk and sort all runs of a scan, those too that ended.
_SHARES = """
WITH RECURSIVE named AS (
    (SELECT requested_by_id, scan_id, id, key, stage FROM restoration_stagerun
     WHERE queue = %(queue)s AND status = 'queued' AND memory <= %(memory)s
       AND requested_by_id IS NOT NULL
     ORDER BY requested_by_id, scan_id, id LIMIT 1)
    UNION ALL
    SELECT later.* FROM named, LATERAL (
        SELECT requested_by_id, scan_id, id, key, stage FROM restoration_stagerun
        WHERE queue = %(queue)s AND status = 'queued' AND memory <= %(memory)s
          AND (requested_by_id, scan_id) > (named.requested_by_id, named.scan_id)
        ORDER BY requested_by_id, scan_id, id LIMIT 1) later
), nobodys AS (
    (SELECT requested_by_id, scan_id, id, key, stage FROM restoration_stagerun
     WHERE queue = %(queue)s AND status = 'queued' AND memory <= %(memory)s
       AND requested_by_id IS NULL
     ORDER BY requested_by_id, scan_id, id LIMIT 1)
    UNION ALL
    SELECT later.* FROM nobodys, LATERAL (
        SELECT requested_by_id, scan_id, id, key, stage FROM restoration_stagerun
        WHERE queue = %(queue)s AND status = 'queued' AND memory <= %(memory)s
          AND requested_by_id IS NULL
          AND scan_id > nobodys.scan_id
        ORDER BY requested_by_id, scan_id, id LIMIT 1) later
)
SELECT sooner.waits, requested_by_id, scan_id, id, stage, NOT EXISTS (
    SELECT FROM restoration_stagerun twin WHERE twin.key = share.key AND twin.status = 'running'),
    EXISTS (SELECT FROM restoration_collectionquota)
FROM (SELECT EXISTS (
    SELECT FROM restoration_stagerun
    WHERE queue = %(sooner)s AND status = 'queued' AND memory <= %(memory)s) waits) sooner
LEFT JOIN (SELECT * FROM named UNION ALL SELECT * FROM nobodys) share ON true
"""


def turns(
    queue: str, memory: int, sooner: str = "", warm: Collection[str] = ()
) -> tuple[list[Turn], bool]:
    """Whose turn it is in that queue, the first first; empty if nothing waits.

    Args:
        memory: GiB; runs that need more are not looked at.
        sooner: a queue whose runs come before all of these.
        warm: stages whose networks whoever asks has read: of equals, they come first.
    Returns: and whether anything waits in that queue.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, {"queue": queue, "memory": memory, "sooner": sooner})
        rows = cursor.fetchall()
    waits_there = bool(rows[0][0])
    found = [
        Turn(Share(person, scan), *rest) for _, person, scan, *rest in rows if scan is not None
    ]
    return (_in_order(queue, found, warm) if len(found) > 1 else found), waits_there


def _in_order(queue: str, found: list[Turn], warm: Collection[str]) -> list[Turn]:
    people, scans = _had_lately(queue)

    def order(turn: Turn) -> tuple[int, int, bool, int]:
        cold = turn.stage not in warm
        return people[turn.share.person], scans[turn.share], cold, turn.first

    return sorted(found, key=order)


def _had_lately(queue: str) -> tuple[Counter[int | None], Counter[Share]]:
    """Frames of each person, and of each of their scans, in runs that began lately."""
    began = StageRun.objects.filter(queue=queue, started__isnull=False).order_by("-started")
    people: Counter[int | None] = Counter()
    scans: Counter[Share] = Counter()
    rows = began.values_list("requested_by", "scan", "frames_total")
    for person, scan, frames in rows[:LATELY]:
        people[person] += frames
        scans[Share(person, scan)] += frames
    return people, scans
