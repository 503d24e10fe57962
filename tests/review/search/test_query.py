"""Whatever is typed is read as a search, and what was read otherwise is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.search.lexemes import tsquery
from review.search.matching import spans
from review.search.query import Both, Either, Near, Phrase, Query, Word, in_brackets, parse, retyped


def test_signs_are_read_as_the_page_explains_them() -> None:
    assert parse("steamer").node == Word("steamer")
    assert parse('"Last farewell"').node == Phrase(("last", "farewell"))
    assert parse("well-known").node == Phrase(("well", "known"))
    assert parse("train OR tram").node == Either((Word("train"), Word("tram")))
    assert parse("hat NEAR/3 coat").node == Near(Word("hat"), Word("coat"), 3)
    assert parse("sing*").node == Word("sing", prefix=True)
    assert parse("harbour -pilot").node == Both((Word("harbour"),), (Word("pilot"),))
    assert parse("(a OR b) c").node == Both((Either((Word("a"), Word("b"))), Word("c")))


def fields(typed: str) -> dict[str, tuple[object, ...]]:
    """Values by name; those that are taken away by the name with a minus."""
    return {"-" * f.taken + f.name: f.values for f in parse(typed).filters.fields}


def test_fields_say_where_to_look() -> None:
    typed = (
        'x speaker:"Anna Lee" reel:12 title:harbour year:1910..1925'
        " language:EN checked:yes kind:note"
    )
    assert fields(typed) == {
        "speaker": ("Anna Lee",), "reel": (12,), "title": ("harbour",), "year": ((1910, 1925),),
        "language": ("en",), "checked": (True,), "kind": ("note",),
    }  # fmt: skip
    assert fields("year:1912") == {"year": ((1912, 1912),)}
    assert fields("year:1912..") == {"year": ((1912, 9999),)}


def test_values_of_one_field_joined_by_or_mean_either() -> None:
    assert fields("speaker:a OR speaker:b") == {"speaker": ("a", "b")}
    assert fields("(reel:1 OR reel:2 OR reel:3) kind:note") == {
        "reel": (1, 2, 3),
        "kind": ("note",),
    }
    asked = parse("hat (speaker:a OR speaker:b)")
    assert asked.node == Word("hat") and asked.remarks == ()
    assert parse(in_brackets("a OR b") + " kind:note").remarks == ()
    assert in_brackets("a b (c OR d)") == "a b (c OR d)"


def test_a_minus_before_a_field_takes_away_what_it_means() -> None:
    asked = parse("hat -speaker:anna -(kind:note OR kind:catalogue)")
    assert asked.node == Word("hat") and asked.remarks == ()
    assert [(f.name, f.values, f.taken) for f in asked.filters.fields] == [
        ("speaker", ("anna",), True), ("kind", ("note",), True), ("kind", ("catalogue",), True),
    ]  # fmt: skip
    assert fields("kind:note NOT checked:yes") == {"kind": ("note",), "-checked": (True,)}


@pytest.mark.parametrize(
    ("typed", "remark"),
    [
        ('a "b c', "quotation mark"),
        ("(a b", "Brackets"),
        ("a OR", "at an end"),
        ("-a", "also what to find"),
        ("year:soon a", "says nothing here"),
        ("a NEAR/90 b", "from 1 to 7"),
        ('"a b" NEAR c', "single words"),
        ("one two " * 30, "first 40 words"),
        ('"a b c d e f g h i"', "first 8 words"),
        ("-speaker:anna", "also what to find"),
        ("a OR speaker:b", "OR joins words, or values of one field"),
        ("speaker:a OR reel:3", "OR joins words, or values of one field"),
        ("a -(b speaker:c)", "taken away by itself"),
        ("kind:note kind:sound", "Write OR between them"),
        ("a speaker:", "speaker: has nothing after it"),
        ("reel: (a b)", "reel: has nothing after it"),
        ("director:anna", "director: is no field, so its words are sought"),
        ("a speaker:b OR speaker:c", "narrows the whole search"),
        ('"la* farewell"', "at the end of a word or phrase"),
        ("(" * 200 + "a" + ")" * 200, "too deep"),
    ],
)
def test_what_is_read_otherwise_than_typed_is_said(typed: str, remark: str) -> None:
    assert remark in " ".join(parse(typed).remarks)


def test_a_field_goes_with_the_word_after_a_space() -> None:
    assert fields('Speaker: anna title: "harbour day" year: 1912 kind: checked:yes') == {
        "speaker": ("anna",), "title": ("harbour day",), "year": ((1912, 1912),),
        "checked": (True,),
    }  # fmt: skip
    assert parse("a speaker: OR b").node == Either((Word("a"), Word("b")))
    assert parse('"the speaker: anna" x') == parse('"the speaker anna" x')


def test_a_colon_in_a_text_makes_no_field() -> None:
    for typed in ("http://example.org", "12:30", "he said: no", '"director:anna"'):
        assert parse(typed).remarks == ()


def test_too_many_words_leave_what_the_first_mean() -> None:
    many = " OR ".join(f"w{number}" for number in range(60))
    node = parse(many).node
    assert isinstance(node, Either) and len(node.parts) == 40
    assert parse("kind:note " + " ".join(f"-w{number}" for number in range(60))).node is not None
    taken = parse("a -b " + "c " * 60).node
    assert isinstance(taken, Both) and taken.parts[0] == Word("a")
    assert fields("a -reel:3") == {"-reel": (3,)}


def test_near_one_after_the_other_keeps_every_pair() -> None:
    pair = (Near(Word("a"), Word("b"), 5), Near(Word("b"), Word("c"), 2))
    assert parse("a NEAR b NEAR/2 c").node == Both(pair)


@settings(deadline=None)  # the first example loads what stems words
@given(
    st.text(st.sampled_from("ab \"()-*:/'\\&|!<>OR NEAR/5 speaker:x reel:1\x00ü東"), max_size=120)
)
def test_nothing_that_is_typed_is_an_error(typed: str) -> None:
    query = parse(typed)
    asked = tsquery(query.node, filters=query.filters, languages=["en", ""])
    assert "\x00" not in asked and "\\" not in asked


def test_and_and_not_are_signs_but_words_of_a_phrase() -> None:
    assert parse("love AND hate") == parse("love hate")
    assert parse("love NOT hate") == parse("love -hate")
    assert parse('NOT "hate him" love') == parse('love -"hate him"')
    assert parse('"LOVE AND HATE"').node == Phrase(("love", "and", "hate"))
    assert parse('"DO NOT GO" x') == parse('"do not go" x')
    assert parse("not and or") == Query(parse("not and or").node)
    assert parse("a NOT").node == parse("a not").node


def test_a_star_ends_a_word_or_a_phrase() -> None:
    assert parse('"last fare*"').node == parse("last-fare*").node == Phrase(("last", "fare"), True)
    assert parse('"sing*"').node == Word("sing", exact=True, prefix=True)
    assert parse("東京*").node == Phrase(("東", "京"), True)
    assert not any(parse(each).remarks for each in ('"last fare*"', "last-fare*", "sing*"))
    found = spans(parse('"last fare*"').node, "The last farewell, the last fair.", language="en")
    assert [(span.start, span.end) for span in found] == [(4, 17)]


def test_what_was_meant_is_typed_in_place_of_what_is_misspelt() -> None:
    asked = 'Farwell -"farwell to" title:"a farwell" title:farwell'
    assert retyped(asked, {}) == asked
    one = retyped(asked, {"farwell": ("farewell",)})
    assert one == 'farewell -"farewell to" title:"a farwell" title:farwell'
    assert (
        retyped("reel:2 Hät", {"hat": ("hot", "hit"), "reel": ("real",)}) == "reel:2 (hot OR hit)"
    )
