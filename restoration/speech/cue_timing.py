"""In and out of cues in whole frames: room to read, gaps, chaining, and snapping to cuts.

The numbers are those of Netflix's Subtitle Timing Guidelines, with H = half a second in frames: a
cue that begins less than H after a cut begins on it; one that begins shortly before a cut waits for
it, or keeps H away; one that ends less than H from a cut ends two frames before it, or H after.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from restoration.speech.profiles import Profile

_LOST = 4
"""Frames of the cue before that a snap may cost."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A cue whose words are known: frames [start, end) in which they are said."""

    start: int
    end: int
    characters: int


def place(
    drafts: Sequence[Draft],
    profile: Profile,
    *,
    rate: Fraction,
    cuts: Sequence[int],
    end_frame: int | None,
) -> list[tuple[int, int]]:
    """Start and end frame of each cue; cues never overlap, and keep the gap between them."""
    timing = _Timing(profile, rate, cuts, end_frame)
    starts = timing.starts(drafts)
    ends = timing.ends(drafts, starts)
    return timing.lengthened(starts, ends)


class _Timing:
    def __init__(
        self, profile: Profile, rate: Fraction, cuts: Sequence[int], end_frame: int | None
    ) -> None:
        self._profile = profile
        self._rate = rate
        self._cuts = cuts if profile.snap else ()
        self._end = end_frame
        self._half = profile.half_second(rate)
        self._gap = profile.gap
        self._least = profile.least_frames(rate)
        self._most = profile.most_frames(rate)

    def starts(self, drafts: Sequence[Draft]) -> list[int]:
        found: list[int] = []
        for number, draft in enumerate(drafts):
            # One frame of the cue before is all that is sure to be left of it.
            least = found[-1] + 1 + self._gap if found else 0
            before = drafts[number - 1].end if number else None
            found.append(max(least, self._snapped_start(draft, before)))
        if self._end is not None:
            self._pull_in(found)
        return found

    def _pull_in(self, starts: list[int]) -> None:
        """No cue begins after the last frame."""
        assert self._end is not None
        latest = self._end - 1
        for number in reversed(range(len(starts))):
            starts[number] = max(0, min(starts[number], latest))
            latest = starts[number] - 1 - self._gap

    def _snapped_start(self, draft: Draft, before: int | None) -> int:
        """On the cut that it begins just after, or just before."""
        after = bisect_left(self._cuts, draft.start + 1)
        if after and draft.start - self._cuts[after - 1] < self._half:
            cut = self._cuts[after - 1]
            if before is None or before - (cut - self._gap) <= _LOST:
                return cut
        if after < len(self._cuts) and (ahead := self._cuts[after] - draft.start) < self._half:
            cut = self._cuts[after]
            if ahead < 3 * self._half // 4 and draft.end > cut:
                return cut
            away = cut - self._half
            if before is None or before + self._gap <= away:
                return max(0, away)
        return draft.start

    def ends(self, drafts: Sequence[Draft], starts: Sequence[int]) -> list[int]:
        limits = [start - self._gap for start in starts[1:]]
        limits.append(
            self._end if self._end is not None else drafts[-1].end + 10**9 if drafts else 0
        )
        return [
            self._end_of(draft, start, limit)
            for draft, start, limit in zip(drafts, starts, limits, strict=True)
        ]

    def _end_of(self, draft: Draft, start: int, limit: int) -> int:
        latest = min(limit, start + self._most)
        to_read = start + self._profile.frames_to_read(draft.characters, self._rate)
        linger = draft.end + int(self._profile.linger * self._rate)
        end = max(draft.end, min(to_read, linger), start + self._least)
        end = max(start + 1, min(end, latest))
        end = self._snapped_end(start, end, latest, enough=min(to_read, linger))
        if self._profile.chain and self._gap < limit + self._gap - end < self._half:
            end = min(limit, latest)
        return max(start + 1, end)

    def _snapped_end(self, start: int, end: int, latest: int, *, enough: int) -> int:
        """Two frames before the cut that it would end beside, or half a second after it."""
        at = bisect_left(self._cuts, end - self._half + 1)
        if at == len(self._cuts) or self._cuts[at] - end >= self._half:
            return end
        early, late = self._cuts[at] - self._gap, self._cuts[at] + self._half
        fits = start + self._least <= early <= latest
        if fits and (early >= enough or late > latest):
            return early
        if late <= latest and not self._near_cut(late):
            return late
        return early if fits else end

    def _near_cut(self, frame: int) -> bool:
        at = bisect_left(self._cuts, frame - self._half + 1)
        return at < len(self._cuts) and self._cuts[at] - frame < self._half

    def lengthened(self, starts: list[int], ends: Sequence[int]) -> list[tuple[int, int]]:
        """Cues that are still too short begin earlier, where nothing else is shown."""
        placed: list[tuple[int, int]] = []
        for start, end in zip(starts, ends, strict=True):
            missing = self._least - (end - start)
            if missing > 0 and start not in self._cuts:
                free = placed[-1][1] + self._gap if placed else 0
                start = max(min(start, free), start - min(missing, self._half), 0)
            placed.append((start, end))
        return placed
