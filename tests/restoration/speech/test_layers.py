"""Corrections lie over a machine's lines: attributed, reversible, carried to the next run."""

from __future__ import annotations

import time
from dataclasses import replace

from restoration.speech.corrections import layer
from restoration.speech.layers import Correction, Label, Layered, Target
from restoration.speech.transcript import CLOCK, Line, samples
from tests.restoration.speech.said import line

MACHINE = [
    line("The cat is not in pressed", 1, 3),
    line("Thank you for watching", 5, 6, doubts=("repeats itself",)),
    line("Farewell to Earth", 8, 9.5),
]


def on(laid: Layered, key: str, kind: str, number: int = 1, **payload: object) -> Correction:
    seen = laid.find(key)
    assert seen is not None
    target = Target(seen.key, seen.start, seen.end, seen.text)
    return Correction(number, kind, "anna", (target,), payload)


def made(kind: str, key: str = "m0", **payload: object) -> Layered:
    return layer(MACHINE, [on(layer(MACHINE, []), key, kind, **payload)])


def labels(laid: Layered, key: str) -> list[str]:
    found = laid.find(key)
    assert found is not None
    return [each.label.value for each in found.words]


def test_a_doubtful_line_and_an_unsure_word_are_labelled_so() -> None:
    words = (*MACHINE[0].words[:3], replace(MACHINE[0].words[3], confidence=0.3))
    laid = layer([replace(MACHINE[0], words=words), MACHINE[1]], [])
    assert labels(laid, "m0") == ["MACHINE"] * 3 + ["MACHINE_DOUBTFUL"]
    assert set(labels(laid, "m1")) == {"MACHINE_DOUBTFUL"}


def test_words_that_stay_keep_their_times_and_label_and_new_ones_are_marked() -> None:
    laid = made("text", text="The cat is not impressed.")
    said = laid.lines[0].words
    before = MACHINE[0].words
    assert [each.word.text for each in said] == ["The", "cat", "is", "not", "impressed."]
    assert [each.word for each in said[:4]] == list(before[:4])
    assert [each.label for each in said] == [Label.MACHINE] * 4 + [Label.HUMAN]
    assert (said[4].by, said[4].word.timed) == ("anna", "interpolated")
    assert (said[4].word.start, said[4].word.end) == (before[4].start, before[5].end)


def test_a_word_for_a_word_takes_its_time() -> None:
    laid = made("text", "m2", text="Farewell, to Mars")
    words = laid.lines[2].words
    assert [(each.word.start, each.word.timed) for each in words] == [
        (word.start, "heard") for word in MACHINE[2].words
    ]
    assert [each.label for each in words] == [Label.HUMAN, Label.MACHINE, Label.HUMAN]


def test_a_word_put_in_lies_in_the_gap() -> None:
    laid = made("text", "m2", text="Farewell to dear Earth")
    dear = laid.lines[2].words[2].word
    assert MACHINE[2].words[1].end <= dear.start <= dear.end <= MACHINE[2].words[2].start


def test_a_confirmation_names_who_and_leaves_what_was_typed_to_its_author() -> None:
    laid = made("text", text="The cat is not impressed.")
    again = replace(on(laid, "m0", "confirm", 2), by="ben")
    both = layer(MACHINE, [on(layer(MACHINE, []), "m0", "text", text="The cat is not impressed."),
                           again])  # fmt: skip
    words = both.lines[0].words
    assert [(each.label, each.by) for each in words] == [
        *[(Label.CONFIRMED, "ben")] * 4, (Label.HUMAN, "anna"),
    ]  # fmt: skip


def test_split_and_merge_give_the_words_back() -> None:
    laid = made("split", word=3)
    assert [each.text for each in laid.shown[:2]] == ["The cat is", "not in pressed"]
    parts = tuple(Target(each.key, each.start, each.end, each.text) for each in laid.shown[:2])
    both = layer(MACHINE, [on(layer(MACHINE, []), "m0", "split", word=3),
                           Correction(2, "merge", "anna", parts)])  # fmt: skip
    assert both.lines[0].text == MACHINE[0].text
    assert (both.lines[0].start, both.lines[0].end) == (MACHINE[0].start, MACHINE[0].end)
    assert both.lines[0].corrections == (1, 2)


def test_times_that_move_take_the_words_along() -> None:
    laid = made("times", start=samples(2), end=samples(4))
    moved = laid.lines[0]
    assert [each.word.start for each in moved.words] == [
        word.start + CLOCK for word in MACHINE[0].words
    ]


