"""An element and a reel have names of their own: the number on the can, the one elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from lxml import etree

from archive import description, exchange
from archive.describing import Describing
from archive.importing import import_file, take_back
from archive.metadata.pbcore_rules import check_structure
from archive.models import Event, Reel
from review.models import SearchLine
from tests import factories
from tests.api.asking import Program, program
from tests.archive.descriptions import sent

pytestmark = pytest.mark.django_db

ELEMENT = [{"source": "accession number", "value": "1952/77"}]
REEL = [
    {"source": "can number", "value": "B 114"},
    {"source": "number in another archive", "value": "NFI 9-2"},
]
TYPED = {
    "element_identifiers-0-source": "Accession Number",
    "element_identifiers-0-value": "1952/77",
    "reel_identifiers-0-source": "can",
    "reel_identifiers-0-value": "B 114",
    "reel_identifiers-TOTAL_FORMS": "2",
    "reel_identifiers-1-source": "number in another archive",
    "reel_identifiers-1-value": "NFI 9-2",
}


def called(reel: Reel) -> tuple[Any, Any]:
    said = description.describe(Reel.objects.get(pk=reel.pk))
    return said["element"]["identifiers"], said["reel"]["identifiers"]


@pytest.fixture
def reel(archivist: Any) -> Reel:
    made = factories.make_scan(reel=factories.make_reel(access="research")).reel
    typed = Describing(made, sent(made, **TYPED))
    assert typed.is_valid(), typed.faults()
    typed.save(by=archivist)
    return Reel.objects.get(pk=made.pk)


def test_they_are_typed_in_the_words_of_the_vocabulary_and_kept_in_the_history(reel: Reel) -> None:
    assert called(reel) == (ELEMENT, REEL)
    of_reel = Event.objects.get(subject=f"reel:{reel.pk}", kind="metadata modification")
    assert (of_reel.reel, of_reel.detail["changes"]["identifiers"]) == (reel, [[], REEL])
    of_element = Event.objects.get(subject=f"element:{reel.element_id}")
    assert of_element.detail["changes"] == {"identifiers": [[], ELEMENT]}
    told = dict(description.describe_all([reel.pk]))
    assert told[reel] == description.describe(reel), "many at once are told as one is"


def test_a_word_that_no_vocabulary_has_and_the_same_twice_are_refused(reel: Reel) -> None:
    wrong = Describing(reel, sent(reel, **{
        "element_identifiers-1-source": "acession number",
        "element_identifiers-1-value": "3", "element_identifiers-TOTAL_FORMS": "2",
        "reel_identifiers-2-source": "can number", "reel_identifiers-2-value": "B 114",
        "reel_identifiers-TOTAL_FORMS": "3",
    }))  # fmt: skip
    assert not wrong.is_valid()
    told = {each.label: each.words for each in wrong.faults()}
    assert "Did you mean" in told["Identifiers of the element, 2: Source"]
    assert "duplicate" in str(wrong.rows["reel_identifiers"].non_form_errors())


def test_the_page_shows_them_to_whoever_sees_the_reel_and_they_are_found(
    reel: Reel, researcher: Any, client: Client
) -> None:
    client.force_login(researcher)
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    for words in ("Accession number", "1952/77", "Can number", "B 114", "NFI 9-2"):
        assert words in page, words
    line = SearchLine.objects.get(reel=reel, kind="catalogue")
    assert "can number B 114" in line.text and "accession number 1952/77" in line.text


def test_pbcore_and_dublin_core_bring_them_back_to_where_they_belong(reel: Reel) -> None:
    for form in ("pbcore", "dc"):
        written = exchange.OUT[form](reel)
        other = factories.make_reel(element=factories.make_element(title=factories.make_title("?")))
        exchange.take_in(other, exchange.read(written), by=None, source="a file")
        assert called(other) == (ELEMENT, REEL), form
        assert description.describe(other)["title"]["identifiers"] == []
    assert check_structure(etree.fromstring(exchange.OUT["pbcore"](reel))) == []
    premis = etree.fromstring(exchange.OUT["premis"](reel))
    names = premis.xpath("//*[local-name()='object'][1]//*[local-name()='objectIdentifierValue']")
    assert [each.text for each in names][1:] == ["1952/77", "B 114", "NFI 9-2"]


def test_a_carrier_of_another_archives_pbcore_is_an_element(reel: Reel) -> None:
    written = exchange.OUT["pbcore"](reel).replace(b'annotation="Reelproof reel"', b"")
    other = factories.make_reel(element=factories.make_element(title=factories.make_title("?")))
    exchange.take_in(other, exchange.read(written), by=None, source="a file")
    assert called(other) == (ELEMENT + REEL, [])


def test_a_table_adds_them_and_taking_it_back_takes_them_away(reel: Reel, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text(
        "reel,title,element identifiers,reel identifiers\n"
        f"{reel.pk},,,can number: B 114; laboratory number: 7\n"
        ",Night,accession number: 1953/1,can number: C 1\n"
        ",Day,,box number: 3\n"
    )
    tried = import_file(path, by=None, dry_run=True)
    assert [each.outcome for each in tried.rows] == ["changed", "new", "refused"]
    assert "box number" in tried.rows[2].reasons[0] and called(reel) == (ELEMENT, REEL)
    made = import_file(path, by=None)
    assert called(reel)[1] == [*REEL, {"source": "laboratory number", "value": "7"}]
    night = Reel.objects.get(element__title__name="Night")
    assert called(night) == (
        [{"source": "accession number", "value": "1953/1"}],
        [{"source": "can number", "value": "C 1"}],
    )
    assert SearchLine.objects.filter(reel=night, text__contains="can number C 1").exists()
    again = import_file(path, by=None)
    assert [each.outcome for each in again.rows] == ["unchanged", "unchanged", "refused"]
    take_back(made.number, by=None)
    assert called(reel) == (ELEMENT, REEL)
    assert not Reel.objects.filter(element__title__name="Night").exists()


def test_a_program_reads_changes_and_finds_them(reel: Reel) -> None:
    asked = program("archivist")
    path = f"reels/{reel.pk}"
    shown = asked.get(path)
    assert shown.json()["identifiers"] == REEL
    assert asked.get(f"elements/{reel.element_id}").json()["identifiers"] == ELEMENT
    said = {"identifiers": [{"source": "can number", "value": "B 115"}]}
    changed = asked.patch(path, said, If_Match=shown.headers["ETag"])
    assert changed.status_code == 200 and changed.json()["identifiers"] == said["identifiers"]
    said = {"identifiers": [{"source": "box", "value": "1"}]}
    wrong = asked.patch(path, said, If_Match=changed.headers["ETag"])
    assert wrong.status_code == 400 and "box" in wrong.content.decode()
    assert len(asked.get("reels?identifier=B 115").json()["results"]) == 1
    assert asked.get("reels?identifier=B 11").json()["results"] == []
    assert len(asked.get("elements?identifier=1952/77").json()["results"]) == 1
    assert asked.get("titles?identifier=1952/77").json()["results"] == []


def test_who_may_not_see_the_reel_learns_nothing_by_its_name(reel: Reel) -> None:
    researcher = Program(factories.make_user("researcher"))
    paths = ("reels?identifier=B 114", "elements?identifier=1952/77")
    assert [len(researcher.get(each).json()["results"]) for each in paths] == [1, 1]
    Reel.objects.filter(pk=reel.pk).update(access="staff")
    assert [len(researcher.get(each).json()["results"]) for each in paths] == [0, 0]
