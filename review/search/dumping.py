"""Every line of every transcript as JSON lines, written while it is read: for work on all of them
with tools of one's own, and for another archive's search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from archive.access import with_right
from archive.timecode import timecode
from review.models import SearchLine
from review.search.concordance import Hit
from review.search.index import SPOKEN

RIGHT = "review.dump_transcripts"
_AT_ONCE = 2000


def dump(site: str, user: Any) -> Iterator[str]:
    """One object a line, by reel and in order of time, each with all that is needed to cite it.

    Args:
        site: what links begin with, without a slash at its end.
        user: who asks; left out are collections in which they may not.
    """
    found = SearchLine.objects.filter(kind__in=SPOKEN, scan__isnull=False).defer("vector", "after")
    found = with_right(user, RIGHT, found, "reel__")
    rows = found.select_related("reel__element__title", "scan").order_by("reel", "number")
    # A few thousand lines a piece: one write a line would cost more than the reading.
    batch: list[str] = []
    for row in rows.iterator(chunk_size=_AT_ONCE):
        batch.append(json.dumps(_record(row, site), ensure_ascii=False))
        if len(batch) == _AT_ONCE:
            yield "\n".join(batch) + "\n"
            batch = []
    if batch:
        yield "\n".join(batch) + "\n"


def _record(row: SearchLine, site: str) -> dict[str, object]:
    title, scan = row.reel.title, row.scan
    assert scan is not None
    return {
        "reel_id": row.reel_id,
        "title": title.name,
        "year": title.year,
        "reel": row.reel.number,
        "access": row.reel.access,
        "line": row.key,
        "kind": row.kind,
        "start_frame": row.start_frame,
        "end_frame": row.end_frame,
        "rate": str(scan.rate),
        "start": timecode(row.start_frame, scan.rate, scan.start_timecode),
        "end": timecode(row.end_frame, scan.rate, scan.start_timecode),
        "speaker": row.speaker,
        "language": row.language,
        "text": row.text,
        "answered_for": Hit(row, "", "", "").standing[0],
        "address": f"{site}{reverse('transcript', args=[row.reel_id])}?frame={row.start_frame}",
    }
