"""What workers do when a message arrives: one line each; the row that it names is the truth."""

from __future__ import annotations

import dramatiq

from restoration import relay
from restoration.models import Take

FOREVER = float("inf")
"""A run's own limits are its lease and its progress; the broker cannot interrupt native code."""


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def run_on_cpu(run_id: int) -> None:
    relay.work_on(run_id, "cpu")


@dramatiq.actor(queue_name="gpu", max_retries=0, time_limit=FOREVER)
def run_on_gpu(run_id: int) -> None:
    relay.work_on(run_id, "gpu")


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def make_view(take_id: int) -> None:
    from restoration import viewing

    viewing.make_view(Take.objects.get(pk=take_id))


ACTORS = {"cpu": run_on_cpu, "gpu": run_on_gpu}
