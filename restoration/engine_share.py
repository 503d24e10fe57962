"""What the engine costs beside the stages' own computing, from the runs' rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from restoration.models import StageRun

BETWEEN = timedelta(seconds=1)
"""A worker that begins its next run within that time was not idle meanwhile, but fetching it."""

_Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class EngineShare:
    """Time of workers, in seconds."""

    busy: float
    """Wall time in which a worker had a run, each second of a worker counted once."""
    stages: float
    """Of that, the time in which a stage computed; decoding and encoding are not in it."""

    @property
    def share(self) -> float:
        """The engine's part of the busy time, 0 to 1."""
        return 1 - self.stages / self.busy if self.busy else 0.0


def engine_share(runs: Iterable[StageRun]) -> EngineShare:
    """Sum over all workers; runs that computed nothing (offered, failed, waiting) are left out."""
    spans: dict[str, list[_Span]] = defaultdict(list)
    stages = 0.0
    for run in runs:
        if run.started is None or run.ended is None or "stage" not in run.timings:
            continue
        spans[run.worker].append((run.started, run.ended))
        stages += run.timings["stage"]
    busy = sum(
        (end - start).total_seconds() for each in spans.values() for start, end in _joined(each)
    )
    return EngineShare(busy, stages)


def _joined(spans: list[_Span]) -> Iterator[_Span]:
    """The spans of one worker, those that overlap or nearly meet made one."""
    ordered = sorted(spans)
    start, end = ordered[0]
    for next_start, next_end in ordered[1:]:
        if next_start > end + BETWEEN:
            yield start, end
            start = next_start
        end = max(end, next_end)
    yield start, end
