"""What lies over the picture along a line: where it runs, its profile, its opacity and its light.

The picture under a line is not known, but both sides suggest it; where as much beside the line is
known it can be told how wrong such suggestions are, and over how many rows to average them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat, Plane
from restoration.imaging.compiled import compiled
from restoration.stages.repair.line_fill import Strip, join_sides
from restoration.stages.repair.line_record import QUARTER, Veil, points
from restoration.stages.repair.scratch import Line

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float32]

_CONTEXT = 12  # columns beside the hole
_TURNS = 5  # of fitting profile, path and strength
_QUICKEST, _SLOWEST = 8.0, 80.0  # rows, deviation of the window that tells a line's strength
_TONE_DOUBT = 0.15  # of an opacity told by a line's tone
_VISIBLE = 0.7  # codes at 8 bits; a fainter veil over a plane is left there


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A line at the size of the scan: rows, the middle of each, half its width in columns."""

    first: int
    middle: Numbers
    half: float

    @classmethod
    def of(cls, line: Line, shape: tuple[int, int], size: tuple[int, int]) -> Place:
        down, across = size[0] / shape[0], size[1] / shape[1]
        first, stop = round(line.first * down), min(round(line.stop * down), size[0])
        rows = (np.arange(first, stop) + 0.5) / down - 0.5
        middle = (np.interp(rows, line.rows, line.columns) + 0.5) * across - 0.5
        half = (line.right - line.left + 1) / 2.0 * across
        return cls(first, middle.astype(np.float32), half)

    def moved(self, aside: Numbers) -> Place:
        return replace(self, middle=self.middle + aside)

    @property
    def columns(self) -> npt.NDArray[np.int64]:
        """Its middle at the control points, in 1/256 column."""
        knots = points(self.first, self.stop)
        smooth = cv2.blur(self.middle[:, None], (1, 5), borderType=cv2.BORDER_REPLICATE)[:, 0]
        at = np.interp(knots, np.arange(self.first, self.stop), smooth)
        return np.rint(at * 256).astype(np.int64)

    @property
    def stop(self) -> int:
        return self.first + len(self.middle)

    @property
    def reach(self) -> int:
        return int(np.ceil(self.half + 1.5))


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A plane along a line, straightened by whole columns.

    seen: (rows, n) float32 codes. left: (rows,) column of the first. away: (rows, n) float32,
    columns of the luma plane from the line's middle. hole: the columns that the line may cover.
    joined: (rows, hole), what both sides suggest is there. error: (rows,), the mean squared error
    of such a suggestion beside the line, where the truth is known; shown: how much of its detail is
    there in truth.
    """

    seen: Strip
    left: npt.NDArray[np.int64]
    away: Numbers
    hole: slice
    joined: Strip
    error: Numbers
    shown: float

    @classmethod
    def along(cls, plane: Plane, place: Place, shift_y: int, shift_x: int) -> Track:
        rows = np.arange(place.first >> shift_y, -(-place.stop >> shift_y))
        at = np.clip((rows << shift_y) - place.first, 0, len(place.middle) - 1)
        middle = place.middle[at]
        reach = (place.reach >> shift_x) + (shift_x > 0)
        left = (np.rint(middle).astype(np.int64) >> shift_x) - reach - _CONTEXT
        columns = left[:, None] + np.arange(2 * (reach + _CONTEXT) + 1)
        held = np.clip(columns, 0, plane.shape[1] - 1)
        seen = plane[np.clip(rows, 0, plane.shape[0] - 1)[:, None], held].astype(np.float32)
        centre = ((columns << shift_x) + ((1 << shift_x) - 1) / 2.0) - middle[:, None]
        hole = slice(_CONTEXT, _CONTEXT + 2 * reach + 1)
        away = centre[:, hole].astype(np.float32)
        return cls(seen, left, away, hole, join_sides(seen, hole), *_beside(seen, hole))

    @property
    def inside(self) -> Strip:
        return self.seen[:, self.hole]


def _slow(values: Numbers, slow: float) -> Numbers:
    """Means over a window of rows that falls off as a Gaussian, mirrored at the ends."""
    kernel = cv2.getGaussianKernel(2 * int(3 * slow) + 1, slow, cv2.CV_32F).reshape(-1)
    found = np.zeros(len(values), np.float32)
    _weigh(np.ascontiguousarray(values, np.float32), np.asarray(kernel, np.float32), found)
    return found


@compiled
def _weigh(values: Numbers, kernel: Numbers, found: Numbers) -> None:
    half, count = len(kernel) // 2, len(values)
    padded = np.empty(count + 2 * half, np.float32)
    for index in range(len(padded)):
        at = (index - half) % (2 * count)
        padded[index] = values[at if at < count else 2 * count - 1 - at]
    for tap in range(len(kernel)):
        weight = kernel[tap]
        for row in range(count):
            found[row] += weight * padded[row + tap]


def _strength(rise: Strip, across: Numbers, slow: float) -> Numbers:
    """How far the line rises in each row, from a window of rows; outliers are held back."""
    bottom = np.maximum(_slow((across * across).sum(axis=1), slow), np.float32(1e-3))
    first = _slow((across * rise).sum(axis=1), slow) / bottom
    expected = across * first[:, None]
    limit = 3.0 * 1.4826 * float(np.median(np.abs(rise - expected))) + 1e-3
    held = expected + np.clip(rise - expected, -limit, limit)
    return np.asarray(_slow((across * held).sum(axis=1), slow) / bottom, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A line's profile across it in 1/4096, where it runs, and the window that tells its strength.

    aside: (rows,) float32, columns by which it runs beside the path that it was found on.
    """

    profile: npt.NDArray[np.int64]
    aside: Numbers
    slow: float


