"""Frames as half-open ranges, and how people say them. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Range = tuple[int, int]
"""Frames [start, end) of the scan."""
SPOKEN_RANGES = 4


def ranges(frames: Iterable[int]) -> tuple[Range, ...]:
    """Frames as half-open ranges, in order."""
    found: list[Range] = []
    for frame in sorted(frames):
        if found and found[-1][1] == frame:
            found[-1] = (found[-1][0], frame + 1)
        else:
            found.append((frame, frame + 1))
    return tuple(found)


def listed(numbers: Iterable[int]) -> str:
    """Numbers of scenes as people list them: `1-3, 5`."""
    return ", ".join(
        f"{start}-{end - 1}" if end - start > 2 else ", ".join(map(str, range(start, end)))
        for start, end in ranges(numbers)
    )


def spoken(found: Sequence[Range]) -> str:
    """Ranges as people count, the last frame included; long lists are cut short."""
    words = [f"{start} to {end - 1}" if end - start > 1 else f"{start}" for start, end in found]
    shown = ", ".join(words[:SPOKEN_RANGES])
    more = f" and {len(words) - SPOKEN_RANGES} more ranges" if len(words) > SPOKEN_RANGES else ""
    single = len(found) == 1 and found[0][1] - found[0][0] == 1
    return f"{'frame' if single else 'frames'} {shown}{more}"
