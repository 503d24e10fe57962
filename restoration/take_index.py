"""All takes of some scenes, asked of the database once: for pages that show many scenes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Q

from restoration.changers import Changers
from restoration.drawn import Drawings
from restoration.models import Scene, Take
from restoration.models.take import TakeQuerySet

FEW = 8
"""Up to so many scenes of a scan their takes alone are asked for, above it all between them."""


class TakeIndex:
    """The takes of these scenes' frames, as they stood when it was made."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        scenes = list(scenes)
        self.drawings = Drawings(scenes)
        """What people drew over them, which takes can be older than."""
        self._by_id: dict[int, Take] = {}
        self.changers = Changers(scenes, self._by_id.keys())
        """Who made what takes can be older than."""
        self._by_place: defaultdict[tuple[int, int, int], list[Take]] = defaultdict(list)
        for take in _takes(scenes):
            self._by_id[take.pk] = take
            self._by_place[take.scan_id, take.start_frame, take.end_frame].append(take)

    def of(self, scene: Scene) -> list[Take]:
        """Every take of the scene's frames, the newest first."""
        return self._by_place.get((scene.scan_id, scene.start_frame, scene.end_frame), [])

    def input_of(self, take: Take) -> Take | None:
        if take.input_take_id is None:
            return None
        return self._by_id.get(take.input_take_id) or take.input_take


def _takes(scenes: Sequence[Scene]) -> TakeQuerySet:
    of_scans: defaultdict[int, list[Scene]] = defaultdict(list)
    for scene in scenes:
        of_scans[scene.scan_id].append(scene)
    wanted = Q(pk__in=())
    for scan, of_scan in of_scans.items():
        if len(of_scan) > FEW:
            first = min(scene.start_frame for scene in of_scan)
            end = max(scene.end_frame for scene in of_scan)
            wanted |= Q(scan=scan, start_frame__gte=first, end_frame__lte=end)
            continue
        for scene in of_scan:
            wanted |= Q(scan=scan, start_frame=scene.start_frame, end_frame=scene.end_frame)
    return Take.objects.filter(wanted).latest_first()
