"""Which workers can hold a run: its queue, and the memory that it needs.

Each stage says what a run of it takes, by its parameters and the size of its pictures
(`Stage.memory`); a worker says what it has (`workers.memory`). A worker is given no run that needs
more. What no live worker of its queue can hold waits, and says for what.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from dramatiq.errors import DramatiqError

from archive.media.pixels import PIXEL_FORMATS
from archive.models import Scan
from restoration.models import StageRun, Take, Worker
from restoration.stages.contract import Stage

log = logging.getLogger(__name__)

GIB = 2**30
PAUSES = (1, 2, 4, 8, 16)
"""Seconds before a message that a worker could not use is heard by another."""


def gib_needed(stage: Stage, params: Any, scan: Scan, taken: Take | None) -> int:
    """GiB of the machine's memory, rounded up, that a run of that stage takes at most.

    Args:
        params: the stage's own, parsed.
        taken: the take that it works on; None: the scan.
    """
    made = taken.manifest.get("picture", {}) if taken is not None else {}
    width, height = made.get("width", scan.width), made.get("height", scan.height)
    pixel = PIXEL_FORMATS.get(made.get("pixel", scan.pixel_format), PIXEL_FORMATS["gbrp16le"])
    shapes = pixel.plane_shapes(width=width, height=height)
    size = sum(rows * columns for rows, columns in shapes) * pixel.dtype.itemsize
    return max(1, -(-stage.memory(params, width * height, size) // GIB))


def waits_for(run: StageRun, held: Mapping[str, int]) -> str:
    """What a waiting run waits for, in words, if no live worker of its queue can hold it.

    Args:
        held: as `Worker.objects.most_held` gives it; of a queue without a live worker nothing is
            said here.
    """
    if run.status != StageRun.Status.QUEUED or run.memory <= held.get(run.queue, Worker.ANY):
        return ""
    return f"waits for a worker with {run.memory} GiB"


def pass_on(run_id: int, queue: str, memory: int, passed: int) -> None:
    """Send a message on that reached a worker which cannot hold its run, for another to hear it.

    A message only wakes a worker, and this one would be heard by nobody else. It is sent a few
    times, later each time; then the sweeper sees to it, as to all that nobody claims.

    Args:
        memory: GiB that the run needs.
        passed: how often it was passed on before.
    """
    from restoration.tasks import ACTORS

    if passed >= len(PAUSES) or Worker.objects.most_held().get(queue, 0) < memory:
        return
    if not StageRun.objects.filter(pk=run_id, status=StageRun.Status.QUEUED).exists():
        return
    kwargs = {"memory": memory, "passed": passed + 1}
    delay = 1000 * PAUSES[passed]
    try:
        ACTORS[queue].send_with_options(args=(run_id,), kwargs=kwargs, delay=delay)
    except DramatiqError as error:
        log.warning("run %s: not passed on (%s); the sweeper will send it", run_id, error)
