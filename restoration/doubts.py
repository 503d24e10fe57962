"""What a person should look at, borders and marks of every kind, the most doubtful first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q

from archive.models import Scan
from restoration import verdicts
from restoration.borders import SURE, Border
from restoration.cutting import Decided
from restoration.models import BorderFinding, Scene, Verdict

_LAST = {"flash", "black", "white", "duplicate"}
"""Kinds of marks that come after all others: a cut decides what is worked on together, a splice
what motion is followed across, but on a repeat little depends, and a telecine makes hundreds."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A border, or a mark, that nobody is sure of."""

    frame: int
    kind: str
    """cut, dissolve, fade; or of a mark: splice, flash, black, white, duplicate, intertitle"""
    confidence: float
    """That there is one, 0 to 1."""
    border: Border | None
    """None: it is a mark."""
    scene: Scene | None
    """In which the mark lies, or the one that the border starts."""

    @property
    def stands(self) -> bool:
        """It counts until somebody says otherwise."""
        return self.scene is not None

    @property
    def certainty(self) -> float:
        """How sure it is that what stands is right, 0 to 1."""
        return self.confidence if self.stands else 1.0 - self.confidence


def doubts(scan: Scan, scenes: Iterable[Scene], found: Iterable[Border]) -> list[Doubt]:
    """All that is left to check of a scan, the most doubtful first; one query.

    Single foreign or repeated frames come last.

    Args:
        scenes: the current ones. found: its borders.
    """
    decided = verdicts.decided(scan)
    left = [
        Doubt(each.frame, each.kind, each.confidence, each, each.scene)
        for each in found
        if each.is_open(decided)
    ]
    left += [
        Doubt(int(mark["frame"]), str(mark["kind"]), float(mark["confidence"]), None, scene)
        for scene in scenes
        for mark in open_marks(scene.marks, decided)
    ]
    return sorted(left, key=lambda doubt: (doubt.kind in _LAST, doubt.certainty, doubt.frame))


def open_marks(marks: Sequence[Mapping[str, Any]], decided: Decided) -> Iterator[Mapping[str, Any]]:
    """Those that are not sure and that nobody has spoken of."""
    for mark in marks:
        place = (str(mark["kind"]), int(mark["frame"]))
        if mark.get("confidence", 1.0) < SURE and place not in decided.marks | decided.no_marks:
            yield mark


def left_to_check(scans: Iterable[Scan] | None = None) -> dict[int, int]:
    """How many doubts each scan has; scans without any are left out. Three queries.

    Args:
        scans: None: all there are, of which few have any.
    """
    only = {} if scans is None else {"scan__in": [scan.pk for scan in scans]}
    here = Scene.objects.filter(
        scan=OuterRef("scan"), start_frame=OuterRef("frame"), retired__isnull=True
    )
    unsure = Q(start_frame__gt=0, confidence__lt=SURE) | ~Q(marks=[])
    current = Scene.objects.current().filter(unsure, **only)
    nearly = BorderFinding.objects.filter(~Exists(here), **only)
    places = list(current.values_list("scan", "start_frame", "confidence", "marks"))
    others = list(nearly.values_list("scan", "frame"))
    known = _decided({scan for scan, *_ in places} | {scan for scan, _ in others})
    counts: defaultdict[int, int] = defaultdict(int)
    for scan, frame, sure, marks in places:
        is_open = frame > 0 and sure < SURE
        counts[scan] += is_open and frame not in known[scan].cuts | known[scan].no_cuts
        counts[scan] += sum(1 for _ in open_marks(marks, known[scan]))
    for scan, frame in others:
        counts[scan] += not known[scan].covers(frame)
    return {scan: count for scan, count in counts.items() if count}


def _decided(scans: Iterable[int]) -> defaultdict[int, Decided]:
    """What people said of each of these scans."""
    said: defaultdict[int, list[Verdict]] = defaultdict(list)
    for verdict in Verdict.objects.filter(scan__in=scans):
        said[verdict.scan_id].append(verdict)
    return defaultdict(Decided) | {scan: verdicts.decided_of(all_) for scan, all_ in said.items()}
