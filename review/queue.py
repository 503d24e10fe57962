"""What waits for a decision, in an order that a person chooses, from scene to scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from archive.access import without_held
from restoration import scenes as cuts
from restoration.models import Scene, Take
from restoration.take_index import TakeIndex
from review import handing, pages
from review.models import Approval, HandOver
from review.shares import machine_share
from review.standing import Standing, State, standings


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of a scene that somebody has to decide on."""

    standing: Standing
    handed: HandOver | None
    """To the person who asks, or to their role."""
    is_mine: bool
    """Handed to them, or they have decided on it before."""
    doubt: float
    """0 to 1: the largest share that a stage of its chain could not decide or judge."""

    @property
    def version(self) -> str:
        return self.standing.take.version if self.standing.take else cuts.RESTORATION

    @property
    def share(self) -> float:
        """Machine-made, of the plane that the version is about."""
        plane = "colour" if self.version == cuts.COLOUR else "structure"
        return machine_share(self.standing.take.totals, plane) if self.standing.take else 0.0

    @property
    def since(self) -> datetime:
        return self.standing.take.created if self.standing.take else timezone.now()


Key = Callable[[Entry], tuple[Any, ...]]


def _by_age(entry: Entry) -> tuple[Any, ...]:
    return entry.since, entry.standing.scene.pk, entry.version


ORDERS: dict[str, tuple[str, Key]] = {
    "mine": ("mine", _by_age),
    "oldest": ("oldest first", _by_age),
    "synthesised": ("most synthesised first", lambda each: (-each.share, *_by_age(each))),
    "uncertain": ("least certain first", lambda each: (-each.doubt, *_by_age(each))),
}
"""Words and sort key of each; "mine" leaves out what is not the person's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene stands in a queue."""

    order: str
    words: str
    number: int | None
    """From 1; None if it does not wait, or no longer."""
    count: int
    before: Entry | None
    after: Entry | None


def queue(person: Any, order: str) -> list[Entry]:
    """All that waits for a decision, in that order; a fixed number of queries.

    Raises: KeyError for an order that is none.
    """
    _, key = ORDERS[order]
    entries = [each for each in _entries(person) if order != "mine" or each.is_mine]
    return sorted(entries, key=key)


def place(person: Any, order: str, scene: Scene, version: str) -> Place:
    """The neighbours of a scene in a queue, also when it has just left it."""
    words, key = ORDERS[order]
    entries = queue(person, order)
    for index, each in enumerate(entries):
        if each.standing.scene.pk == scene.pk and each.version == version:
            before = entries[index - 1] if index else None
            after = entries[index + 1] if index + 1 < len(entries) else None
            return Place(order, words, index + 1, len(entries), before, after)
    (here,) = _made(standings([scene], version), {}, set())
    earlier = [each for each in entries if key(each) < key(here)]
    later = [each for each in entries if key(each) > key(here)]
    return Place(
        order, words, None, len(entries), earlier[-1] if earlier else None,
        later[0] if later else None,
    )  # fmt: skip


def _entries(person: Any) -> list[Entry]:
    current = without_held(person, Scene.objects.current(), "scan__reel__")
    current = current.select_related("scan__reel__element__title")
    coloured = current.filter(pk__in=pages.coloured())
    found = [*standings(current), *standings(coloured, cuts.COLOUR)]
    handed = {(each.scene_id, each.version): each for each in handing.handed_to(person)}
    decided = Approval.objects.filter(by=person).values_list("scene_id", "take__version")
    decides = person.has_perm("review.decide")
    return [
        each
        for each in _made(found, handed, set(decided))
        if each.handed is not None
        or (decides and each.standing.take and each.standing.state in (State.REVIEW, State.STALE))
    ]


def _made(
    found: list[Standing],
    handed: dict[tuple[int, str], HandOver],
    decided: set[tuple[int, str]],
) -> list[Entry]:
    takes = TakeIndex([each.scene for each in found])
    made = []
    for standing in found:
        version = standing.take.version if standing.take else cuts.RESTORATION
        where = (standing.scene.pk, version)
        chain = cuts.chain(standing.take, takes=takes) if standing.take else []
        mine = where in handed or where in decided
        made.append(Entry(standing, handed.get(where), mine, _doubt(chain)))
    return made


def _doubt(chain: list[Take]) -> float:
    """From what the stages say of themselves: colour undecided, frames that were not judged."""
    shares = [0.0]
    for link in chain:
        facts = link.manifest.get("facts") or {}
        shares.append(float(facts.get("undecided") or 0.0))
        shares.append(float(facts.get("frames_not_judged") or 0) / max(1, link.frames))
    return min(1.0, max(shares))
