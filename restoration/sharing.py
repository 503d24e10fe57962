"""Whose run is next, where several people and reels wait for the same workers.

People take turns, and the reels of a person do: next is who has had the fewest frames among the
runs of the queue that began lately, however many runs each has asked for. What nobody asked for by
name (a schedule, a watched folder) counts as one person. Within a reel runs go in the order in
which they were asked for. Who comes new to a busy queue so waits for one run, not for all.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from django.db.models import Min

from restoration.models import StageRun

LATELY = 100
"""So many runs of the queue that began last are looked at."""


class Share(NamedTuple):
    """Runs of one person and one scan that wait."""

    person: int | None
    scan: int


def turns(queue: str) -> list[Share]:
    """Whose turn it is in that queue, the first first; empty if nothing waits."""
    queued = StageRun.objects.filter(queue=queue, status=StageRun.Status.QUEUED).order_by()
    grouped = queued.values_list("requested_by", "scan").annotate(first=Min("pk"))
    shares = {Share(person, scan): first for person, scan, first in grouped}
    if len(shares) < 2:
        return list(shares)
    people, scans = _had_lately(queue)

    def turn(share: Share) -> tuple[int, int, int]:
        return people[share.person], scans[share], shares[share]

    return sorted(shares, key=turn)


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
