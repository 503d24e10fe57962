"""Mend the lines of one frame: take translucent ones off, make up what opaque ones hide.

Where the picture shows through, the line's own smooth part is measured against what both sides
suggest and taken off by a recorded transform that keeps all detail (as DeScratch subtracts the
smooth part and keeps the rest; the model is the alpha layer of Elgharib, Pitie and Kokaram 2013).
Whether that was better than joining both sides is judged in sections of 32 rows, by how the result
departs from its sides against how the same joining fails beside the line, where the truth is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat, Plane
from restoration.stages.repair.line_fill import Strip, add_grain
from restoration.stages.repair.line_record import LineRecord, take_off
from restoration.stages.repair.line_veil import (
    Numbers,
    Place,
    Track,
    across_line,
    fit_chroma,
    fit_shape,
    fit_veil,
)
from restoration.stages.repair.scratch import Line

Mask = npt.NDArray[np.bool_]

_SECTION = 32  # rows
_MOST_OPAQUE = 0.7  # a veil that hides more leaves too little to go by
_TRUSTED, _HIDDEN = 3.0, 2.2  # times the usual squared error of joining the sides


@dataclass(frozen=True, slots=True, eq=False)
class MendedLines:
    """What was done about the lines of one frame, at the size of the scan.

    planes: with translucent lines taken off and opaque places joined. opaque: (H, W) bool, places
    to copy from a neighbour or else to take from `planes`. records: what was taken off.
    """

    planes: list[Plane]
    opaque: Mask
    records: list[LineRecord]


def mend_lines(picture: Picture, lines: Sequence[Line], shape: tuple[int, int]) -> MendedLines:
    """Mend the lines, strongest first.

    Args:
        shape: (rows, columns) of the picture in which the lines were found.
    """
    planes = [plane.copy() for plane in picture.planes]
    size = (picture.height, picture.width)
    made = MendedLines(planes, np.zeros(size, bool), [])
    for line in lines:
        _mend(made, picture.pixel, Place.of(line, shape, size))
    return made


def _mend(made: MendedLines, pixel: PixelFormat, place: Place) -> None:
    light = 3 if pixel.model == "rgb" else 1
    scale = pixel.peak / 255.0
    tracks = [Track.along(plane, place, 0, 0) for plane in made.planes[:light]]
    first = tracks[0]
    shape = fit_shape(first, place.reach)
    if shape is None:
        return
    place = place.moved(shape.aside)
    tracks = [replace(track, away=track.away - shape.aside[:, None]) for track in tracks]
    first, profile = tracks[0], shape.profile
    veils = [fit_veil(track, profile, shape.slow, place, scale) for track in tracks]
    veils += fit_chroma(made.planes[light:], pixel, place, profile, shape.slow)
    whole = ((place.first, place.stop),)
    record = LineRecord(place.first, place.stop, place.columns, profile, tuple(veils), whole)
    off, hidden = _judge(made.planes[0], pixel, record, first)
    _write(made, pixel, replace(record, sections=tuple(off)), hidden, place, tracks)


Rows = list[tuple[int, int]]


def _judge(plane: Plane, pixel: PixelFormat, whole: LineRecord, track: Track) -> tuple[Rows, Rows]:
    """Sections of rows to take the line off, and sections that it hides; the rest stays as it is.

    Taking off is trusted where the result departs from its sides about as joining errs elsewhere.
    A place is hidden where what is there departs from its sides far more than that.
    """
    tried = plane.copy()
    veil = whole.veils[0]
    if veil is not None:
        take_off([tried], pixel, replace(whole, veils=(veil,)))
    core = (across_line(whole.profile, track.away) > 0.25).astype(np.float32)
    rows = np.arange(whole.first, whole.stop)
    columns = track.left[:, None] + np.arange(track.hole.start, track.hole.stop)
    taken = tried[rows[:, None], np.clip(columns, 0, tried.shape[1] - 1)].astype(np.float32)
    floor = (0.8 * pixel.peak / 255.0) ** 2
    translucent = veil is not None and veil.opacity <= _MOST_OPAQUE * 65536
    off: Rows = []
    hidden: Rows = []
    for start in range(0, len(rows), _SECTION):
        part = slice(max(0, start - 8), start + _SECTION + 8)
        usual = float(track.error[part].mean()) + floor
        after, before = (
            _mean_square((values - track.joined)[part], core[part])
            for values in (taken, track.inside)
        )
        section = (whole.first + start, min(whole.first + start + _SECTION, whole.stop))
        if translucent and after <= _TRUSTED * usual:
            _join(off, section)
        elif before >= _HIDDEN * usual:
            _join(hidden, section)
    return off, hidden


def _mean_square(values: Strip, weight: Numbers) -> float:
    return float((weight * values * values).sum() / max(1.0, float(weight.sum())))


def _join(sections: Rows, section: tuple[int, int]) -> None:
    if sections and sections[-1][1] == section[0]:
        section = (sections.pop()[0], section[1])
    sections.append(section)


def _write(
    made: MendedLines,
    pixel: PixelFormat,
    record: LineRecord,
    hidden: Rows,
    place: Place,
    tracks: Sequence[Track],
) -> None:
    """Put the mended line into the planes and the masks."""
    across = across_line(record.profile, tracks[0].away)
    hole = tracks[0].hole
    columns = tracks[0].left[:, None] + np.arange(hole.start, hole.stop)
    inside = (across > 0.04) & (columns >= 0) & (columns < made.planes[0].shape[1])
    shown = np.broadcast_to(np.arange(place.first, place.stop)[:, None], columns.shape)
    opaque = inside & _within(hidden, place)[:, None]
    made.opaque[shown[opaque], columns[opaque]] = True
    for plane, track in zip(made.planes, tracks, strict=False):
        joined = add_grain(track.joined, track.seen, track.hole)
        codes = np.clip(np.rint(joined), 0, pixel.peak).astype(plane.dtype)
        plane[shown[opaque], columns[opaque]] = codes[opaque]
    if record.sections and any(record.veils):
        take_off(made.planes, pixel, record)
        made.records.append(record)


def _within(sections: Rows, place: Place) -> Mask:
    inside = np.zeros(place.stop - place.first, bool)
    for start, stop in sections:
        inside[start - place.first : stop - place.first] = True
    return inside
