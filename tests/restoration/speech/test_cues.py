"""Cues made of words keep every hard rule, say every word, and follow the cuts."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.speech.cue_rules import Rule, check, count
from restoration.speech.cues import Cue, CueLine, Span, make_cues
from restoration.speech.profiles import ProfileError, find_profile, profiles
from restoration.speech.transcript import Line, samples, spread
from tests.restoration.speech.said import line

RATE = Fraction(24)
NETFLIX = find_profile("netflix-en")


def plain(start: int, end: int, *lines: str, speakers: tuple[str | None, ...] = ()) -> Cue:
    names = speakers or (None,) * len(lines)
    return Cue(start, end, tuple(
        CueLine((Span(text),), name) for text, name in zip(lines, names, strict=True)
    ))  # fmt: skip


def test_a_long_sentence_is_parted_where_it_breathes() -> None:
    said = line(
        "The harbour was closed for the whole of that winter, and when the ice broke in March "
        "the first ship to come in was a whaler from Bergen.",
        0,
        9,
    )
    cues = make_cues([said], NETFLIX, rate=RATE)
    assert [cue.text.replace("\n", " ") for cue in cues] == [
        "The harbour was closed for the whole of that winter,",
        "and when the ice broke in March the first ship to come in was a whaler from Bergen.",
    ]
    assert check(cues, NETFLIX, rate=RATE) == []


def test_a_line_does_not_end_with_an_article() -> None:
    said = line("He took the money to the bank and put it in the safe there", 0, 5)
    for cue in make_cues([said], NETFLIX, rate=RATE):
        assert not cue.lines[0].text.endswith((" the", " and", " in", " to"))


def test_a_short_word_stays_long_enough_to_be_read() -> None:
    cues = make_cues([line("Yes.", 1, 1.2)], NETFLIX, rate=RATE)
    assert cues[0].end_frame - cues[0].start_frame == 20


def test_a_cue_begins_on_the_cut_just_before_its_first_word_and_ends_before_the_next() -> None:
    cues = make_cues([line("A new machine takes to the road.", 2.25, 4.9)], NETFLIX, rate=RATE,
                     cuts=[50, 120])  # fmt: skip
    assert (cues[0].start_frame, cues[0].end_frame) == (50, 118)


def test_small_gaps_are_closed_to_two_frames() -> None:
    said = [
        line("First of all this was said, and nobody in the hall had an answer to it.", 0, 4),
        line("And then this was said too, which they had been waiting for all along.", 4.3, 8.5),
    ]
    cues = make_cues(said, NETFLIX, rate=RATE)
    assert cues[1].start_frame - cues[0].end_frame == 2


def test_two_speakers_share_a_cue_only_with_a_dash_each() -> None:
    said = [line("Who goes there?", 0, 0.7, speaker="Guard"),
            line("A friend.", 0.75, 1.3, speaker="Anna")]  # fmt: skip
    cues = make_cues(said, NETFLIX, rate=RATE)
    assert [each.text for each in cues] == ["-Who goes there?\n-A friend."]
    assert [each.speaker for each in cues[0].lines] == ["Guard", "Anna"]


def test_a_silence_is_not_bridged() -> None:
    words = spread("One", 0, samples(1)) + spread("two", samples(4), samples(5))
    cues = make_cues([Line(words, 0, samples(5))], NETFLIX, rate=RATE)
    assert [cue.text for cue in cues] == ["One", "two"]


def test_italics_stay_with_their_words() -> None:
    said = line("Listen to that bird now", 0, 2)
    words = tuple(
        word if number != 3 else type(word)(word.text, word.start, word.end, italic=True)
        for number, word in enumerate(said.words)
    )
    cue = make_cues([Line(words, said.start, said.end)], NETFLIX, rate=RATE)[0]
    assert cue.lines[0].spans == (Span("Listen to that "), Span("bird", True), Span(" now"))


_texts = st.text(st.sampled_from("abcdefgh.,?!'-éあ"), min_size=1, max_size=90)


@st.composite
def _lines(draw: st.DrawFn) -> list[Line]:
    at, found = 0, []
    for _ in range(draw(st.integers(1, 6))):
        start = max(0, at + draw(st.integers(-8_000, 60_000)))
        length = draw(st.integers(1, 300_000))
        text = " ".join(draw(st.lists(_texts, min_size=1, max_size=12)))
        speaker = draw(st.sampled_from([None, "Anna", "Ben"]))
        found.append(Line(spread(text, start, start + length), start, start + length,
                          speaker=speaker))  # fmt: skip
        at = start + length
    return found


@settings(max_examples=30, deadline=None)
@given(
    lines=_lines(),
    key=st.sampled_from(sorted(profiles())),
    rate=st.sampled_from([Fraction(16), Fraction(24000, 1001), Fraction(50)]),
    cuts=st.lists(st.integers(1, 900), max_size=12, unique=True),
)
def test_no_hard_rule_is_ever_broken_and_no_word_is_lost(
    lines: list[Line], key: str, rate: Fraction, cuts: list[int]
) -> None:
    profile = find_profile(key)
    cues = make_cues(lines, profile, rate=rate, cuts=sorted(cuts))
    assert [each for each in check(cues, profile, rate=rate, cuts=cuts) if each.hard] == []
    said = "".join(
        word.text for each in sorted(lines, key=lambda one: (one.start, one.end))
        for word in each.words
    )  # fmt: skip
    shown = "".join(span.text for cue in cues for one in cue.lines for span in one.spans)
    assert shown.replace(" ", "") == said
    assert cues == make_cues(lines, profile, rate=rate, cuts=sorted(cuts))


@pytest.mark.parametrize(
    ("rule", "cues", "cuts"),
    [
        (Rule.SHORT, [plain(0, 10, "Yes.")], []),
        (Rule.LONG, [plain(0, 200, "Yes.")], []),
        (Rule.GAP, [plain(0, 40, "Yes."), plain(41, 90, "No.")], []),
        (Rule.GAP, [plain(0, 40, "Yes."), plain(30, 90, "No.")], []),
        (Rule.CHAIN, [plain(0, 40, "Yes."), plain(46, 90, "No.")], []),
        (Rule.WIDE, [plain(0, 100, "x" * 43)], []),
        (Rule.LINES, [plain(0, 90, "one", "two", "three")], []),
        (Rule.SPEED, [plain(0, 24, "Twenty-one characters")], []),
        (Rule.IN_TIME, [Cue(0, 40, plain(0, 1, "Late").lines, (samples(1), samples(1.5)))], []),
        (Rule.AFTER_CUT, [plain(55, 90, "Yes.")], [50]),
        (Rule.BEFORE_CUT, [plain(45, 90, "Yes.")], [50]),
        (Rule.OUT_AT_CUT, [plain(0, 50, "Yes.")], [50]),
        (Rule.BREAK, [plain(0, 90, "They went to the", "island")], []),
        (Rule.DASHES, [plain(0, 90, "Who?", "Me.", speakers=("A", "B"))], []),
    ],
)
def test_each_rule_is_found_where_it_is_broken(
    rule: Rule, cues: list[Cue], cuts: list[int]
) -> None:
    found = count(check(cues, NETFLIX, rate=RATE, cuts=cuts))
    assert {name for name, times in found.items() if times} == {rule.value}


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(ProfileError, match="archive, bbc, netflix"):
        find_profile("disney")
