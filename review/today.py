"""What waits for a person, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet

from archive.access import without_held
from archive.models import FixityCheck, Scan, SecondCopy
from restoration import doubts
from restoration.models import StageRun
from review import handing, notes, stored_standings
from review.models import HandOver, Mention, SceneStanding
from review.pages import failed_for_good
from review.queue import BY_AGE, as_they_stand
from review.standing import State

_WORK, _CUTS = "restoration.view_work", "restoration.edit_scenes"
SHOWN = 25
"""Of each list; the rest is behind a link."""


@dataclass(frozen=True, slots=True)
class CutsToCheck:
    """A reel on which the detection was not sure of some cuts."""

    scan: Scan
    count: int


@dataclass(frozen=True, slots=True)
class Part:
    """A page of a list, and how long the list is."""

    found: Sequence[Any] = ()
    count: int = 0
    page: int = 1
    pages: int = 1

    def __bool__(self) -> bool:
        return self.count > 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.found)


@dataclass(slots=True)
class Waiting:
    """What waits for a person; in each list what has waited longest comes first."""

    to_review: Part = field(default_factory=Part)
    sent_back: Part = field(default_factory=Part)
    stale: Part = field(default_factory=Part)
    failed: Part = field(default_factory=Part)
    faults: list[FixityCheck] = field(default_factory=list)
    copies: list[SecondCopy] = field(default_factory=list)
    """Second copies that were not intact when they were last read."""
    cuts: list[CutsToCheck] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    handed: list[HandOver] = field(default_factory=list)

    def is_empty(self) -> bool:
        return not any(getattr(self, each.name) for each in fields(self))


LONG = ("to_review", "stale", "sent_back", "failed")
"""Lists that can grow long, each shown alone on further pages."""


def waiting_for(user: Any, only: str = "", page: Any = 1) -> Waiting:
    """What this person can do something about.

    Args:
        only: One of LONG, to see more of that list and nothing else.
        page: Of that list, from 1; what is no page counts as the nearest one.
    """
    waiting = Waiting()
    for name, find in _long_lists(user).items():
        if only in ("", name):
            setattr(waiting, name, find(page if only else 1))
    if only:
        return waiting
    if user.has_perm(_WORK):
        waiting.faults.extend(_fixity_faults(user))
        waiting.copies.extend(_damaged_copies(user))
    if user.has_perm("review.add_note"):
        waiting.mentions.extend(notes.mentions_of(user))
        waiting.handed.extend(handing.handed_to(user))
    if user.has_perm(_CUTS):
        waiting.cuts.extend(cuts_to_check(user))
    return waiting


def _long_lists(user: Any) -> dict[str, Callable[[Any], Part]]:
    lists: dict[str, Callable[[Any], Part]] = {}
    for name, state, right in (
        ("to_review", State.REVIEW, "review.decide"),
        ("sent_back", State.CHANGES, "restoration.start_run"),
        ("stale", State.STALE, "review.open_review"),
    ):
        if user.has_perm(right):
            lists[name] = partial(_in_state, user, state, right)
    if user.has_perm(_WORK):
        lists["failed"] = lambda page: _failed(user, page)
    if {"to_review", "sent_back", "stale"} & lists.keys():
        stored_standings.bring_up_to_date()
    return lists


def _in_state(user: Any, state: State, right: str, page: Any) -> Part:
    rows = SceneStanding.objects.filter(state=state)
    rows = without_held(user, rows, "scene__scan__reel__", right=right).order_by(*BY_AGE)
    return _part(rows.select_related("scene__scan__reel__element__title"), page, as_they_stand)


def _failed(user: Any, page: Any) -> Part:
    failed = without_held(
        user, failed_for_good(StageRun.objects.all()), "scan__reel__", right=_WORK
    )
    return _part(failed.select_related("scan__reel__element__title").order_by("-pk"), page, list)


def _part(rows: QuerySet[Any], page: Any, shown: Callable[[list[Any]], Sequence[Any]]) -> Part:
    found = Paginator(rows, SHOWN).get_page(page)
    wanted = list(found.object_list)
    return Part(shown(wanted), found.paginator.count, found.number, found.paginator.num_pages)


def cuts_to_check(user: Any) -> list[CutsToCheck]:
    """The newest scans with cuts that nobody is sure of; those with most of them first."""
    counts = doubts.left_to_check()
    newer = Scan.objects.filter(reel=OuterRef("reel"), pk__gt=OuterRef("pk"))
    found = Scan.objects.filter(~Exists(newer), pk__in=counts)
    scans = without_held(user, found, "reel__", right=_CUTS)
    scans = scans.select_related("reel__element__title")
    listed = [CutsToCheck(scan, counts[scan.pk]) for scan in scans]
    return sorted(listed, key=lambda each: (-each.count, each.scan.pk))


def _fixity_faults(user: Any) -> Iterable[FixityCheck]:
    """The newest check of each scan, where it found a fault."""
    newest = FixityCheck.objects.order_by("scan_id", "-at").distinct("scan_id")
    faults = FixityCheck.objects.filter(pk__in=newest.values("pk")).exclude(outcome="intact")
    faults = without_held(user, faults, "scan__reel__", right=_WORK)
    return faults.select_related("scan__reel__element__title")


def _damaged_copies(user: Any) -> Iterable[SecondCopy]:
    found = SecondCopy.objects.exclude(outcome=FixityCheck.Outcome.INTACT).order_by("-compared")
    found = without_held(user, found, "scan__reel__", right=_WORK)
    return found.select_related("scan__reel__element__title")
