"""Titles whose reels were scanned at different rates, and what a timeline of them must say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from review.formats.edition import Edition, Marked
from tests.review.formats.editions import make_edition

RATES = {
    "16": (Fraction(16), ":"),
    "18": (Fraction(18), ":"),
    "23.976": (Fraction(24000, 1001), ":"),
    "24": (Fraction(24), ":"),
    "25": (Fraction(25), ":"),
    "29.97 drop": (Fraction(30000, 1001), ";"),
    "29.97": (Fraction(30000, 1001), ":"),
    "50": (Fraction(50), ":"),
    "59.94": (Fraction(60000, 1001), ":"),
    "59.94 drop": (Fraction(60000, 1001), ";"),
}
STARTS = ("00:00:00", "01:00:00", "23:59:50")
CUTS = ((0, 37, 400, 401), (0, 7, 400, 401, 1500), (0, 5, 111))
"""Of the three reels; the second scene of the second is left out, a gap of 393 frames."""


@dataclass(frozen=True)
class Mixture:
    """Three reels: the first and last at the timeline's rate, the one between at another."""

    timeline: str
    other: str
    start: str

    def __str__(self) -> str:
        return f"{self.other} in {self.timeline} from {self.start}"

    @property
    def rate(self) -> Fraction:
        return RATES[self.timeline][0]

    def editions(self) -> list[Edition]:
        names = (self.timeline, self.other, self.timeline)
        made = [
            reel(number, name, self.start, cuts)
            for number, (name, cuts) in enumerate(zip(names, CUTS, strict=True), start=1)
        ]
        (first, _, *rest) = made[1].scenes
        marked = Marked(402, 500, "structure", "machine-made")
        made[1] = replace(made[1], scenes=(first, *rest[:-1], replace(rest[-1], marked=(marked,))))
        return made


def reel(number: int, name: str, start: str, cuts: tuple[int, ...]) -> Edition:
    rate, mark = RATES[name]
    made = make_edition(rate, start=f"{start}{mark}00", cuts=cuts)
    scan = replace(
        made.scan, sha256=f"{number}" * 64, path=made.scan.path.with_name(f"{number}.mkv")
    )
    scenes = []
    for scene in made.scenes:
        picture = scene.take.picture.with_name(f"reel-{number}-{scene.number}.mkv")
        scenes.append(replace(scene, take=replace(scene.take, picture=picture)))
    tape = f"R{number:07d}"
    return replace(made, reel=f"reel {number}", scan=scan, scenes=tuple(scenes), tape=tape)


def exact(editions: list[Edition]) -> Iterator[tuple[Fraction, Fraction]]:
    """Where each scene lies, in seconds: every reel's frames at that reel's rate."""
    begins = Fraction(0)
    for edition in editions:
        for scene in edition.scenes:
            rate = edition.scan.rate
            yield begins + scene.start_frame / rate, begins + scene.end_frame / rate
        begins += edition.scan.frames / edition.scan.rate


def nearest(seconds: Fraction, rate: Fraction) -> int:
    """The frame of a timeline that begins nearest to a time; of two as near the later."""
    low = math.floor(seconds * rate)
    return low if seconds * rate - low < Fraction(1, 2) else low + 1


def spans(editions: list[Edition], rate: Fraction) -> list[tuple[int, int]]:
    return [(nearest(first, rate), nearest(end, rate)) for first, end in exact(editions)]


NAMED = [("24", "16"), ("25", "18"), ("29.97 drop", "23.976"), ("25", "50"), ("59.94", "25")]
"""Timeline and other rate: those that are read back by default."""
QUICK = [Mixture(*pair, start) for pair in NAMED for start in STARTS]
ALL = [Mixture(*pair, start) for pair in itertools.permutations(RATES, 2) for start in STARTS]
