"""The guides of a take: what each number in its map's hint plane stands for.

A take whose map names hints has their table in `facts["guides"]`, in order, counted from 1: of a
hint `id`, `by`, `frame`, `y`, `x`, `height`, `width` and `rgb`; of a reference still `frame` and
`sha256`. Takes that follow on it carry numbers and table on. facts.json and map.mkv are both in the
manifest by SHA-256, so neither can be changed alone, nor both without another digest of the take.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archive.media.pixels import PIXEL_FORMATS
from restoration.mapfile import MapReader
from restoration.provenance import ProvenanceError
from restoration.provenance.labels import first_place, guidance_problems
from restoration.stages.contract import JSON

GUIDES = "guides"
"""Where the table stands in a take's facts."""
_RGB = PIXEL_FORMATS["gbrp"]


def read_guides(facts: Path) -> list[JSON]:
    """The table in a take's facts.json; empty if its colours have no guides.

    Raises: ProvenanceError if the file cannot be read.
    """
    try:
        found = json.loads(facts.read_bytes()).get(GUIDES, [])
    except (OSError, ValueError, AttributeError) as error:
        raise ProvenanceError(
            f"{facts} cannot be read ({error}); the table of hints is in it: make the take again"
        ) from error
    return list(found)


def check_guides(map_path: Path, guides: Sequence[JSON]) -> list[str]:
    """Every way in which a map's hint plane names what is not in the table; empty: none.

    Raises: ProvenanceError if the map is damaged.
    """
    numbers = [guide.get("number") for guide in guides]
    if numbers != list(range(1, len(guides) + 1)):
        return [f"the table of guides is numbered {numbers}, not from 1 on"]
    reader = MapReader(map_path)
    if not reader.has_guidance:
        return (
            [f"{map_path.name} names no hints, and its take has a table of them"] if guides else []
        )
    problems = []
    for number, frame_map in enumerate(reader.frames()):
        where = f"map frame {number}: "
        if frame_map.guidance is None:
            continue
        unknown = frame_map.guidance.hint > len(guides)
        if unknown.any():
            y, x = first_place(np.asarray(unknown))
            problems.append(
                f"{where}{int(unknown.sum())} colours name a hint that the table does not have, "
                f"first {int(frame_map.guidance.hint[y, x])} of {len(guides)} at y {y}, x {x}"
            )
        problems += [where + each for each in guidance_problems(frame_map, _RGB)]
    return problems
