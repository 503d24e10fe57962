"""Frame rates as exact fractions, and the nominal rate behind rounded timestamps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from archive.media.errors import MediaError

_WHOLE = (8, 10, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 30, 48, 50, 60, 100, 120)
_NTSC = (24, 30, 48, 60, 120)

STANDARD_RATES: tuple[Fraction, ...] = tuple(
    sorted(
        {Fraction(n) for n in _WHOLE}
        | {Fraction(n * 1000, 1001) for n in _NTSC}
        | {Fraction(25, 2), Fraction(50, 3), Fraction(15, 2)}
    )
)
"""Rates at which film is shot, scanned or broadcast; 50/3 is silent film's 16 2/3 in 50 Hz."""


def parse_rate(text: str) -> Fraction:
    """Read "18", "16.667", "23.976", "24000/1001" or "24000:1001".

    A decimal within half a unit of its last digit of an NTSC rate means that rate.

    Raises: MediaError if it is not a positive number.
    """
    try:
        rate = Fraction(text.strip().replace(":", "/"))
    except (ValueError, ZeroDivisionError) as error:
        raise MediaError(f"{text!r} is no frame rate; write 18, 23.976 or 24000/1001") from error
    if not 0 < rate <= 1000:
        raise MediaError(f"A frame rate lies between 0 and 1000 frames a second, not {text}")
    if "." not in text:
        return rate
    slack = Fraction(1, 2 * 10 ** len(text.strip().rsplit(".", 1)[1]))
    near = [known for known in STANDARD_RATES if abs(known - rate) <= slack]
    return min(near, key=lambda known: abs(known - rate)) if near else rate


def rate_from_float(value: float) -> Fraction | None:
    """The exact rate that a 32-bit header field stands for; None if the field is empty."""
    if not 0.5 <= value <= 1000:  # also false for NaN, DPX's "undefined"
        return None
    for known in STANDARD_RATES:
        if abs(float(known) - value) <= float(known) * 2e-6:
            return known
    for known in STANDARD_RATES:  # headers often say 23.98 or 29.97
        if known.denominator == 1001 and abs(float(known) - value) < 0.006:
            return known
    return Fraction(value).limit_denominator(1001)


def count_breaks(pts: Sequence[int], *, time_base: Fraction, rate: Fraction) -> int:
    """How often the timestamps leave the grid of `rate` by more than one tick of rounding.

    After each break the grid begins anew; 0 means a constant rate.
    """
    step = 1 / (rate * time_base)
    ticks, parts = step.numerator, step.denominator  # whole numbers: reels have many frames
    breaks, origin, first = 0, pts[0], 0
    for index, value in enumerate(pts):
        if abs((origin - value) * parts + (index - first) * ticks) > parts:
            breaks, origin, first = breaks + 1, value, index
    return breaks


def nominal_rate(
    pts: Sequence[int], *, time_base: Fraction, announced: Sequence[Fraction] = ()
) -> tuple[Fraction, bool]:
    """The rate that the timestamps stand for, and whether they keep to it.

    A rate is exact if n/rate, rounded to the clock, gives every timestamp; the rates that the
    container announces are tried first, then the standard ones. With no such rate the footage has a
    variable rate, and the most common duration names the nominal one.

    Args:
        pts: shown frames' timestamps in units of `time_base`, increasing.
        announced: rates found in the file's headers, best first.
    Returns: (rate, variable).
    """
    candidates = [rate for rate in announced if 0 < rate <= 1000]
    if len(pts) < 2:
        return (candidates[0] if candidates else Fraction(25)), False
    mean = Fraction(len(pts) - 1) / ((pts[-1] - pts[0]) * time_base) if pts[-1] > pts[0] else None
    near = [] if mean is None else sorted(STANDARD_RATES, key=lambda known: abs(known - mean))
    # Standard rates before odd announced ones: Matroska's headers give 19001/317 for 59.94.
    standard = [rate for rate in candidates if rate in STANDARD_RATES]
    for rate in [*standard, *near[:3], *candidates]:
        if not count_breaks(pts, time_base=time_base, rate=rate):
            return rate, False
    if mean is not None and not count_breaks(pts, time_base=time_base, rate=mean):
        return mean, False
    return _commonest(pts, candidates, time_base=time_base), True


def _commonest(pts: Sequence[int], announced: list[Fraction], *, time_base: Fraction) -> Fraction:
    """The rate of the most common duration; where rounding leaves several, the steadiest one."""
    steps = Counter(after - before for before, after in pairwise(pts))
    step = max(steps, key=lambda ticks: (steps[ticks], -ticks))
    exact = min(1 / (step * time_base), Fraction(1000))
    low, high = step - 1, step + 1
    near = [rate for rate in (*announced, *STANDARD_RATES) if low < 1 / (rate * time_base) < high]
    return min([*near, exact], key=lambda rate: count_breaks(pts, time_base=time_base, rate=rate))