def test_a_merge_that_is_accepted_fits_when_the_lines_are_laid_again() -> None:
    moved = on(layer(MACHINE, []), "m0", "times", start=samples(6.5), end=samples(7.5))
    laid = layer(MACHINE, [moved])
    parts = tuple(Target(each.key, each.start, each.end, each.text) for each in laid.shown[1:])
    merged = layer(MACHINE, [moved, Correction(2, "merge", "anna", parts)])
    assert merged.conflicts == []
    assert [each.text for each in merged.shown] == [
        MACHINE[1].text, f"{MACHINE[0].text} {MACHINE[2].text}",
    ]  # fmt: skip


def test_a_removed_line_is_kept_and_not_shown() -> None:
    laid = made("delete", "m1")
    assert [each.key for each in laid.shown] == ["m0", "m2"]
    assert (laid.lines[1].removed, laid.lines[1].removed_by) == ("deleted", "anna")


def test_a_line_that_was_missed_is_put_in_by_a_person() -> None:
    laid = layer(MACHINE, [Correction(7, "add", "anna", (), {
        "text": "Look!", "start": samples(7), "end": samples(7.5), "speaker": "Boy"})])  # fmt: skip
    assert [each.key for each in laid.lines] == ["m0", "m1", "h7", "m2"]
    assert (laid.lines[2].speaker, labels(laid, "h7")) == ("Boy", ["HUMAN"])


def test_taking_back_an_earlier_one_leaves_a_later_one_in_conflict() -> None:
    first = on(layer(MACHINE, []), "m0", "text", text="The cat is not impressed.")
    second = on(layer(MACHINE, [first]), "m0", "split", 2, word=4)
    assert layer(MACHINE, [first, second]).conflicts == []
    left = layer(MACHINE, [second])
    assert [each.correction.number for each in left.conflicts] == [2]
    assert "now reads “The cat is not in pressed”" in left.conflicts[0].why
    assert left.lines[0].text == MACHINE[0].text


def later(correction: Correction) -> Correction:
    """The same correction, seen from another transcript."""
    return replace(correction, here=False)


def shifted(text: str, by: float = 0.1) -> list[Line]:
    """A new run: other keys and slightly other times."""
    return [line("Something new before it", 0, 0.9), line(text, 1 + by, 3 + by), *MACHINE[1:]]


def test_a_correction_is_made_again_after_a_new_run() -> None:
    first = on(layer(MACHINE, []), "m0", "text", text="The cat is not impressed.")
    laid = layer(shifted("The cat is not in pressed"), [later(first)])
    assert laid.conflicts == []
    assert laid.lines[1].text == "The cat is not impressed."
    assert laid.lines[1].words[4].by == "anna"


def test_of_a_new_run_that_agrees_with_the_person_they_answer_for_what_they_wrote() -> None:
    first = on(layer(MACHINE, []), "m0", "text", text="The cat is not impressed.")
    for heard, label in (("impressed.", "CONFIRMED"), ("impressed", "HUMAN")):
        laid = layer(shifted(f"The cat is not {heard}"), [later(first)])
        assert laid.conflicts == []
        assert laid.lines[1].text == "The cat is not impressed."
        assert labels(laid, "m1") == ["MACHINE"] * 4 + [label]
        assert laid.lines[1].words[4].by == "anna"


def test_a_respelling_is_no_confirmation_after_a_new_run_and_is_not_lost() -> None:
    respelt = on(layer(MACHINE, []), "m2", "text", text="Farewell to Earth!")
    here = layer(MACHINE, [respelt])
    again = layer(MACHINE, [later(respelt)])
    assert again.conflicts == []
    assert again.lines[2].text == "Farewell to Earth!"
    assert labels(again, "m2") == labels(here, "m2") == ["MACHINE", "MACHINE", "HUMAN"]


def test_a_word_that_a_person_left_alone_is_spelt_as_the_new_run_has_it() -> None:
    first = on(layer(MACHINE, []), "m2", "text", text="Farewell to Mars")
    laid = layer([line("farewell to Earth", 8, 9.5)], [later(first)])
    assert laid.lines[0].text == "farewell to Mars"
    assert labels(laid, "m0") == ["MACHINE", "MACHINE", "HUMAN"]


def test_a_line_that_was_put_in_keeps_its_spelling_and_speaker_when_a_run_hears_it() -> None:
    said = {"text": "Look, Popeye!", "start": samples(7), "end": samples(8), "speaker": "Boy"}
    put_in = Correction(7, "add", "anna", (), said)
    laid = layer([line("look popeye", 7, 7.5)], [later(put_in)])
    assert laid.lines[0].text == "Look, Popeye!"
    assert labels(laid, "m0") == ["HUMAN", "HUMAN"]
    assert (laid.lines[0].speaker, laid.lines[0].speaker_by) == ("Boy", "anna")


