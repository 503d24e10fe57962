"""Which custody events are told, under which names, and which of their facts.

Numbers, digests and the words of a vocabulary alone: no place on a disk, no name, no text that
somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = {
    "run.finished": ("restoration stage", "success"),
    "run.failed": ("restoration stage", "failure"),
    "decision.approved": ("approval", "success"),
    "decision.changes_requested": ("changes requested", "success"),
    "decision.stage_approved": ("stage approval", "success"),
    "decision.stage_changes_requested": ("stage changes requested", "success"),
    "decision.withdrawn": ("decision withdrawn", "success"),
    "delivery.ready": ("delivery", "success"),
    "delivery.failed": ("delivery", "failure"),
    "delivery.refused": ("delivery", "refused"),
    "fixity.fault": ("fixity check", "failure"),
}
"""Name -> kind and outcome of the event."""
_NAMES = {told: name for name, told in KINDS.items()}
_FACTS = frozenset(
    {
        *("run", "stage", "take", "number", "digest", "offered", "scene", "start_frame"),
        *("end_frame", "version", "format", "use", "batch", "found", "attempt"),
    }
)


def kind_of(event_kind: str, outcome: str) -> str:
    """The name under which such an event is told; empty if it is not."""
    return _NAMES.get((event_kind, outcome), "")


def facts(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What of an event's detail leaves the house."""
    plain = int | str | bool | None
    return {
        name: value for name, value in detail.items() if name in _FACTS and isinstance(value, plain)
    }
