"""Whole frames from film whose frames are two fields of different moments.

Every frame keeps the lines of its first field; those of the other are brought to the first field's
moment. As many frames come out as went in, each for its own. Frames without combs stay as they are,
bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import av
import numpy as np

from archive.media.pixels import Picture
from restoration.imaging.luma import analysis_luma
from restoration.provenance import Label
from restoration.stages.contract import (
    JSON,
    Clip,
    Outcome,
    Progress,
    Stage,
    StageError,
    StageFrame,
)
from restoration.stages.deinterlace.fields import (
    FILTER,
    PARITY,
    first_by,
    is_combed,
    order_shown,
    whole_frames,
)
from restoration.stages.deinterlace.joining import MOST, NEAR, join
from restoration.stages.segments import Segment, split_at_marks

_LOOKED_AT = 120
"""Frames in the middle of a scene from which the order of fields is told."""
_BLOCK, _STILL = 8, 0.1
"""Rows and columns of a block; share of the blocks that are taken to stand still."""


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    first: str = ""
    """Which field is first in time, and kept: `top` or `bottom`. Empty: as the scan's file says,
    or else as each scene shows."""

    def __post_init__(self) -> None:
        if self.first not in ("", *PARITY):
            raise ValueError(f"first must be top or bottom, not {self.first!r}")


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip with whole frames.

    Raises: StageError, while streaming, if nothing says which field comes first.
    """
    facts: dict[str, JSON] = {
        "libavfilter": ".".join(map(str, av.library_versions["libavfilter"])),
        "scenes": [],
        "frames": [],
        "parted": 0,
        "warnings": [],
        "to_review": "",
    }
    return Outcome(_stream(clip, params, progress, facts), facts)


def _stream(
    clip: Clip, params: Params, progress: Progress, facts: dict[str, JSON]
) -> Iterator[StageFrame]:
    total, done = clip.end_frame - clip.start_frame, 0
    for segment in split_at_marks(clip.start_frame, clip.end_frame, clip.marks):
        for frame in _segment(clip, segment, params, facts):
            yield frame
            done += 1
            progress(done, total)
    facts["to_review"] = "; ".join(facts["warnings"])


def _segment(
    clip: Clip, segment: Segment, params: Params, facts: dict[str, JSON]
) -> Iterator[StageFrame]:
    first, near = _look(clip, segment, params, facts)
    made: Iterable[Picture | None] = [None] * (segment.stop - segment.start)
    if first:
        made = whole_frames(clip.frames(*segment), segment.stop - segment.start, first)
    windows = _threes(clip.frames(*segment))
    for number, window, whole in zip(range(*segment), windows, made, strict=True):
        before, here, after = window
        if not is_combed(here, [other for other in (before, after) if other is not None]):
            yield _as_it_was(number, here, facts)
            continue
        if whole is None:
            raise StageError(
                f"nothing says which field comes first in frames {segment.start} to "
                f"{segment.stop - 1}; look where something moves, and give deinterlace first=top "
                "or first=bottom"
            )
        joined = join(here, whole, before, kept=0 if first == "top" else 1, near=near)
        _note(number, joined.structure, facts)
        yield StageFrame(*joined)


def _look(
    clip: Clip, segment: Segment, params: Params, facts: dict[str, JSON]
) -> tuple[str, float]:
    """Which field comes first, and within how many codes two samples say the same."""
    middle = max(segment.start, (segment.start + segment.stop - _LOOKED_AT) // 2)
    stop = min(segment.stop, middle + _LOOKED_AT)
    shown = order_shown(clip.frames(middle, stop))
    first = params.first or first_by(shown)
    near = float(np.clip(2 * _noise(clip.frames(middle, stop)), NEAR, MOST))
    facts["scenes"].append(
        {
            "start": segment.start,
            "stop": segment.stop,
            "first": first,
            "shown": shown,
            "near": round(near, 2),
            "filter": FILTER.format(parity=PARITY[first]) if first else "",
        }
    )
    if first and first_by(shown) not in ("", first):
        facts["warnings"].append(
            f"frames {segment.start} to {segment.stop - 1} look as if their {first_by(shown)} "
            f"field came first, and were taken {first} first; if they judder, give deinterlace "
            f"first={first_by(shown)}"
        )
    return first, near


def _noise(pictures: Iterable[Picture]) -> float:
    """Of what stands still, in 8-bit codes: how one frame differs from the next there."""
    found = []
    for one, other in pairwise(analysis_luma(picture) for picture in pictures):
        rows, columns = (side // _BLOCK for side in one.shape)
        if not rows or not columns:
            continue
        away = (other - one)[: rows * _BLOCK, : columns * _BLOCK]
        blocks = away.reshape(rows, _BLOCK, columns, _BLOCK)
        found.append(float(np.quantile(blocks.std(axis=(1, 3)), _STILL)) / 2**0.5)
    return float(np.median(found)) if found else 0.0


def _threes(
    pictures: Iterable[Picture],
) -> Iterator[tuple[Picture | None, Picture, Picture | None]]:
    """Each picture between the ones before and after it; None at the ends."""
    before: Picture | None = None
    here: Picture | None = None
    for after in pictures:
        if here is not None:
            yield before, here, after
        before, here = here, after
    if here is not None:
        yield before, here, None


def _as_it_was(number: int, picture: Picture, facts: dict[str, JSON]) -> StageFrame:
    structure = np.zeros((picture.height, picture.width), np.uint8)
    facts["frames"].append({"frame": number, "parted": False})
    return StageFrame(picture, structure, structure.copy())


def _note(number: int, structure: np.ndarray, facts: dict[str, JSON]) -> None:
    counts = np.bincount(structure.ravel(), minlength=Label.SYNTHESISED + 1) / structure.size
    named = {"interpolated": Label.ADJUSTED, "copied": Label.RECOVERED}
    named["made_up"] = Label.SYNTHESISED
    shares = {name: round(float(counts[label]), 4) for name, label in named.items()}
    facts["frames"].append({"frame": number, "parted": True, **shares})
    facts["parted"] += 1


STAGE = Stage(
    name="deinterlace",
    version="1",
    queue="cpu",
    makes="pictures",
    params=Params,
    run=run,
    makes_whole_frames=True,
)