def test_a_new_run_that_says_something_else_is_a_conflict_and_stands_as_it_is() -> None:
    first = on(layer(MACHINE, []), "m0", "text", text="The cat is not impressed.")
    laid = layer(shifted("The hat is now in press"), [later(first)])
    assert laid.lines[1].text == "The hat is now in press"
    assert [(each.key, each.correction.by) for each in laid.conflicts] == [("m1", "anna")]


def test_nobody_speaks_there_holds_whatever_a_later_run_invents() -> None:
    gone = on(layer(MACHINE, []), "m1", "no_speech")
    new = [MACHINE[0], line("Please subscribe", 5.2, 6.1), MACHINE[2]]
    laid = layer(new, [later(gone)])
    assert [each.text for each in laid.shown] == [MACHINE[0].text, MACHINE[2].text]
    assert layer([MACHINE[0], MACHINE[2]], [later(gone)]).conflicts == []


def test_a_speaker_stays_where_the_line_is_though_its_words_changed() -> None:
    named = on(layer(MACHINE, []), "m0", "speaker", speaker="Announcer")
    laid = layer(shifted("The hat is now in press"), [later(named)])
    assert (laid.lines[1].speaker, laid.lines[1].speaker_by) == ("Announcer", "anna")


def test_who_types_or_merges_words_does_not_answer_for_a_machine_s_speaker() -> None:
    words = tuple(replace(each, speaker="Boris") for each in MACHINE[0].words)
    heard = [replace(MACHINE[0], words=words, speaker="Anna"), *MACHINE[1:]]
    typed = on(layer(heard, []), "m0", "text", text="The cat is not impressed.")
    line = layer(heard, [typed]).lines[0]
    assert line.as_line().speaker == "Anna (machine)" and not line.speaker_answered
    assert [each.speaker for each in line.as_line().words] == ["Boris (machine)"] * 4 + [None]
    told = {0: "Anna", 1: "Anna"}
    first = on(layer(MACHINE, [], told=told), "m0", "speaker", speaker="Anna")
    both = layer(MACHINE, [first], told=told)
    assert both.lines[0].as_line().speaker == "Anna"
    targets = tuple(Target(each.key, each.start, each.end, each.text) for each in both.lines[:2])
    merged = layer(MACHINE, [first, Correction(2, "merge", "anna", targets)], told=told).lines[0]
    assert merged.as_line().speaker == "Anna (machine)"
    named = on(layer(heard, []), "m0", "speaker", speaker="Carla")
    whole = layer(heard, [named]).lines[0].as_line()
    assert whole.speaker == "Carla" and {each.speaker for each in whole.words} == {None}


def test_a_speaker_in_a_file_of_a_person_is_theirs_and_one_told_beside_it_is_not() -> None:
    written = [replace(MACHINE[0], speaker="Anna"), *MACHINE[1:]]
    laid = layer(written, [], typed_by="Library of Congress", told={0: "Boris", 1: "Boris"})
    assert [each.as_line().speaker for each in laid.lines] == ["Anna", "Boris (machine)", None]
    assert [each.answered for each in laid.lines] == [True, False, True]


def test_an_imported_line_of_a_person_is_human_from_the_start() -> None:
    laid = layer(MACHINE, [], typed_by="Library of Congress")
    assert {(each.label, each.by) for each in laid.lines[0].words} == {
        (Label.HUMAN, "Library of Congress")
    }


def test_thousands_of_corrections_take_a_time_that_grows_with_their_number() -> None:
    took = []
    for count in (500, 4000):
        lines = [line("four words are here", 2 * n, 2 * n + 1.5) for n in range(count)]
        seen = [Target(f"m{n}", each.start, each.end, each.text) for n, each in enumerate(lines)]
        checks = [later(Correction(n, "confirm", "anna", (one,))) for n, one in enumerate(seen)]
        laid, seconds = None, []
        for _ in range(3):  # the quickest of three: a busy machine takes longer now and then
            began = time.process_time()
            laid = layer(lines, checks)
            seconds.append(time.process_time() - began)
        took.append(min(seconds))
        assert laid is not None
        assert laid.conflicts == [] and labels(laid, f"m{count - 1}") == ["CONFIRMED"] * 4
    assert took[1] < 24 * took[0]  # eight times as many; it was some 64 times as long
