"""Which stage of a chain made what, by frames: what each take added to the labels. PURE.

A later stage carries the labels of an earlier one on. So what a stage made itself is what its take
counts beyond the take before it, frame by frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from restoration.provenance.labels import Label
from review.formats.edition import COPIED, HAND, MACHINE, Cue
from review.frame_ranges import Range, ranges
from review.gate import FrameCounts

KINDS = {
    MACHINE: (Label.SYNTHESISED, Label.NOT_MEASURED),
    HAND: (Label.HUMAN,),
    COPIED: (Label.RECOVERED,),
}
"""What is marked in a timeline, and the labels that it stands for."""
PLANES = ("structure", "colour")


@dataclass(frozen=True, slots=True)
class Link:
    """A take of a chain: how it was made, and its labels frame by frame."""

    stage: str
    take: int
    version: str
    models: tuple[str, ...]
    settings: dict[str, Any]
    counts: Sequence[FrameCounts]


def pixels_of(each: FrameCounts, plane: str, kind: str) -> int:
    """How many pixels of a frame carry labels of a kind."""
    counts = each.totals.structure if plane == "structure" else each.totals.colour
    return sum(counts[label] for label in KINDS[kind])


def chain_cues(links: Iterable[Link], *, apart: int) -> tuple[Cue, ...]:
    """Cues of a scene in order of their frames.

    Args:
        links: the chain, first stage first.
        apart: ranges with fewer frames than this between them are one cue.
    """
    found: list[Cue] = []
    before: Mapping[int, FrameCounts] = {}
    for link in links:
        for plane in PLANES:
            for kind in KINDS:
                found += _cues(link, before, plane, kind, apart)
        before = {each.frame: each for each in link.counts}
    return tuple(sorted(found, key=lambda cue: (cue.start_frame, cue.end_frame)))


def _cues(
    link: Link, before: Mapping[int, FrameCounts], plane: str, kind: str, apart: int
) -> Iterator[Cue]:
    made: dict[int, float] = {}
    for each in link.counts:
        share = _share(each, plane, kind)
        share -= _share(before[each.frame], plane, kind) if each.frame in before else 0
        if share > 0:
            made[each.frame] = float(share)
    for start, end in joined(ranges(made), apart):
        shares = [share for frame, share in made.items() if start <= frame < end]
        yield Cue(
            start_frame=start,
            end_frame=end,
            frames=len(shares),
            plane=plane,
            kind=kind,
            most=max(shares),
            mean=sum(shares) / len(shares),
            stage=link.stage,
            take=link.take,
            version=link.version,
            models=link.models,
            settings=link.settings,
        )


def _share(each: FrameCounts, plane: str, kind: str) -> Fraction:
    """Exact, and a share: a take may have more pixels than the one before it."""
    return Fraction(pixels_of(each, plane, kind), max(1, each.totals.pixels))


def joined(found: Iterable[Range], apart: int) -> list[Range]:
    """Ranges with fewer than `apart` frames between them as one."""
    kept: list[Range] = []
    for start, end in found:
        if kept and start - kept[-1][1] < apart:
            kept[-1] = (kept[-1][0], end)
        else:
            kept.append((start, end))
    return kept
