"""Stills of a scene side by side: the scan, the take, and the take under its map's colours."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from archive.media.decode import open_source
from archive.media.display import display_size, to_layout
from archive.media.pixels import PictureFormat
from restoration.mapfile import MapReader
from restoration.overlay import RGB, painted
from review.formats.edition import COPIED, HAND, MACHINE, Edition, EditionScene
from review.formats.ffv1 import open_scan

Labels = npt.NDArray[np.uint8]
MOST_SCENES = 24
MOST_ROWS = 480
"""Pixels in height of a still: more than a printer shows at this size."""


@dataclass(frozen=True, slots=True)
class Plate:
    """One frame of a scene, as JPEG."""

    scene: EditionScene
    frame: int
    """Of the scan."""
    before: bytes
    after: bytes
    marked: bytes
    size: tuple[int, int]
    """Width and height in pixels that are square."""


def chosen_scenes(edition: Edition) -> list[EditionScene]:
    """At most MOST_SCENES in order, those first in which the largest share was made."""
    by_share = sorted(edition.scenes, key=lambda scene: (-_share(scene), scene.number))
    return sorted(by_share[:MOST_SCENES], key=lambda scene: scene.number)


def _share(scene: EditionScene) -> float:
    return max((cue.most for cue in scene.cues), default=0.0)


def shown_frame(scene: EditionScene) -> int:
    """The middle of the longest stretch of what is furthest from the scan; else of the scene."""
    for kind in (MACHINE, HAND, COPIED):
        found = [each for each in scene.marked if each.kind == kind]
        if found:
            longest = max(found, key=lambda each: each.end_frame - each.start_frame)
            return (longest.start_frame + longest.end_frame - 1) // 2
    return (scene.start_frame + scene.end_frame - 1) // 2


def make_plate(edition: Edition, scene: EditionScene) -> Plate:
    """Raises: MediaError, ProvenanceError, OSError."""
    frame = shown_frame(scene)
    with open_scan(edition.scan) as scan:
        before = _rgb(next(scan.native(frame, frame + 1)), scan.format)
        size = display_size(scan.format, max_height=MOST_ROWS)
    after, marked, _ = pictures_of(scene, frame)
    return Plate(scene, frame, _jpeg(before, size), _jpeg(after, size), _jpeg(marked, size), size)


def pictures_of(scene: EditionScene, frame: int) -> tuple[RGB, RGB, Labels]:
    """A frame of the take, the same under its map, and the labels of the plane that is shown.

    Args:
        frame: of the scan.
    Raises: MediaError, ProvenanceError, OSError.
    """
    place = frame - scene.start_frame
    with open_source(scene.take.picture) as take:
        after = _rgb(next(take.native(place, place + 1)), take.format)
    frame_map = next(MapReader(scene.take.provenance).frames(place, place + 1))
    plane = "colour" if scene.take.version == "colour" else "structure"
    labels = frame_map.colour if plane == "colour" else frame_map.structure
    return after, painted(after, frame_map, plane=plane), labels


def _rgb(frame: av.VideoFrame, form: PictureFormat) -> RGB:
    shown = to_layout(frame, form, layout="rgb24").to_ndarray(format="rgb24")
    return shown.astype(np.uint8, copy=False)


def _jpeg(picture: RGB, size: tuple[int, int]) -> bytes:
    held = io.BytesIO()
    Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS).save(held, "JPEG", quality=88)
    return held.getvalue()