def fit_shape(track: Track, reach: int) -> Shape | None:
    """Fit profile, path and strength in turn; None if the line is too faint for what is around."""
    rise = track.inside - track.joined
    size = 2 * QUARTER * reach + 1
    aside = np.zeros(len(rise), np.float32)
    across = np.clip(1.5 - np.abs(track.away) / max(1.0, reach - 1.0), 0, 1).astype(np.float32)
    table = np.zeros(size)
    slow: float | None = _QUICKEST
    error = float(np.minimum(track.error, 5.0 * np.median(track.error)).mean())
    for turn in range(_TURNS):
        away = track.away - aside[:, None]
        place = np.clip((away + reach) * QUARTER, 0, size - 1.001)
        low = place.astype(int)
        part = place - low
        if turn:
            across = (table[low] * (1 - part) + table[low + 1] * part).astype(np.float32)
        strength = _strength(rise, across, slow or _SLOWEST)
        slow = _window(error, float(np.median(np.abs(strength))))
        expected = across * strength[:, None]
        limit = 3.0 * 1.4826 * float(np.median(np.abs(rise - expected))) + 1e-3
        held = expected + np.clip(rise - expected, -limit, limit)
        if turn:
            steep = strength[:, None] * np.gradient(table)[low].astype(np.float32) * QUARTER
            aside += _aside(held - expected, steep, slow or _SLOWEST)
        table = _tabulate(held, strength, low, part, size)
    if slow is None:
        return None
    return Shape(np.rint(table * 4096).astype(np.int64), aside, slow)


def _aside(rest: Strip, steep: Strip, slow: float) -> Numbers:
    """Columns by which the line runs beside its path, from what its flanks leave over."""
    window = max(6.0, slow / 2.0)
    power = _slow((steep * steep).sum(axis=1), window)
    moved = -_slow((rest * steep).sum(axis=1), window) / (power + np.float32(1e-3))
    return np.asarray(np.clip(moved, -0.5, 0.5), np.float32)


def _window(error: float, strength: float) -> float | None:
    """Deviation of a window of rows whose mean tells the strength to a fifth; None beyond reach.

    error: mean square of what a row suggests wrongly, much alike in three rows on end.
    """
    wanted = 3.0 / (2.0 * math.sqrt(math.pi)) * error / max((0.2 * strength) ** 2, 1e-6)
    return None if wanted > 6.0 * _SLOWEST else min(max(wanted, _QUICKEST), _SLOWEST)


def _tabulate(
    rise: Strip, strength: Numbers, low: npt.NDArray[np.int_], part: Numbers, size: int
) -> npt.NDArray[np.float64]:
    """Least-squares profile every quarter of a column, a little smoothed, at most 1."""
    weight = np.broadcast_to(strength[:, None], rise.shape)
    top, bottom = np.zeros(size), np.zeros(size)
    for index, share in ((low, 1 - part), (low + 1, part)):
        top += np.bincount(index.ravel(), (share * weight * rise).ravel(), size)
        bottom += np.bincount(index.ravel(), (share * weight * weight).ravel(), size)
    near = np.exp(-0.5 * (np.arange(-4, 5) / 0.8) ** 2)
    # Quarters that no sample fell on take what lies beside them.
    table = np.convolve(top, near, "same") / np.maximum(np.convolve(bottom, near, "same"), 1e-6)
    table = np.clip(table, 0.0, None)
    table[[0, -1]] = 0.0
    return np.asarray(np.clip(table / max(float(table.max()), 1e-3), 0.0, 1.0))


