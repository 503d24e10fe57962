"""What workers do when a message arrives: one line each; the row that it names is the truth."""

from __future__ import annotations

import dramatiq

from restoration import pools, relay, workers
from restoration.models import Take

SOONER = -1
"""Of messages that a worker has fetched already, those of urgent runs come first (the default is 0,
and less is sooner); which run it takes, the table says."""
FOREVER = float("inf")
"""A run's own limits are its lease and its progress; the broker cannot interrupt native code."""


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def run_on_cpu(run_id: int, memory: int = 0, passed: int = 0) -> None:
    _work_on(run_id, "cpu", memory, passed)


@dramatiq.actor(queue_name="gpu", max_retries=0, time_limit=FOREVER)
def run_on_gpu(run_id: int, memory: int = 0, passed: int = 0) -> None:
    _work_on(run_id, "gpu", memory, passed)


@dramatiq.actor(queue_name="cpu-urgent", max_retries=0, time_limit=FOREVER, priority=SOONER)
def run_soon_on_cpu(run_id: int, memory: int = 0, passed: int = 0) -> None:
    _work_on(run_id, "cpu-urgent", memory, passed)


@dramatiq.actor(queue_name="gpu-urgent", max_retries=0, time_limit=FOREVER, priority=SOONER)
def run_soon_on_gpu(run_id: int, memory: int = 0, passed: int = 0) -> None:
    _work_on(run_id, "gpu-urgent", memory, passed)


def _work_on(run_id: int, queue: str, memory: int, passed: int) -> None:
    """memory: GiB that the run needs; passed: how many workers have passed the message on."""
    if memory > workers.memory():
        pools.pass_on(run_id, queue, memory, passed)
    relay.work_on(run_id, queue)


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def make_view(take_id: int) -> None:
    from restoration import viewing

    viewing.make_view(Take.objects.get(pk=take_id))


ACTORS = {
    actor.queue_name: actor for actor in (run_on_cpu, run_on_gpu, run_soon_on_cpu, run_soon_on_gpu)
}
"""By the queue that a run waits in (`queues`)."""
