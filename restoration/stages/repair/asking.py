"""Copies that a person asked for, where the stage would have made something up.

`choosing` takes a neighbour only where the ring around a defect fits. Whoever has looked at the
place may know better: then the likeliest place of a neighbour is taken, however badly its ring
fits, and it is RECOVERED with its source as any copy is. Only what every neighbour shows damaged,
or does not show at all, is left as the stage would have left it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat
from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import CELL, Cells
from restoration.imaging.luma import Luma
from restoration.provenance import Label, Sources
from restoration.stages.repair.choosing import (
    NONE,
    RING,
    Mask,
    Neighbour,
    Pieces,
    Whole,
    cut_to_grid,
    cut_to_quarters,
    gather_places,
    holds_damage,
    misfit,
)
from restoration.stages.repair.parts import Parts
from restoration.stages.repair.regions import Region, draw
from restoration.stages.repair.samples import align_to_chroma

_SEARCH = 6  # pixels around the motion: it is unsure where nothing fitted
_WHOLE = 96  # pixels of a side up to which a defect is first asked for in one piece
_CUTS = 3  # blocks, and quarters of them down to 6 pixels


def asked_of(unknown: Mask, drawn: Mask, pixel: PixelFormat) -> Mask:
    """What of the unknown pixels a person asked for, (H, W) bool.

    A connected piece that lies by half in what was drawn counts as a whole, for a run may draw its
    edge a little wider than the one that was looked at.
    """
    parts = Parts.of(unknown.view(np.uint8))
    inside = np.bincount(parts.which, weights=drawn.reshape(-1)[parts.places])
    mostly = np.zeros(parts.count, bool)
    mostly[: len(inside)] = inside * 2 >= parts.area[: len(inside)]
    return parts.only(mostly).view(bool) | (unknown & align_to_chroma(drawn, pixel))


def choose_asked(
    luma: Luma, asked: Mask, damaged: Mask, neighbours: Sequence[Neighbour]
) -> tuple[npt.NDArray[np.int32], Pieces]:
    """The likeliest source of each connected part, and the number of the part of each pixel.

    A part is asked for whole if it is small, then in blocks, then in quarters.

    Args:
        luma: (H, W), the frame. asked: (H, W) bool. damaged: (H, W) bool, all that is to be
            repaired, so that no ring is read from it.
        neighbours: nearest first.
    """
    parts = Parts.of(asked.view(np.uint8))
    labels = np.where(damaged, np.int32(parts.count), np.int32(0))
    labels.reshape(-1)[parts.places] = parts.which
    boxes, which = _whole_ones(parts)
    done = [(boxes, which, _likeliest(luma, labels, boxes, which, neighbours))]
    boxes, which = cut_to_grid(labels, parts.boxes)
    left = ~np.isin(which, _found(done[0])[1])
    boxes, which = boxes[left], which[left]
    for _ in range(_CUTS):
        done.append((boxes, which, _likeliest(luma, labels, boxes, which, neighbours)))
        left = done[-1][2][:, 0] == NONE
        boxes, which = cut_to_quarters(labels, boxes[left], which[left])
    kept = [_found(each) for each in done]
    return labels, Pieces(*(np.concatenate(each) for each in zip(*kept, strict=True)))


def _whole_ones(parts: Parts) -> tuple[Whole, Whole]:
    """Boxes of the parts that are small enough to come from one place, and their numbers."""
    left, top, wide, high, _ = parts.boxes.astype(np.int64).T
    boxes = np.stack([top, top + high, left, left + wide], axis=1)
    which = np.flatnonzero(np.maximum(wide, high) <= _WHOLE)
    which = which[which > 0]
    return boxes[which], which


def _found(pieces: tuple[Whole, Whole, Whole]) -> tuple[Whole, Whole, Whole]:
    boxes, which, sources = pieces
    found = sources[:, 0] != NONE
    return boxes[found], which[found], sources[found]


def _likeliest(
    luma: Luma,
    labels: npt.NDArray[np.int32],
    boxes: Whole,
    which: Whole,
    neighbours: Sequence[Neighbour],
) -> Whole:
    """Sources of pieces, (n, 3), without any limit on how badly they fit."""
    sources = np.full((len(boxes), 3), NONE, np.int64)
    errors = np.full(len(boxes), np.inf)
    for index, neighbour in enumerate(neighbours):
        _ask(
            luma,
            labels,
            boxes,
            which,
            neighbour.view.full,
            neighbour.damaged,
            neighbour.motion.flow,
            np.array(luma.shape) / np.array(neighbour.motion.seen.shape),
            index,
            sources,
            errors,
        )
    return sources


@compiled
def _ask(
    luma: Luma,
    labels: npt.NDArray[np.int32],
    boxes: Whole,
    which: Whole,
    other: Luma,
    damaged: Mask,
    flow: Cells,
    scale: npt.NDArray[np.float64],
    number: int,
    sources: Whole,
    errors: npt.NDArray[np.float64],
) -> None:
    """Take this neighbour for the pieces that it suits better than those before it.

    A piece without a ring, deep in a large defect, goes by the motion around it alone.
    """
    height, width = luma.shape
    nothing, nowhere = np.empty((0, 0), np.float32), np.empty((0, 0), np.bool_)
    for index in range(len(boxes)):
        y0, y1 = max(boxes[index, 0] - RING, 0), min(boxes[index, 1] + RING, height)
        x0, x1 = max(boxes[index, 2] - RING, 0), min(boxes[index, 3] + RING, width)
        places, values, inside = gather_places(
            luma, labels, nothing, nowhere, boxes[index], which[index], (y0, y1, x0, x1)
        )
        row = int((y0 + y1) / (2.0 * scale[0])) // CELL
        column = int((x0 + x1) / (2.0 * scale[1])) // CELL
        dy, dx = round(flow[row, column, 1] * scale[0]), round(flow[row, column, 0] * scale[1])
        for down in range(max(dy - _SEARCH, -y0), min(dy + _SEARCH, height - y1) + 1):
            for across in range(max(dx - _SEARCH, -x0), min(dx + _SEARCH, width - x1) + 1):
                moved = down * width + across
                if holds_damage(damaged.reshape(-1), inside, moved):
                    continue
                error = 1000.0 + math.hypot(down - dy, across - dx)
                if len(places):
                    total = misfit(places, values, other.reshape(-1), moved, np.inf)
                    error = math.sqrt(total / len(places))
                if error < errors[index]:
                    errors[index] = error
                    sources[index, 0], sources[index, 1] = number, down
                    sources[index, 2] = across


def answer(
    region: Region,
    frame: int,
    labels: npt.NDArray[np.uint8],
    sources: Sources | None,
    neighbours: int,
) -> dict[str, Any]:
    """What became of one request in its frame, as a fact.

    Args:
        labels: (H, W), the highest label of each pixel that the stage wrote.
        neighbours: how many frames there were to ask.
    """
    drawn = draw([region], frame, labels.shape)
    copied, made_up = (
        np.zeros(labels.shape, bool) if drawn is None else drawn & (labels == label)
        for label in (Label.RECOVERED, Label.SYNTHESISED)
    )
    offsets = np.unique(sources.offset[copied]) if sources is not None else np.empty(0, np.int8)
    told: dict[str, Any] = {"frame": frame, "polygon": [list(point) for point in region.polygon]}
    told |= {"recovered": int(copied.sum()), "synthesised": int(made_up.sum())}
    told["from"] = [frame + int(offset) for offset in offsets if offset]
    told["why"] = ""
    if told["synthesised"]:
        told["why"] = (
            "every frame beside it is damaged there, or does not show the place"
            if neighbours
            else "no frame beside it could be asked"
        )
    elif not told["recovered"]:
        told["why"] = "nothing was repaired there this time"
    return told
