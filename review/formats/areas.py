"""Where in the picture something was made, by stretch of film, read from the takes' maps. PLAIN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from restoration.mapfile import MapReader
from restoration.provenance import FrameMap
from review.areas import Box, Mask, boxes
from review.cues import KINDS
from review.formats.edition import Cue, Edition, EditionScene

MOST_IN_STRETCH = 4
"""Rectangles of one stretch of film."""
MOST_IN_STILL = 100
"""Of a single frame: in practice every part by itself."""
NEAR = 16
"""Pixels between parts of a stretch that are told as one."""
Stretch = tuple[int, int, str, str]
"""First frame, the first after it, plane and kind: what a cue is of."""
Areas = Mapping[Stretch, tuple[Box, ...]]


def stretch_of(cue: Cue) -> Stretch:
    return (cue.start_frame, cue.end_frame, cue.plane, cue.kind)


def areas_of(edition: Edition, *, most: int) -> Areas:
    """The areas of all stretches, over all their frames.

    They are those of the map that leaves: what another stage made of the same kind in the same
    frames is in them too, and what a later stage covered is not.

    Args:
        most: stretches of each stage that are looked at, the first of the film.
    Raises: ProvenanceError, OSError.
    """
    wanted = first_of_each_stage(edition, most)
    found: dict[Stretch, tuple[Box, ...]] = {}
    for scene in edition.scenes:
        held = {stretch_of(cue) for cue in scene.cues} & wanted
        if held:
            found |= _of_scene(scene, held)
    return found


def first_of_each_stage(edition: Edition, most: int) -> set[Stretch]:
    by_stage: dict[str, list[Cue]] = {}
    for scene in edition.scenes:
        for cue in scene.cues:
            by_stage.setdefault(cue.stage, []).append(cue)
    return {stretch_of(cue) for cues in by_stage.values() for cue in cues[:most]}


def areas_in_frame(scene: EditionScene, frame: int) -> Areas:
    """The areas of one frame, every connected part by itself.

    Args:
        frame: of the scan.
    Raises: ProvenanceError, OSError.
    """
    place = frame - scene.start_frame
    held = next(MapReader(scene.take.provenance).frames(place, place + 1, sources=False))
    return areas_of_map(scene, frame, held)


def areas_of_map(scene: EditionScene, frame: int, held: FrameMap) -> Areas:
    """The same from the frame's map, for whoever reads all of them.

    Args:
        frame: of the scan.
    """
    here = {stretch_of(cue) for cue in scene.cues if cue.start_frame <= frame < cue.end_frame}
    return {each: boxes(_mask(held, each), most=MOST_IN_STILL) for each in here}


@dataclass(slots=True)
class _Union:
    """What carries a kind of label in any frame of a stretch so far."""

    mask: Mask | None = None
    kept: tuple[Box, ...] = field(default=())

    def add(self, mask: Mask) -> None:
        self.mask = mask if self.mask is None else self.mask | mask

    def close(self) -> None:
        if self.mask is not None:
            self.kept = boxes(self.mask, most=MOST_IN_STRETCH, near=NEAR)
        self.mask = None


def _of_scene(scene: EditionScene, wanted: Iterable[Stretch]) -> Areas:
    """One pass over the frames between the first stretch and the last; masks of open ones alone."""
    unions = {each: _Union() for each in wanted}
    first, last = min(each[0] for each in unions), max(each[1] for each in unions)
    start = scene.start_frame
    maps = MapReader(scene.take.provenance).frames(first - start, last - start, sources=False)
    for frame, held in enumerate(maps, start=first):
        for each, union in unions.items():
            if each[0] <= frame < each[1]:
                union.add(_mask(held, each))
            if frame == each[1] - 1:
                union.close()
    return {each: union.kept for each, union in unions.items()}


def _mask(held: FrameMap, stretch: Stretch) -> Mask:
    plane = held.structure if stretch[2] == "structure" else held.colour
    found = np.zeros(plane.shape, np.bool_)
    for label in KINDS[stretch[3]]:
        found |= plane == label.value
    return found
