"""A reel is described on one page: what is typed is checked, saved whole, and its history kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from archive import custody
from archive.describing import Describing
from archive.models import Event, Reel, Term, Title
from tests import factories
from tests.archive.descriptions import sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def reel() -> Reel:
    return factories.make_scan(reel=factories.make_reel(access="research")).reel


@pytest.fixture
def desk(client: Client, archivist: Any, settings: Any) -> Client:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(archivist)
    return client


def save(desk: Client, reel: Reel, **typed: Any) -> Any:
    return desk.post(reverse("describe", args=[reel.pk]), sent(reel, **typed))


def errors(response: Any) -> dict[str, list[str]]:
    typed: Describing = response.context["typed"]
    forms = [typed.title, typed.element, typed.own, typed.scan]
    forms += [form for rows in typed.rows.values() for form in rows.forms]
    return {
        f"{form.prefix}-{name}": list(what) for form in forms for name, what in form.errors.items()
    }


def test_everything_that_archivists_note_is_kept_and_shown(desk: Client, reel: Reel) -> None:
    answer = save(
        desk, reel,
        **{
            "title-year": "1926~", "title-country": "Norway; Sweden", "title-language": "nor; swe",
            "element-gauge": "35MM", "element-base": "nitrate", "element-colour": "tinted",
            "element-running_speed": "16 - 18", "element-aspect": "1.33", "element-sound": "silent",
            "element-generation": "release print", "element-edge_code": "▲■",
            "reel-footage": "305 M", "reel-location": "Vault 3, shelf 12",
            "scan-scanned": "2024-05",
            "variants-0-name": "Havnedag", "variants-0-kind": "ORIGINAL TITLE",
            "credits-0-role": "Director", "credits-0-name": "Anna Moe",
            "identifiers-0-source": "EIDR", "identifiers-0-value": "10.5240/1",
            "relations-0-kind": "print of", "relations-0-to": "the negative in Oslo",
            "rights-0-statement": "https://rightsstatements.org/page/NKC/1.0/",
            "rights-0-term": "1926/1996",
            "restrictions-0-use": "broadcast", "restrictions-0-territory": "Norway",
        },
    )  # fmt: skip

    assert answer.status_code == 302, errors(answer)
    page = desk.get(reverse("reel", args=[reel.pk])).content.decode()
    for words in (
        *("about 1926", "Norway; Sweden", "Norwegian; Swedish", "35 mm", "cellulose nitrate"),
        *("16-18 frames a second", "▲■", "305 m", "Vault 3", "Havnedag", "Anna Moe"),
        *("10.5240/1", "the negative in Oslo", "No known copyright", "not allowed", "2024-05"),
    ):
        assert words in page, words


def test_a_researcher_does_not_see_where_a_can_stands(
    client: Client, desk: Client, reel: Reel, researcher: Any
) -> None:
    save(desk, reel, **{"reel-location": "Vault 3", "reel-barcode": "B-77"})
    client.force_login(researcher)

    page = client.get(reverse("reel", args=[reel.pk])).content.decode()

    assert "Vault 3" not in page and "B-77" not in page and "Describe" not in page


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("title-name", "", "required"),
        ("title-year", "ca. 1926", "EDTF"),
        ("title-language", "nor; Norwegan", "Did you mean Norwegian"),
        ("element-gauge", "36 mm", "Did you mean"),
        ("element-running_speed", "fast", "16-20"),
        ("reel-footage", "305", "with its unit"),
        ("element-stock", "Agfa\x07", "U+0007"),
        ("scan-scanned", "yesterday", "EDTF"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_saved(
    desk: Client, reel: Reel, field: str, typed: str, said: str
) -> None:
    answer = save(desk, reel, **{"title-notes": "new", field: typed})

    assert said in errors(answer)[field][0]
    assert Title.objects.get(pk=reel.title.pk).notes == ""
    assert not Event.objects.filter(kind="metadata modification").exists()
    assert "Nothing was saved yet" in answer.content.decode()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"rights-0-statement": "http://rightsstatements.org/vocab/Mine/1.0/"}, "InC"),
        ({"rights-0-statement": "javascript:alert(1)"}, "address"),
        ({"relations-0-kind": "print of", "relations-0-to": "element 987654"}, "no element"),
        ({"credits-0-role": "director"}, "required"),
    ],
)
def test_rows_are_checked_too(desk: Client, reel: Reel, row: dict[str, str], said: str) -> None:
    assert any(said in each for words in errors(save(desk, reel, **row)).values() for each in words)


def test_an_old_word_that_no_vocabulary_has_may_stay(desk: Client, reel: Reel) -> None:
    Title.objects.filter(pk=reel.title.pk).update(year="twenties")

    assert save(desk, reel, **{"title-year": "twenties", "title-notes": "x"}).status_code == 302
    assert Title.objects.get(pk=reel.title.pk).year == "twenties"


def test_each_change_is_an_event_with_before_and_after(
    desk: Client, reel: Reel, archivist: Any
) -> None:
    save(desk, reel, **{"title-country": "Norway", "reel-footage": "300 m"})
    save(desk, Reel.objects.get(pk=reel.pk), **{"title-country": "Sweden", "reel-footage": "300 m"})

    of_title = Event.objects.filter(subject=f"title:{reel.title.pk}").order_by("sequence")
    assert [each.detail["changes"]["country"] for each in of_title] == [
        ["", "Norway"], ["Norway", "Sweden"],
    ]  # fmt: skip
    assert {each.agent.user for each in of_title} == {archivist}
    own = Event.objects.get(subject=f"reel:{reel.pk}", kind="metadata modification")
    assert own.detail["changes"] == {"footage": ["", "300 m"]}
    assert custody.verify_chain("archive") == custody.verify_chain(f"reel:{reel.pk}") == []
    page = desk.get(reverse("description-history", args=[reel.pk])).content.decode()
    assert "Norway" in page and "Sweden" in page and archivist.username in page
    assert "300 m" in page and 'href="?field=title.country"' in page
    address = reverse("description-history", args=[reel.pk])
    page = desk.get(f"{address}?field=title.country").content.decode()
    assert "Sweden" in page and "300 m" not in page, "one field's own history"
    assert "Nothing was changed" in desk.get(f"{address}?field=title.year").content.decode()


def test_saving_without_a_change_writes_no_event(desk: Client, reel: Reel) -> None:
    answer = save(desk, reel)
    assert answer.status_code == 302, (errors(answer), answer.context["typed"].errors())
    assert not Event.objects.filter(kind="metadata modification").exists()


def test_nobody_overwrites_what_another_saved_in_between(desk: Client, reel: Reel) -> None:
    mine = sent(reel, **{"title-notes": "mine"})
    save(desk, reel, **{"title-notes": "theirs"})

    answer = desk.post(reverse("describe", args=[reel.pk]), mine)

    assert "Somebody else changed this description" in answer.content.decode()
    assert Title.objects.get(pk=reel.title.pk).notes == "theirs"


def test_two_reels_of_an_element_cannot_have_one_number(desk: Client, reel: Reel) -> None:
    factories.make_reel(element=reel.element, number=2)
    assert "already" in errors(save(desk, reel, **{"reel-number": "2"}))["reel-number"][0]


def test_the_description_is_found_by_the_search(desk: Client, reel: Reel, researcher: Any) -> None:
    save(desk, reel, **{"credits-0-role": "camera", "credits-0-name": "Željko Ørsted"})
    desk.force_login(researcher)

    page = desk.get(reverse("search"), {"q": "zeljko kind:catalogue"}).content.decode()

    assert reverse("reel", args=[reel.pk]) in page or "Željko" in page


def test_an_examination_stands_in_custody_with_its_faults(desk: Client, reel: Reel) -> None:
    address = reverse("condition", args=[reel.pk])
    typed = {
        "condition-on": "2026-11-02", "condition-examined_by": "Anna", "condition-shrinkage": "0.8",
        "condition-acidity": "1.5", "faults-TOTAL_FORMS": "2", "faults-INITIAL_FORMS": "0",
        "faults-0-kind": "scratches", "faults-0-grade": "3", "faults-0-where": "head",
    }  # fmt: skip
    assert desk.post(address, typed).status_code == 302

    event = Event.objects.get(kind="condition assessment")
    assert event.detail["faults"] == [{"kind": "scratches", "grade": 3, "where": "head"}]
    page = desk.get(reverse("reel", args=[reel.pk])).content.decode()
    assert "severe" in page and "shrinkage 0.80 %" in page
    refused = desk.post(address, typed | {"condition-acidity": "4", "faults-0-kind": "gnomes"})
    assert "less than or equal to 3" in refused.content.decode()
    assert "gnomes" in refused.content.decode()
    assert reel.conditions.count() == 1


def test_countries_are_proposed_and_others_stand_as_they_were_typed(
    desk: Client, reel: Reel
) -> None:
    save(desk, reel, **{"title-country": "NORWAY; csk; Sápmi"})
    assert Reel.objects.get().title.country == "Norway; Czechoslovakia; Sápmi"
    page = desk.get(reverse("describe", args=[reel.pk])).content.decode()
    assert 'list="terms-country"' in page and '<option value="Soviet Union">' in page


def test_an_archive_adds_words_of_its_own(desk: Client, reel: Reel, tmp_path: Path) -> None:
    own = tmp_path / "terms.toml"
    own.write_text('[gauge]\n"35mm-4perf" = "35 mm, 4 perforations"\n')
    call_command("load_terms", own)

    assert save(desk, reel, **{"element-gauge": "35mm-4perf"}).status_code == 302
    reel.element.refresh_from_db()
    assert reel.element.gauge == "35 mm, 4 perforations"
    Term.objects.filter(code="35mm-4perf").update(retired=True)
    assert save(desk, Reel.objects.get(pk=reel.pk), **{"title-notes": "x"}).status_code == 302


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[smell]\n"a" = "vinegar"\n', "no vocabulary smell"),
        ("gauge = 3\n", "below a heading"),
        ('[gauge]\n"a" = "35 mm"\n', "label of another term"),
        ('[gauge]\n"a" = "x; y"\n', "without a semicolon"),
        ("[gauge", "cannot be read"),
    ],
)
def test_a_wrong_file_of_terms_is_refused_whole(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "terms.toml"
    path.write_text(text)
    before = Term.objects.count()

    with pytest.raises(CommandError, match=said):
        call_command("load_terms", path)
    assert Term.objects.count() == before


def test_what_is_typed_is_kept_until_it_is_saved_and_seen_by_nobody_else(
    desk: Client, reel: Reel, member: Any
) -> None:
    typed = sent(reel, **{"title-notes": "half a sent", "credits-0-name": "Anna"})
    address = reverse("describe", args=[reel.pk])
    told = desk.post(reverse("description-draft", args=[reel.pk]), typed).content.decode()
    assert "Kept as a draft" in told
    assert '<a href="#id_credits-0-role">Credits, 1: Role</a>' in told, "what is not right yet"
    wrong = sent(reel, **{"title-year": "about 1926", "title-notes": "half a sent"})
    told = desk.post(reverse("description-draft", args=[reel.pk]), wrong).content.decode()
    assert "#id_title-year" in told and "1926~" in told
    right = sent(reel, **{"title-year": "1926~"})
    told = desk.post(reverse("description-draft", args=[reel.pk]), right).content.decode()
    assert told.strip() == "Kept as a draft."
    desk.post(reverse("description-draft", args=[reel.pk]), typed)
    assert Reel.objects.get().title.notes == ""
    assert "Go on with it" in desk.get(address).content.decode()
    on = desk.get(f"{address}?draft").content.decode()
    assert "half a sent" in on and 'value="Anna"' in on

    other = Client()
    other.force_login(member("per", "archivist"))
    assert "half a sent" not in other.get(f"{address}?draft").content.decode()
    assert save(desk, reel, **{"title-notes": "a whole sentence"}).status_code == 302
    assert "Go on with it" not in desk.get(address).content.decode()

    desk.post(reverse("description-draft", args=[reel.pk]), typed | {"seen": "before"})
    answer = desk.post(reverse("description-draft", args=[reel.pk]), {"discard": "yes"})
    assert answer.status_code == 302 and not reel.drafts.exists()
    refused = desk.post(reverse("description-draft", args=[reel.pk]), {"x": "no form"})
    assert refused.status_code == 400


def test_an_examination_half_typed_is_kept_for_its_typist(
    desk: Client, reel: Reel, restorer: Any
) -> None:
    address = reverse("condition", args=[reel.pk])
    keep = reverse("examination-draft", args=[reel.pk])
    typed = {
        "condition-examined_by": "Ann", "condition-acidity": "7", "faults-TOTAL_FORMS": "1",
        "faults-INITIAL_FORMS": "0", "faults-0-kind": "scratches", "faults-0-where": "head",
        "faults-0-picture": "[object File]",
    }  # fmt: skip
    told = desk.post(keep, typed).content.decode()
    assert "Kept as a draft" in told and "Acidity" in told and "less than or equal to 3" in told
    assert "Go on with it" in desk.get(address).content.decode()
    on = desk.get(f"{address}?draft").content.decode()
    assert 'value="Ann"' in on and 'value="head"' in on and "Go on with it" not in on
    assert "[object File]" not in on, "a photograph is sent with the form alone"
    described = desk.get(reverse("describe", args=[reel.pk])).content.decode()
    assert "Go on with it" not in described, "a draft of its own"
    good = typed | {
        "condition-on": "2026-11-02", "condition-acidity": "2", "faults-0-grade": "1",
        "faults-0-picture": "",
    }  # fmt: skip
    assert desk.post(address, good).status_code == 302
    assert not reel.drafts.exists()
    desk.post(keep, typed)
    assert desk.post(keep, {"discard": "yes"}).status_code == 302 and not reel.drafts.exists()
    assert desk.post(keep, {"x": "no form"}).status_code == 400
