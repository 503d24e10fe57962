"""What was taken off a semi-transparent line, in integers, and how to take it off again bit by bit.

A translucent scratch lays a share of its own tone over the picture: seen = (1 - a w) film + q w,
where w is the profile across the line, a its opacity and q its light, which changes slowly on the
way down. The inverse needs nothing but the scan and this record:

    film = clip(floor((2 (seen * 2^20 - q w) + d) / (2 d)), 0, peak),   d = 2^20 - (a w >> 8)

with w in 1/4096, q in 1/256 of a code and a in 1/65536. Columns and q are given every 16 rows and
joined by straight lines; w is given every quarter of a column from the line's middle, all in
integer arithmetic. A chroma sample takes the mean of w over the luma columns that it covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat, Plane

STEP = 16
"""Rows between control points."""
QUARTER = 4
"""Entries of the profile to a column."""

_ONE = 1 << 20
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """What lies over one plane. opacity: 1/65536. light: (points,) int64, 1/256 of a code."""

    opacity: int
    light: Integers


@dataclass(frozen=True, slots=True, eq=False)
class LineRecord:
    """One line of one frame, in pixels of the scan.

    first, stop: its rows. columns: (points,) int64 in 1/256 column, at first, first + 16 and so on.
    profile: (8 reach + 1,) int64 in 1/4096, from -reach to reach columns. veils: one a plane, None
    where the plane was left alone. sections: rows [start, stop) in which it was taken off.
    """

    first: int
    stop: int
    columns: Integers
    profile: Integers
    veils: tuple[Veil | None, ...]
    sections: tuple[tuple[int, int], ...]

    @property
    def reach(self) -> int:
        return (len(self.profile) - 1) // (2 * QUARTER)

    def as_json(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "stop": self.stop,
            "columns": self.columns.tolist(),
            "profile": self.profile.tolist(),
            "veils": [
                veil and {"opacity": veil.opacity, "light": veil.light.tolist()}
                for veil in self.veils
            ],
            "sections": [list(section) for section in self.sections],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LineRecord:
        veils = tuple(
            veil and Veil(int(veil["opacity"]), np.array(veil["light"], np.int64))
            for veil in values["veils"]
        )
        sections = tuple((int(start), int(stop)) for start, stop in values["sections"])
        columns = np.array(values["columns"], np.int64)
        profile = np.array(values["profile"], np.int64)
        return cls(int(values["first"]), int(values["stop"]), columns, profile, veils, sections)


def points(first: int, stop: int) -> npt.NDArray[np.int64]:
    """The rows of the control points of a line with those rows; the last may lie below it."""
    return np.arange(first, stop + STEP, STEP, dtype=np.int64)


def apply_recorded(picture: Picture, records: list[Mapping[str, Any]]) -> Picture:
    """Do to the input frame what the `lines` of its record say was done."""
    planes = [plane.copy() for plane in picture.planes]
    for record in records:
        take_off(planes, picture.pixel, LineRecord.from_json(record))
    return Picture(picture.pixel, tuple(planes))


def take_off(planes: list[Plane], pixel: PixelFormat, record: LineRecord) -> None:
    """Take the line off the planes, in place."""
    for index, veil in enumerate(record.veils):
        if veil is None:
            continue
        shift_y, shift_x = _shifts(pixel, index)
        for rows, weight, left in _weights(record, planes[index].shape, shift_y, shift_x):
            light = between(veil.light, (rows << shift_y) - record.first)[:, None]
            width = planes[index].shape[1]
            columns = left[:, None] + np.arange(weight.shape[1])
            inside = (columns >= 0) & (columns < width) & (weight > 0)
            at = np.clip(columns, 0, width - 1)
            seen = planes[index][rows[:, None], at].astype(np.int64)
            under = _ONE - ((veil.opacity * weight) >> 8)
            film = (2 * (seen * _ONE - light * weight) + under) // (2 * under)
            film = np.clip(film, 0, pixel.peak).astype(planes[index].dtype)
            y, x = np.broadcast_to(rows[:, None], at.shape)[inside], at[inside]
            planes[index][y, x] = film[inside]


def _shifts(pixel: PixelFormat, index: int) -> tuple[int, int]:
    if pixel.model != "yuv" or index == 0:
        return 0, 0
    return pixel.chroma_shift_y, pixel.chroma_shift_x


def _weights(
    record: LineRecord, shape: tuple[int, ...], shift_y: int, shift_x: int
) -> list[tuple[Integers, Integers, Integers]]:
    """For each section: rows of the plane, weights (rows, n) in 1/4096, first column of each."""
    found = []
    for start, stop in record.sections:
        rows = np.arange(-(-start >> shift_y), min(-(-stop >> shift_y), shape[0]), dtype=np.int64)
        if not len(rows):
            continue
        middle = between(record.columns, (rows << shift_y) - record.first)
        left = ((middle >> 8) - record.reach) >> shift_x
        count = ((2 * record.reach + 2) >> shift_x) + 2
        samples = left[:, None] + np.arange(count)
        parts = [
            weight_at(record.profile, (((samples << shift_x) + inner) << 8) - middle[:, None])
            for inner in range(1 << shift_x)
        ]
        weight = np.sum(parts, axis=0) >> shift_x
        found.append((rows, np.asarray(weight, np.int64), left))
    return found


def between(values: Integers, rows: Integers) -> Integers:
    """Straight lines between control points, at rows counted from the line's first."""
    held = np.clip(rows, 0, STEP * (len(values) - 1))
    index = np.minimum(held // STEP, len(values) - 2)
    part = held - index * STEP
    return np.asarray(
        (values[index] * (STEP - part) + values[index + 1] * part + STEP // 2) // STEP, np.int64
    )


def weight_at(profile: Integers, away: Integers) -> Integers:
    """The profile at distances in 1/256 column from the middle; 0 beyond its ends."""
    last = len(profile) - 1
    unit = 256 // QUARTER
    place = away + unit * (last // 2)
    inside = (place >= 0) & (place <= unit * last)
    held = np.clip(place, 0, unit * last)
    index = np.minimum(held // unit, last - 1)
    part = held - index * unit
    mixed = (profile[index] * (unit - part) + profile[index + 1] * part + unit // 2) // unit
    return np.where(inside, mixed, 0)
