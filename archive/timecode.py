"""Frames written as timecode (SMPTE ST 12-1): a rendering for people, never a position."""

from __future__ import annotations

from fractions import Fraction

DROP_FRAME_RATES = {Fraction(30000, 1001): 30, Fraction(60000, 1001): 60}


def timecode(frame: int, rate: Fraction, start: str = "") -> str:
    """Write a frame of a scan as HH:MM:SS:FF.

    Args:
        frame: Counted from the scan's first, 0 upwards.
        rate: Frames a second. Seconds count the nearest whole number of frames, as in film leader;
            so does 23.976.
        start: Timecode of frame 0; with ";" before its frames it is drop-frame.
    """
    base = max(1, round(rate))
    drop = ";" in start and rate in DROP_FRAME_RATES
    first = frames_of_timecode(start, rate) if start else 0
    return _written(frame + first, base, drop=drop)


def frames_of_timecode(text: str, rate: Fraction) -> int:
    """Frames from 00:00:00:00 to a timecode; with ";" before its frames it is drop-frame.

    Raises: ValueError if it is no timecode.
    """
    drop = ";" in text and rate in DROP_FRAME_RATES
    return _frames_of(text, max(1, round(rate)), drop=drop)


def _frames_of(text: str, base: int, *, drop: bool) -> int:
    hours, minutes, seconds, frames = (int(part) for part in text.replace(";", ":").split(":"))
    total_minutes = hours * 60 + minutes
    count = (total_minutes * 60 + seconds) * base + frames
    if drop:
        count -= (base // 15) * (total_minutes - total_minutes // 10)
    return count


def _written(count: int, base: int, *, drop: bool) -> str:
    if drop:
        # Two (four at 60) frame numbers are left out each minute but every tenth.
        skip = base // 15
        ten_minutes, rest = divmod(count, base * 600 - skip * 9)
        past = max(0, rest - base * 60) // (base * 60 - skip) + (1 if rest >= base * 60 else 0)
        count += skip * (9 * ten_minutes + past)
    seconds, frames = divmod(count, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    mark = ";" if drop else ":"
    return f"{hours % 24:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"
