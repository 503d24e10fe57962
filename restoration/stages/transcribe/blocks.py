"""A long sound in blocks that end in silence, so that memory stays bounded and no word is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from restoration.speech.transcript import CLOCK
from restoration.stages.transcribe.mending import NOWHERE, Places

Samples = npt.NDArray[np.float32]
Span = tuple[int, int]

BLOCK = 300 * CLOCK
"""Samples that are held at once: five minutes, 19 MB."""
LONGEST = 28 * CLOCK
"""Of a window: Whisper hears 30 seconds at once."""
_JOIN = 2 * CLOCK
"""Pauses up to this stay inside a window: a recogniser does better with them than without."""
_MARGIN = CLOCK // 4
"""Sound kept on both sides of a window."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some minutes of sound, and where a voice is heard in it, counted from its first sample."""

    first: int
    sound: Samples
    speech: list[Span]
    clicks: int = 0
    """That were mended in the sound of this block; none counts twice."""

    @property
    def stop(self) -> int:
        return self.first + len(self.sound)


def blocks(
    pieces: Iterable[Samples],
    voice: Callable[[Samples], list[Span]],
    *,
    length: int = BLOCK,
    first: int = 0,
    mend: Callable[[Samples], tuple[Samples, Places]] = lambda sound: (sound, NOWHERE),
) -> Iterator[Block]:
    """The sound in blocks of at most `length` samples, each ending where nobody speaks.

    Args:
        first: the number of the first sample of the pieces.
        mend: makes sound better to hear; also gives the first sample of each place that it mended.
    """
    held: list[Samples] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        while count >= length:
            raw = np.concatenate(held)
            sound, places = mend(raw[:length])
            speech = voice(sound)
            stop = _silence(speech, length)
            # What lies behind the end is mended again, and counted, with the next block.
            clicks = int(np.count_nonzero(places < stop))
            yield Block(first, sound[:stop], [span for span in speech if span[0] < stop], clicks)
            rest = raw[stop:]
            held, count, first = [rest], len(rest), first + stop
    if count:
        sound, places = mend(np.concatenate(held))
        yield Block(first, sound, voice(sound), len(places))


def _silence(speech: Sequence[Span], length: int) -> int:
    """The middle of the longest pause in the last half; the very end if somebody never stops."""
    edges = [(0, 0), *speech, (length, length)]
    pauses = [
        (start - stop, (start + stop) // 2)
        for (_, stop), (start, _) in pairwise(edges)
        if (start + stop) // 2 >= length // 2 and start > stop
    ]
    return max(pauses, default=(0, length))[1]


def windows(speech: Sequence[Span], length: int) -> list[Span]:
    """Spans of speech joined over short pauses, cut at the widest where they grow too long."""
    found: list[list[Span]] = []
    for span in (part for each in speech for part in _parts(each)):
        near = found and span[0] - found[-1][-1][1] <= _JOIN
        if near and span[1] - found[-1][0][0] <= LONGEST:
            found[-1].append(span)
        elif near:
            at = _widest(found[-1])
            last = found[-1][at:]
            if at and span[1] - last[0][0] <= LONGEST:
                found[-1:] = [found[-1][:at], [*last, span]]
            else:
                found.append([span])
        else:
            found.append([span])
    return [(max(0, group[0][0] - _MARGIN), min(length, group[-1][1] + _MARGIN)) for group in found]


def _parts(span: Span) -> Iterator[Span]:
    start, stop = span
    while stop - start > LONGEST:
        yield start, start + LONGEST
        start += LONGEST
    yield start, stop


def _widest(group: Sequence[Span]) -> int:
    """Before which span of the later half the pause is widest; 0 if it is a single one."""
    gaps = [(group[n][0] - group[n - 1][1], n) for n in range(max(1, len(group) // 2), len(group))]
    return max(gaps, default=(0, 0))[1]
