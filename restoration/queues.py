"""The queues that runs wait in: one for each kind of worker, and one beside it for what is urgent.

A worker that serves both takes what is urgent first. One that serves only the urgent queue is free
for it whatever else waits; one that serves only the usual queue never computes what is urgent.
"""

from __future__ import annotations

from collections.abc import Collection

_URGENT = "-urgent"


def usual(queue: str) -> str:
    """The queue without urgency: `cpu` of `cpu-urgent`."""
    return queue.removesuffix(_URGENT)


def urgent(queue: str) -> str:
    """The queue beside it for what is urgent: `cpu-urgent` of `cpu`."""
    return usual(queue) + _URGENT


def is_urgent(queue: str) -> bool:
    return queue.endswith(_URGENT)


def looked_at(queue: str, served: Collection[str]) -> tuple[str, str]:
    """Where a worker looks for a run when a message of that queue has woken it.

    Args:
        served: the queues that it serves; empty: all.
    Returns: the queue to look in, and the one to look in before that; empty: in no other.
    """
    both = [name for name in (usual(queue), urgent(queue)) if not served or name in served]
    if len(both) == 2:
        return both[0], both[1]
    return (both[0] if both else queue), ""