def fit_veil(
    track: Track, profile: npt.NDArray[np.int64], slow: float, place: Place, scale: float
) -> Veil | None:
    """Opacity and light of the line over one plane; None where it does not show there."""
    across = across_line(profile, track.away)
    opacity = _opacity(track, across, scale)
    light = _strength(track.inside - (1.0 - opacity * across) * track.joined, across, slow)
    change = light - opacity * _slow(track.joined.mean(axis=1), slow)
    if float(np.abs(change).max()) < _VISIBLE * scale:
        return None
    rows = np.linspace(place.first, place.stop - 1, len(light))
    knots = np.interp(points(place.first, place.stop), rows, light)
    return Veil(round(opacity * 65536), np.rint(knots * 256).astype(np.int64))


def across_line(profile: npt.NDArray[np.int64], away: Numbers) -> Numbers:
    middle = len(profile) // 2
    steps = np.arange(len(profile))
    values = np.interp(away * QUARTER + middle, steps, profile / 4096.0, left=0.0, right=0.0)
    return values.astype(np.float32)


def _opacity(track: Track, across: Numbers, scale: float) -> float:
    """The share of the picture that the line hides.

    Told by how much detail of the sides shows through, and by what a line that is black or white
    itself would have to hide to look as it does; each counts by how surely it tells.
    """
    core = across > 0.6
    rise = (across * (track.inside - track.joined)).sum(axis=1) / np.maximum(
        (across * across).sum(axis=1), np.float32(1e-3)
    )
    tone = (235.0 if float(np.median(rise)) > 0 else 25.0) * scale
    apart = tone - track.joined.mean(axis=1)
    by_tone = float((rise * apart).sum() / max(float((apart * apart).sum()), 1e-6))
    mean = max(float(across[core].mean()), 0.3)
    shown, power = _shown(track.joined, track.inside, core)
    through = shown / min(max(track.shown, 0.5), 1.2)
    by_detail = (1.0 - min(max(through, 0.0), 1.1)) / mean
    doubt = 3.0 * (float(np.median(track.error)) + scale**2) / max(power, 1e-6) + 0.05**2
    sure = (1.0 / doubt, 1.0 / _TONE_DOUBT**2)
    mixed = (sure[0] * by_detail + sure[1] * min(max(by_tone, 0.0), 1.0)) / sum(sure)
    return float(np.clip(mixed, 0.0, 0.9))


def _shown(joined: Strip, seen: Strip, where: Mask) -> tuple[float, float]:
    """How much of the joined sides' detail is seen, least squares; and the detail's energy."""
    wanted = _detail(joined)[where].astype(np.float64)
    power = float((wanted * wanted).sum())
    return float((wanted * _detail(seen)[where]).sum()) / max(power, 1e-6), power


def _detail(values: Strip) -> Strip:
    """What changes down the line within some rows; grain is left out as the sides share none."""
    fine = cv2.GaussianBlur(values, (1, 13), 2.0, borderType=cv2.BORDER_REFLECT)
    coarse = cv2.GaussianBlur(values, (1, 81), 14.0, borderType=cv2.BORDER_REFLECT)
    return np.asarray(fine - coarse, np.float32)


def fit_chroma(
    planes: Sequence[Plane],
    pixel: PixelFormat,
    place: Place,
    profile: npt.NDArray[np.int64],
    slow: float,
) -> list[Veil | None]:
    """Of chroma planes: they have no black or white, so no more than their light is taken off."""
    found: list[Veil | None] = []
    for plane in planes:
        track = Track.along(plane, place, pixel.chroma_shift_y, pixel.chroma_shift_x)
        across = across_line(profile, track.away)
        light = _strength(track.inside - track.joined, across, max(slow, 24.0))
        if float(np.abs(light).max()) < _VISIBLE * pixel.peak / 255.0:
            found.append(None)
            continue
        rows = np.linspace(place.first, place.stop - 1, len(light))
        knots = np.interp(points(place.first, place.stop), rows, light)
        found.append(Veil(0, np.rint(knots * 256).astype(np.int64)))
    return found


def _beside(seen: Strip, hole: slice) -> tuple[Numbers, float]:
    """Mean squared error of joining in each row, and how much of its detail is true, where as much
    beside the line is known."""
    wide = hole.stop - hole.start
    errors, shown = [], []
    for side in (seen[:, : hole.start], seen[:, hole.stop :]):
        known = min(wide, side.shape[1] - 6)
        start = (side.shape[1] - known) // 2
        inner = slice(start, start + known)
        joined = join_sides(side, inner)
        errors.append(((joined - side[:, inner]) ** 2).mean(axis=1))
        shown.append(_shown(joined, side[:, inner], np.ones(joined.shape, bool))[0])
    return np.asarray((errors[0] + errors[1]) / 2.0, np.float32), (shown[0] + shown[1]) / 2.0
