"""How far what a take made up lies from the scan, as a plane to lay over its frames.

It is measured and not estimated: the largest difference of the three channels, in 8-bit codes of
the picture as it is shown, in pixels that the map calls SYNTHESISED. It says how much was changed
there, not how wrong that is. Of a colour it is how far from grey it was taken.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archive.derived import frame_table
from archive.media.decode import PictureSource, open_source
from archive.media.display import to_layout
from restoration import scenes
from restoration.mapfile import MapReader
from restoration.models import Take
from restoration.overlay import RGB, laid_over
from restoration.provenance import Label
from restoration.recording import MAP, PICTURE
from restoration.stages import MOVES
from restoration.storage import storage

FARTHEST = 48.0
"""8-bit codes from which on the plane is at its densest."""


def why_none(take: Take) -> str:
    """Why there is no such plane of a take, in words; empty if there is one."""
    moved = [link.stage for link in scenes.chain(take) if link.stage in MOVES]
    if moved:
        return f"{moved[0]} moved the picture, so that no pixel of the scan lies under one of it"
    made = [take.totals.get(plane, {}).get(_MADE) for plane in ("structure", "colour")]
    return "" if any(made) else "nothing in this take was made up"


_MADE = Label.SYNTHESISED.name


def plane_of(take: Take) -> str:
    """The plane of the map that it is mostly about: structure, or colour where that is added."""
    counts = {plane: take.totals.get(plane, {}).get(_MADE, 0) for plane in ("structure", "colour")}
    return max(counts, key=lambda plane: counts[plane])


def distance_frame(take: Take, frame: int) -> RGB:
    """The plane of one frame, numbered as in the scan: R, G, B and how opaque.

    Raises: FileNotFoundError for a take that has none.
    """
    if reason := why_none(take):
        raise FileNotFoundError(reason)
    folder = storage().folder(take.storage_key, PICTURE, MAP)
    place, scan = frame - take.start_frame, take.scan
    frame_map = next(MapReader(folder / MAP).frames(place, place + 1))
    made = (frame_map.structure == Label.SYNTHESISED) | (frame_map.colour == Label.SYNTHESISED)
    with open_source(folder / PICTURE, rate=scan.rate) as source:
        after = _shown(source, place)
    with open_source(Path(scan.path), rate=scan.rate, table=frame_table(scan)) as source:
        before = _shown(source, frame)
    apart = np.abs(after.astype(np.int16) - before.astype(np.int16)).max(axis=-1)
    return laid_over(np.where(made, apart, 0).astype(np.float32), densest=FARTHEST)


def _shown(source: PictureSource, place: int) -> RGB:
    native = next(source.native(place, place + 1))
    shown = to_layout(native, source.format, layout="rgb24").to_ndarray(format="rgb24")
    return shown.astype(np.uint8, copy=False)
