"""What was said is found to the line, once, by those who may see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from archive.management.commands.doctor import check_words
from archive.models import Collection, Reel
from restoration import together, transcripts
from review.models import Answer, Note, SearchLine
from review.search import concordance, finding, statement
from review.search.lines import lines_of
from review.search.query import parse
from tests import factories
from tests.review.search.said import keep, reel_that_says

pytestmark = pytest.mark.django_db


def found(asked: str, user: User) -> list[str]:
    return [line.text for line in finding.find(parse(asked), user=user).lines]


def test_forms_of_a_word_are_found_and_quotes_ask_for_the_word_as_written(reviewer: User) -> None:
    reel_that_says("We sailed at dawn.", "They sail.")
    assert found("sails", reviewer) == ["We sailed at dawn.", "They sail."]
    assert found('"sail"', reviewer) == ["They sail."]
    assert found("sai*", reviewer) == ["We sailed at dawn.", "They sail."]


def test_a_phrase_over_two_lines_is_found_once_where_it_begins(reviewer: User) -> None:
    reel_that_says("Take the last", "farewell of the year.", "The end.")
    assert found('"last farewell of"', reviewer) == ["Take the last"]
    assert found("last NEAR/3 of", reviewer) == ["Take the last"]
    assert found('"the year the end"', reviewer) == ["farewell of the year."]
    assert found('"last fare*"', reviewer) == ["Take the last"]
    assert found('"the farewell o*"', reviewer) == found('"last farx*"', reviewer) == []
    assert found("farewell", reviewer) == ["farewell of the year."]


def test_the_first_and_the_last_word_of_a_reel_are_found(reviewer: User) -> None:
    reel_that_says("Alpha begins it.", "Nothing here.", "It ends with omega.")
    assert found("alpha", reviewer) == ["Alpha begins it."]
    assert found('"with omega"', reviewer) == ["It ends with omega."]


def test_no_phrase_goes_from_one_reel_into_the_next(reviewer: User) -> None:
    reel_that_says("It ends with omega.")
    reel_that_says("Alpha begins it.")
    assert found('"omega alpha"', reviewer) == []


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Im Café sitzt Zoë.", "cafe zoe"),
        ("I don’t know O'Hara.", '"dont know ohara"'),
        ("A well-known man.", "well-known"),
        ("There were 1,000 of 3.5 kinds.", "1000 3.5"),
        ("שָׁלוֹם לכולם", "שלום"),
        ("مَرْحَبًا بكم", "مرحبا"),
        ("私は東京で映画を見た", "東京"),
        ("He said “it's & <b> 100% | done\\”!", '"its b 100 done"'),
    ],
)  # fmt: skip
def test_words_of_every_script_are_found(said: str, asked: str, reviewer: User) -> None:
    reel_that_says(said, "Something else.")
    assert found(asked, reviewer) == [said]


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        ("He was well-", "known in town.", "well-known"),
        ("私は東", "京で映画を見た", "東京"),
        ("אמרתי לו שָׁלוֹם", "לכולם כאן", '"שלום לכולם"'),
        ("قال مَرْحَبًا", "بكم", '"مرحبا بكم"'),
        ("Au café", "d’Aÿ en 1,912.", '"cafe day en 1912"'),
    ],
)
def test_words_of_every_script_are_found_across_two_lines(
    first: str, second: str, asked: str, reviewer: User
) -> None:
    reel_that_says(first, second)
    assert found(asked, reviewer) == [first]


def test_signs_narrow_and_widen(reviewer: User) -> None:
    reel_that_says("The train is late.", "The tram is late.", "The tram is full.")
    assert found("train OR tram", reviewer) == [
        "The train is late.", "The tram is late.", "The tram is full.",
    ]  # fmt: skip
    assert found("tram -late", reviewer) == ["The tram is full."]
    assert found("(train OR tram) -full late", reviewer)[0] == "The train is late."


def test_fields_say_where_and_who(reviewer: User) -> None:
    early = reel_that_says("Good morning.", speaker="Anna Lee", year="1912~", title="Café Day")
    late = reel_that_says("Good morning.", speaker="Bert", year="1931", language="de")
    assert [line.reel for line in _lines("morning speaker:lee", reviewer)] == [early]
    assert [line.reel for line in _lines("morning year:1910..1920", reviewer)] == [early]
    assert [line.reel for line in _lines('morning title:"cafe"', reviewer)] == [early]
    assert [line.reel for line in _lines(f"morning reel:{early.pk}", reviewer)] == [early]
    assert [line.language for line in _lines("morning language:de", reviewer)] == ["de"]
    assert [line.speaker for line in _lines('speaker:"Anna Lee"', reviewer)] == ["Anna Lee"]
    for either in ("speaker:lee OR speaker:bert", "title:cafe OR title:harbour",
                   "year:1912 OR year:1930..", "language:en OR language:de",
                   f"reel:{early.pk} OR reel:{late.pk}"):  # fmt: skip
        asked = f"morning ({either}) kind:dialogue"
        assert [line.reel for line in _lines(asked, reviewer)] == [early, late]
    for other in ("speaker:anna", "title:cafe", "year:1912", "language:en", f"reel:{early.pk}"):
        asked = f"morning kind:dialogue -{other}"
        assert [line.reel for line in _lines(asked, reviewer)] == [late]
        assert [line.reel for line in _lines(f"kind:dialogue -{other}", reviewer)] == [late]
    assert found("morning -checked:no", reviewer) == found("morning -kind:dialogue", reviewer) == []
    assert found("morning language:de language:en", reviewer) == []


def _lines(asked: str, user: User) -> list[finding.SearchLine]:
    return finding.find(parse(asked), user=user).lines


def test_a_correction_is_found_by_the_next_search(reviewer: User) -> None:
    reel = reel_that_says("The cat is not in pressed.", "So it is.")
    version = transcripts.current(reel.scans.get())
    assert version is not None
    assert [line.checked for line in _lines("cat", reviewer)] == [False]
    transcripts.correct(version, "text", ["m0"], {"text": "The cat is not impressed."}, by=reviewer)
    assert found("impressed", reviewer) == ["The cat is not impressed."]
    assert found('"in pressed"', reviewer) == []
    transcripts.correct(version, "confirm", ["m0"], {}, by=reviewer)
    assert found("cat checked:yes", reviewer) == ["The cat is not impressed."]
    transcripts.correct(version, "no_speech", ["m1"], {}, by=reviewer)
    assert found("so", reviewer) == []
    together.undo(version.scan, by=reviewer)
    assert found("so", reviewer) == ["So it is."]


def test_a_new_transcript_takes_the_place_of_the_last(reviewer: User) -> None:
    reel = reel_that_says("The old words.")
    keep(reel.scans.get(), "The new words.")
    assert found("words", reviewer) == ["The new words."]


def test_a_new_scan_takes_the_old_ones_words_out_until_it_is_transcribed(reviewer: User) -> None:
    reel = reel_that_says("The old scan.")
    scan = factories.make_scan(reel=reel, frames=99)
    assert found("old", reviewer) == []
    keep(scan, "The new scan.")
    assert found("scan", reviewer) == ["The new scan."]


def test_a_run_that_hears_nothing_takes_no_words_away(reviewer: User) -> None:
    reel = reel_that_says("It was said.")
    keep(reel.scans.get())
    assert found("said", reviewer) == ["It was said."]


def test_making_the_index_anew_mends_what_is_wrong_in_it(reviewer: User) -> None:
    reel = reel_that_says("It was said.")
    SearchLine.objects.filter(reel=reel, key="m0").update(vector="'other':1A")
    assert found("said", reviewer) == []
    call_command("reindex", str(reel.pk), verbosity=0)
    assert found("said", reviewer) == ["It was said."]


@pytest.mark.django_db(transaction=True, databases=("default", "owner"))
def test_the_whole_index_made_anew_is_settled_at_once(reviewer: User) -> None:
    reel = reel_that_says("It was said.")
    SearchLine.objects.filter(reel=reel, key="m0").update(vector="'other':1A")
    call_command("reindex", verbosity=0)
    assert found("said", reviewer) == ["It was said."]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(vacuum_count) FROM pg_stat_user_tables WHERE relname LIKE %s",
            ["review_searchline_part%"],
        )
        assert cursor.fetchone()[0] >= 4
        cursor.execute("SHOW gin_pending_list_limit")
        assert cursor.fetchone()[0] == "4MB"
        made = "SELECT indexdef FROM pg_indexes WHERE indexdef ~ 'USING gin'"
        made += " AND tablename ~ '^review_search(line|word)' ORDER BY 1"
        cursor.execute(made)
        before = cursor.fetchall()
        SearchLine.objects.all().delete()  # then the indexes are left out while lines are written
        call_command("reindex", verbosity=0)
        cursor.execute(made)
        assert cursor.fetchall() == before and len(before) == 6
        with connections["owner"].cursor() as owner:  # as a process leaves it that ended before
            owner.execute("DROP INDEX search_lines_vector")
        assert [told.state for told in check_words()] == ["ill"]
        call_command("reindex", verbosity=0)
        assert list(check_words()) == []
    assert found("said", reviewer) == ["It was said."]


def test_a_language_is_found_whatever_its_letters_and_region(reviewer: User) -> None:
    reel_that_says("Bom dia.", language="pt-BR")
    assert found("dia language:PT", reviewer) == ["Bom dia."]
    assert found("dia language:pt-br", reviewer) == ["Bom dia."]


@given(typed=st.text(st.sampled_from('ab "()-*:OR NEAR'), max_size=80))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_database_takes_whatever_is_typed(typed: str, reviewer: User) -> None:
    finding.find(parse(typed), user=reviewer)


def test_notes_and_the_catalogue_are_found_as_what_they_are(reviewer: User) -> None:
    reel = reel_that_says("Nothing much.")
    scan = reel.scans.get()
    note = Note.objects.create(
        scan=scan, start_frame=3, end_frame=5, text="Scratch over the pilot", by=reviewer
    )
    reel.title.notes = "Found in a lighthouse"
    reel.title.save()
    assert found("pilot kind:note", reviewer) == ["Scratch over the pilot"]
    assert [line.kind for line in _lines("lighthouse", reviewer)] == ["catalogue"]
    answer = Answer.objects.create(note=note, text="Dust, I think", by=reviewer)
    (hit,) = _lines("dust", reviewer)
    assert (hit.kind, hit.start_frame, hit.key) == ("note", 3, f"answer{answer.pk}")
    scene = factories.make_scene(scan=scan)
    (told,) = concordance.hits([hit], parse("dust"))
    assert told.address() == f"/scenes/{scene.pk}/#frame=3"
    assert found("pilot", factories.make_user("researcher")) == []
    note.delete()
    assert found("pilot OR dust", reviewer) == []


def test_what_is_misspelt_is_sought_as_what_it_may_mean(reviewer: User) -> None:
    reel_that_says("A last farewell.")
    answer = finding.find(parse("farwel"), user=reviewer)
    assert [line.text for line in answer.lines] == ["A last farewell."]
    assert answer.instead == {"farwel": ("farewell",)}
    assert (answer.count, answer.facets) == (1, {})
    (hit,) = concordance.hits(answer.lines, answer.query)
    assert hit.hit == "farewell"


def test_a_misspelt_word_beside_or_is_named_with_what_it_may_mean(reviewer: User) -> None:
    reel_that_says("A last farewell.", "Your hat, sir.")
    answer = finding.find(parse("farwel OR hat"), user=reviewer)
    assert [line.text for line in answer.lines] == ["Your hat, sir."]
    assert answer.near == {"farwel": ("farewell",)} and answer.instead == {}
    within = finding.find(parse('(hat OR "last farwel") sir -pilot'), user=reviewer)
    assert (within.count, within.near) == (1, {"farwel": ("farewell",)})
    assert finding.find(parse("hat OR sir -farwel"), user=reviewer).near == {}
    neither = finding.find(parse("farwel OR hatt"), user=reviewer)
    assert (neither.count, neither.near) == (2, {}), "where nothing is found, it is sought"


def test_another_spelling_beside_or_is_no_misspelling(reviewer: User) -> None:
    reel_that_says("In full colour.", "The colon is a sign.")
    answer = finding.find(parse("colour OR color"), user=reviewer)
    assert [line.text for line in answer.lines] == ["In full colour."]
    assert answer.near == {} and answer.facets["kind"] == [("dialogue", 1)]


ASKED = ("secret", "secrte", '"secret word"', "speaker:hidden", "kind:catalogue", "secret OR open")


@pytest.mark.parametrize("role", ["archivist", "restorer", "reviewer", "researcher", "operator"])
@pytest.mark.parametrize("asked", ASKED)
def test_restricted_reels_are_nowhere_for_those_who_may_not_see_them(role: str, asked: str) -> None:
    user = factories.make_user(role)
    hidden = reel_that_says("The secret word.", speaker="Hidden", title="Secret Film", year="1931")
    reel_that_says("An open word.", access=Reel.Access.RESEARCH, year="1912")
    Note.objects.create(scan=hidden.scans.get(), start_frame=0, end_frame=1, text="secret", by=user)
    answer = finding.find(parse(asked), user=user)
    batches = [line for batch in finding.find_all(parse(asked), user=user)[1] for line in batch]
    sees = role in ("archivist", "restorer", "reviewer")
    reels, count = finding.by_reel(answer.query, user=user)
    told = (
        repr((answer.facets, answer.instead, answer.near)).lower()
        + repr(answer.lines + batches).lower()
    )
    told += repr([each.lines for each in reels]).lower()
    assert count == len(reels) and any(each.reel == hidden.pk for each in reels) == any(
        line.reel == hidden for line in answer.lines
    )
    assert any(line.reel == hidden for line in answer.lines) == sees
    assert any(line.reel == hidden for line in batches) == sees
    if not sees:
        assert "secret" not in told.replace(asked, "") and "hidden" not in told
        assert all(reel != hidden.pk for reel, _ in answer.facets["reel"])
        assert [year for year, _ in answer.facets["year"]] in ([], ["1912"])
        assert answer.count == len(answer.lines)


def test_counts_and_facets_are_of_all_hits_not_of_the_page(
    reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel_that_says(*["The same word."] * 12, speaker="Anna")
    reel_that_says(*["The same word."] * 9, speaker="Bert")
    answer = finding.find(parse("word"), user=reviewer, size=5)
    assert (len(answer.lines), answer.count, answer.said_count) == (5, 21, "21")
    assert answer.facets["speaker"] == [("Anna", 12), ("Bert", 9)]
    monkeypatch.setattr(finding, "MOST", 10)
    capped = finding.find(parse("word"), user=reviewer)
    assert (capped.count, capped.is_capped, capped.said_count) == (10, True, "10+")
    assert capped.said_looked_at == "11" == str(sum(n for _, n in capped.facets["speaker"]))


def test_the_years_of_many_reels_are_read_at_once(reviewer: User) -> None:
    for year in ("1912", "1913", "ca. 1913", "", "1913"):
        reel_that_says("Word.", year=year)
    asked = "EXPLAIN (ANALYZE, FORMAT JSON) " + statement.search("line.kind = 'dialogue'")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(asked, [10, *statement.page(20, 0)])
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    loops = [node["Actual Loops"] for node in _nodes(plan[0]["Plan"])
             if node.get("Relation Name") == "archive_catalogueline"]  # fmt: skip
    assert loops == [1], "not once for each reel"
    years = finding.find(parse("word"), user=reviewer).facets["year"]
    assert years == [("1912", 1), ("1913", 3), (None, 1)]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def test_pages_show_each_hit_once_in_the_order_of_reels_and_time(reviewer: User) -> None:
    for count in (3, 1, 5, 2):
        reel_that_says(*["Word."] * count, language=("en", "de")[count % 2])
    asked = parse("word")
    pages = [finding.find(asked, user=reviewer, size=4, page=at).lines for at in (1, 2, 3, 4)]
    shown = [line.pk for page in pages for line in page]
    _, batches = finding.find_all(asked, user=reviewer)
    assert [len(page) for page in pages] == [4, 4, 3, 0]
    assert shown == [line.pk for batch in batches for line in batch]
    assert finding.find(asked, user=reviewer).facets["language"] == [("de", 9), ("en", 2)]


def test_a_line_comes_with_what_is_said_beside_it_and_asks_nothing_more(
    reviewer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reel = reel_that_says("Word.", title="Harbour Day", year="1912")
    reel.title.collection = Collection.objects.create(name="Film Fund")
    reel.title.save()
    (line,) = finding.find(parse("word"), user=reviewer).lines
    (again,) = lines_of([line.pk])
    with django_assert_num_queries(0):
        for each in (line, again):
            assert (str(each.reel), each.reel.title.year) == (str(reel), "1912")
            assert each.reel.title.collection is not None
            assert each.reel.title.collection.name == "Film Fund"
            assert each.scan is not None and each.scan.rate == 16


def test_a_line_of_a_thousand_words_is_found_at_its_end(reviewer: User) -> None:
    reel_that_says(" ".join(["again"] * 999) + " finally", "Over.")
    assert found('"again finally over"', reviewer) != []
    assert len(found("again", reviewer)) == 4


def test_each_part_of_a_long_line_knows_how_it_goes_on(reviewer: User) -> None:
    reel_that_says(" ".join(f"w{number}" for number in range(600)), "…", "Over and out.")
    rows = SearchLine.objects.filter(kind="dialogue").order_by("number")
    nexts = [" ".join(f"w{at}" for at in range(first, first + 7)) for first in (250, 500)]
    assert [row.after for row in rows] == [*nexts, "… Over and out", "Over and out", ""]
    assert len(found('"w599 over and out"', reviewer)) == 1


def test_a_word_that_only_follows_is_not_the_lines_own(reviewer: User) -> None:
    reel_that_says("Take the last", "farewell of the year.")
    assert found("fare*", reviewer) == found("farewell -take", reviewer)
    assert found("last -farewell", reviewer) == ["Take the last"]
    assert found("last fare*", reviewer) == ["Take the last"]
