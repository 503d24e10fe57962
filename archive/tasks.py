"""What workers do when a message arrives: one line each; the row that it names is the truth."""

from __future__ import annotations

from pathlib import Path

import dramatiq
from django.contrib.auth.models import User

from archive import (
    arrivals,
    catalogue_marks,
    derived,
    fixity_schedule,
    import_jobs,
    second_copies,
    stored,
    upload,
)
from archive.api import writing
from archive.models import Scan

FOREVER = float("inf")
"""The broker cannot interrupt native code; a silent maker is replaced by the sweeper."""


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def ingest_upload(upload_id: str) -> None:
    arrivals.take_in(upload_id)


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def make_derivatives(scan_id: int) -> None:
    derived.make_derivatives(Scan.objects.get(pk=scan_id))


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def check_fixity(scan_id: int) -> None:
    fixity_schedule.check(scan_id)


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def name_second_copy(scan_id: int, path: str, by: int) -> None:
    scan = Scan.objects.select_related("reel").get(pk=scan_id)
    second_copies.name_or_tell(scan, Path(path), by=User.objects.get(pk=by))


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def go_through_table(job_id: int) -> None:
    import_jobs.work(job_id)


def sweep() -> dict[str, int]:
    """Ring again for what was lost on the way; the sweeper calls it every now and then."""
    mended = upload.sweep() | derived.sweep() | fixity_schedule.sweep() | writing.sweep()
    return mended | catalogue_marks.sweep() | stored.sweep() | import_jobs.sweep()
