"""From words to subtitle cues, by dynamic programming over where one ends and the next begins.

Every way of cutting the words into cues has a cost: cues that cannot be read in their time, that
are too short, cross a cut or a silence, part a word from the one it leans on, or leave a word
alone. The cheapest is taken; equal inputs give equal cues. What must never be (too long a line, too
many lines, too long on screen, overlapping) is not weighed but excluded. `cue_timing` then settles
the frames.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from restoration.speech.cue_layout import Layout, ends_sentence, lay_out, seam
from restoration.speech.cue_timing import Draft, place
from restoration.speech.profiles import Profile, leaning_words
from restoration.speech.transcript import CLOCK, Line, Word, first_frame, frame_after

_EACH = 2.0
_SILENCE = CLOCK * 7 // 10
_LONG_SILENCE = CLOCK * 5 // 2


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one style."""

    text: str
    italic: bool = False


@dataclass(frozen=True, slots=True)
class CueLine:
    """One line of a cue; `text` has no dash before it, which is the profile's to add."""

    spans: tuple[Span, ...]
    speaker: str | None = None
    dash: str = ""

    @property
    def text(self) -> str:
        return self.dash + "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown from `start_frame` until before `end_frame`."""

    start_frame: int
    end_frame: int
    lines: tuple[CueLine, ...]
    heard: tuple[int, int] | None = None
    """Samples from the first word's start to the last one's end, where words are known."""

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def characters(self) -> int:
        """As reading speed counts them: spaces too, line breaks not."""
        return sum(len(line.text) for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Item:
    """A word with what the search has to know of it."""

    word: Word
    speaker: str | None
    utterance: int
    start: int
    end: int
    """Frames."""


def make_cues(
    lines: Iterable[Line],
    profile: Profile,
    *,
    rate: Fraction,
    cuts: Sequence[int] = (),
    language: str = "en",
    end_frame: int | None = None,
) -> list[Cue]:
    """The cues of a transcript.

    Args:
        cuts: the first frame of every scene but the first, in order; in and out follow them.
        end_frame: the scan's length: no cue goes past it.
    """
    said = sorted((line for line in lines if line.words), key=lambda line: (line.start, line.end))
    found: list[tuple[list[_Item], Layout]] = []
    number = 0
    for _, alike in groupby(said, key=lambda line: line.kind):
        items: list[_Item] = []
        for line in alike:
            items += _items(line, number, profile, rate)
            number += 1
        found += _Search(items, profile, rate, sorted(cuts), language).best()
    drafts = [_draft(items, layout, profile) for items, layout in found]
    places = place(drafts, profile, rate=rate, cuts=sorted(cuts), end_frame=end_frame)
    return [
        replace(_cue(items, layout, profile), start_frame=start, end_frame=end)
        for (items, layout), (start, end) in zip(found, places, strict=True)
    ]


def _items(line: Line, number: int, profile: Profile, rate: Fraction) -> list[_Item]:
    return [
        _Item(
            piece,
            piece.speaker or line.speaker,
            number,
            first_frame(piece.start, rate),
            max(frame_after(piece.end, rate), first_frame(piece.start, rate) + 1),
        )
        for word in line.words
        for piece in _pieces(word, profile.characters - len(profile.dash))
    ]


def _pieces(word: Word, most: int) -> list[Word]:
    """A word that no line can hold, in parts that fit; every other word as it is."""
    if len(word.text) <= most:
        return [word]
    parts = [word.text[at : at + most] for at in range(0, len(word.text), most)]
    length = word.end - word.start
    return [
        replace(
            word,
            text=part,
            start=word.start + length * number // len(parts),
            end=word.start + length * (number + 1) // len(parts),
            glued=word.glued or number > 0,
        )
        for number, part in enumerate(parts)
    ]


class _Search:
    """The cheapest way to cut a row of words into cues."""

    def __init__(
        self,
        items: Sequence[_Item],
        profile: Profile,
        rate: Fraction,
        cuts: Sequence[int],
        language: str,
    ) -> None:
        self._items = items
        self._said = [(item.word, item.speaker, item.utterance) for item in items]
        self._profile = profile
        self._cuts = cuts
        self._leaning = leaning_words(language)
        self._least = profile.least_frames(rate)
        self._most = profile.most_frames(rate)
        self._linger = int(profile.linger * rate)
        self._half = profile.half_second(rate)
        self._per_frame = float(profile.characters_a_second / rate)
        self._widest = profile.lines * (profile.characters + 1)

    def best(self) -> list[tuple[list[_Item], Layout]]:
        """The words of each cue, and how they are laid out."""
        count = len(self._items)
        costs = [0.0] + [float("inf")] * count
        chosen: list[tuple[int, Layout] | None] = [None] * (count + 1)
        for start in range(count):
            for stop, layout, cost in self._from(start):
                if costs[start] + cost < costs[stop]:
                    costs[stop], chosen[stop] = costs[start] + cost, (start, layout)
        cues, at = [], count
        while at:
            step = chosen[at]
            assert step is not None, "a single word always fits"
            cues.append((list(self._items[step[0] : at]), step[1]))
            at = step[0]
        return cues[::-1]

    def _from(self, start: int) -> Iterable[tuple[int, Layout, float]]:
        """Every cue that can begin with this word: where it stops, its layout and its cost."""
        inside, width = 0.0, 0
        first = self._items[start]
        for stop in range(start + 1, len(self._items) + 1):
            last = self._items[stop - 1]
            width += len(last.word.text) + (not last.word.glued)
            if stop > start + 1:
                joined = self._joined(self._items[stop - 2], last)
                too_long = last.end - first.start > self._most or width > self._widest
                if joined is None or too_long:
                    return
                inside += joined
            layout = lay_out(self._said[start:stop], self._profile, self._leaning)
            if layout is not None:
                yield stop, layout, inside + layout.cost + self._cost(start, stop, layout)

    def _joined(self, one: _Item, other: _Item) -> float | None:
        """What it costs to have both in one cue; None: they must not be."""
        silence = other.word.start - one.word.end
        if silence >= _LONG_SILENCE:
            return None
        cost = 5.0 if silence >= _SILENCE else 0.0
        if one.speaker != other.speaker:
            cost += 2.5
        elif one.utterance != other.utterance:
            cost += 1.5 if ends_sentence(one.word) else 2.5
        return cost

    def _cost(self, start: int, stop: int, layout: Layout) -> float:
        first, last = self._items[start], self._items[stop - 1]
        after = self._items[stop] if stop < len(self._items) else None
        room = after.start - self._profile.gap - first.start if after else self._most
        room = max(1, min(room, self._most))
        readable = min(room, max(last.end + self._linger - first.start, self._least))
        over = layout.characters / (self._per_frame * readable) - 1
        short = 1 - room / self._least
        cost = _EACH + self._alone(start, stop) + self._crossing(start, stop)
        if over > 0:
            cost += 2 + 12 * over
        if short > 0:
            cost += 4 + 10 * short
        if after is not None and after.utterance == last.utterance:
            cost += 1.5 * seam(last.word, after.word, self._leaning)
        return cost

    def _alone(self, start: int, stop: int) -> float:
        """One word that is neither a sentence nor an utterance of its own."""
        if stop - start > 1:
            return 0.0
        item = self._items[start]
        before = self._items[start - 1] if start else None
        after = self._items[stop] if stop < len(self._items) else None
        begins = before is None or before.utterance != item.utterance
        ends = after is None or after.utterance != item.utterance
        return 0.0 if begins and ends else 1.5

    def _crossing(self, start: int, stop: int) -> float:
        """Cuts inside, dearer where the words would let the cue end there."""
        first, last = self._items[start], self._items[stop - 1]
        low = bisect_right(self._cuts, first.start)
        high = bisect_left(self._cuts, last.end)
        starts = [item.start for item in self._items[start + 1 : stop]]
        return sum(
            2.5 if any(abs(at - cut) < self._half for at in starts) else 0.5
            for cut in self._cuts[low:high]
        )


def _draft(items: Sequence[_Item], layout: Layout, profile: Profile) -> Draft:
    return Draft(
        start=min(item.start for item in items),
        end=max(item.end for item in items),
        characters=layout.characters,
    )


def _cue(items: Sequence[_Item], layout: Layout, profile: Profile) -> Cue:
    lines, at = [], 0
    for number, count in enumerate(layout.counts):
        part = items[at : at + count]
        dash = profile.dash if layout.dashed and (number or profile.dash_first) else ""
        lines.append(CueLine(_spans(part), part[0].speaker, dash))
        at += count
    heard = (min(item.word.start for item in items), max(item.word.end for item in items))
    return Cue(0, 1, tuple(lines), heard)


def _spans(items: Sequence[_Item]) -> tuple[Span, ...]:
    """Neighbours of one style together, with the space between two styles outside the italics."""
    spans: list[Span] = []
    for number, item in enumerate(items):
        space = "" if item.word.glued or not number else " "
        if spans and spans[-1].italic == item.word.italic:
            spans[-1] = Span(spans[-1].text + space + item.word.text, item.word.italic)
        elif spans and not item.word.italic:
            spans.append(Span(space + item.word.text))
        else:
            if space:
                spans[-1] = Span(spans[-1].text + space, spans[-1].italic)
            spans.append(Span(item.word.text, item.word.italic))
    return tuple(spans)
