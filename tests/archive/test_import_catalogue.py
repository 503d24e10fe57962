"""A spreadsheet describes many reels: tried first, told row by row, and taken back if wrong."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from archive import custody, description
from archive.importing import import_file, take_back
from archive.metadata.record import NotARecord
from archive.models import Collection, DescriptionDraft, Event, Reel, Title
from review.models import SearchLine
from tests import factories

pytestmark = pytest.mark.django_db

HEADINGS = "title,date,gauge,credits,reel number,location\n"
GOOD = '"Harbour Day, the film",1926~,35 mm,director: Anna Moe; camera: Per Lie,1,Vault 3\n'


def write(tmp_path: Path, text: str, name: str = "reels.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def outcomes(path: Path, **options: Any) -> list[str]:
    return [each.outcome for each in import_file(path, by=None, **options).rows]


def test_good_rows_come_in_and_bad_ones_say_why(tmp_path: Path, archivist: Any) -> None:
    bad = "Night,ca. 1926,36 mm,gaffer: X,1,\n,1926,,,,\n"
    made = import_file(write(tmp_path, HEADINGS + GOOD + bad), by=archivist)

    assert [(each.row, each.outcome) for each in made.rows] == [
        (2, "new"), (3, "refused"), (4, "refused"),
    ]  # fmt: skip
    reasons = " ".join(made.rows[1].reasons)
    assert "EDTF" in reasons and "Did you mean" in reasons and "gaffer" in reasons
    said = description.describe(Reel.objects.get())
    assert said["title"]["name"] == "Harbour Day, the film"
    assert [each["name"] for each in said["title"]["credits"]] == ["Anna Moe", "Per Lie"]
    assert (said["element"]["gauge"], said["reel"]["location"]) == ("35 mm", "Vault 3")
    assert not Title.objects.filter(name="Night").exists(), "a refused row leaves no trace"
    event = Event.objects.get(kind="catalogue import")
    assert (event.agent.user, event.detail["file"]) == (archivist, "reels.csv")
    assert custody.verify_chain("archive") == []


def test_the_same_file_again_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = write(tmp_path, HEADINGS + GOOD + "Night,1930/1926,,,1,\n")
    assert outcomes(path) == ["new", "refused"]
    mended = write(tmp_path, HEADINGS + GOOD + "Night,1926/1930,,,1,\n")
    assert outcomes(mended) == ["unchanged", "new"]
    assert Reel.objects.count() == 2


def test_whoever_waits_is_told_how_far_it_is(tmp_path: Path) -> None:
    told: list[int] = []
    rows = "".join(f"Film {number},,,,1,\n" for number in range(501))
    import_file(write(tmp_path, HEADINGS + rows), by=None, dry_run=True, progress=told.append)
    assert told == [500, 501]


def test_a_trial_writes_nothing(tmp_path: Path) -> None:
    assert outcomes(write(tmp_path, HEADINGS + GOOD), dry_run=True) == ["new"]
    assert (Title.objects.count(), Event.objects.count()) == (0, 0)


def test_our_own_reel_is_changed_by_its_number_and_put_back(tmp_path: Path) -> None:
    reel = factories.make_scan().reel
    before = description.describe(reel)
    path = write(tmp_path, f"reel;country;credits\n{reel.pk};Norway;director: Anna\n99999;x;\n")
    made = import_file(path, by=None)
    assert [each.outcome for each in made.rows] == ["changed", "refused"]
    assert Title.objects.get().country == "Norway"

    assert take_back(made.number, by=None) == {"restored": 1, "removed": 0, "kept": 0}

    assert description.describe(Reel.objects.get(pk=reel.pk)) == before
    with pytest.raises(NotARecord, match="no import"):
        take_back(made.number, by=None)


def test_what_an_import_made_goes_unless_somebody_used_it_since(tmp_path: Path) -> None:
    made = import_file(write(tmp_path, HEADINGS + GOOD + "Night,1930,,,1,\n"), by=None)
    used = Reel.objects.get(element__title__name="Night")
    factories.make_scan(reel=used)

    assert take_back(made.number, by=None) == {"restored": 0, "removed": 1, "kept": 1}
    assert [each.element.title.name for each in Reel.objects.all()] == ["Night"]


def test_a_film_goes_whole_though_later_rows_of_the_import_changed_it(tmp_path: Path) -> None:
    rows = "Night,,,director: Anna,1,\nNight,,16 mm,camera: Per,2,Vault 2\n"
    made = import_file(write(tmp_path, HEADINGS + rows), by=None)
    assert Title.objects.get().credits.count() == 2

    assert take_back(made.number, by=None) == {"restored": 0, "removed": 2, "kept": 0}
    assert (Title.objects.count(), Reel.objects.count()) == (0, 0)
    assert custody.verify_chain("archive") == []


def test_a_film_is_put_back_into_its_collection_and_what_people_hung_on_it_is_kept(
    tmp_path: Path, archivist: Any
) -> None:
    kept_in = Collection.objects.create(name="Newsreels")
    reel = factories.make_reel()
    Title.objects.filter(pk=reel.title.pk).update(collection=kept_in)
    rows = f"reel,title,collection\n{reel.pk},,Amateurs\n,Night,Amateurs\n,Day,Amateurs\n"
    made = import_file(write(tmp_path, rows), by=None)
    night = Reel.objects.get(element__title__name="Night")
    DescriptionDraft.objects.create(reel=night, owner=archivist, fields={})

    assert take_back(made.number, by=None) == {"restored": 1, "removed": 1, "kept": 1}
    assert Title.objects.get(pk=reel.title.pk).collection == kept_in
    assert DescriptionDraft.objects.get().reel == night, "nobody's typing is thrown away"


def test_more_rows_cost_no_more_questions_to_take_back(tmp_path: Path) -> None:
    asked = []
    for count in (5, 50):
        reels = [factories.make_reel() for _ in range(count)]
        rows = "".join(f"{each.pk},Norway,director: Anna,Vault 9\n" for each in reels)
        new = "".join(f",Film {count} {number},,\n" for number in range(count))
        path = tmp_path / "reels.csv"
        path.write_text("reel,country,credits,location\n" + rows)
        changed = import_file(path, by=None)
        path.write_text("reel,title,country,location\n" + new)
        films = import_file(path, by=None)
        with CaptureQueriesContext(
            connection,
        ) as questions:
            assert take_back(changed.number, by=None)["restored"] == count
            assert take_back(films.number, by=None)["removed"] == count
        asked.append(len(questions))
    assert asked[1] <= asked[0] + 8, "events are written in hundreds"


def test_what_people_wrote_since_stands_whole(tmp_path: Path, archivist: Any) -> None:
    made = import_file(write(tmp_path, HEADINGS + GOOD), by=None)
    reel = Reel.objects.get()
    before = description.describe(reel)
    reel.element.title.notes = "a rainy day"
    reel.element.title.save()
    description.record_changes(Reel.objects.get(), before, by=archivist)
    said = description.describe(Reel.objects.get())

    assert take_back(made.number, by=None) == {"restored": 0, "removed": 0, "kept": 1}
    assert description.describe(Reel.objects.get()) == said


def test_a_title_that_stood_before_outlives_the_reel_that_an_import_gave_it(tmp_path: Path) -> None:
    title = Title.objects.create(name="Night", country="France")
    made = import_file(write(tmp_path, "title,country,reel number\nNight,Norway,1\n"), by=None)
    assert Title.objects.get().country == "Norway"

    assert take_back(made.number, by=None) == {"restored": 0, "removed": 1, "kept": 0}
    assert Title.objects.get() == title
    assert (Title.objects.get().country, Reel.objects.count()) == ("France", 0)


def test_formulas_stay_texts_and_dates_become_dates(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["title", "title notes", "reel number"])
    book.active.append(["Harbour", '=HYPERLINK("http://x","y")', 2.0])
    path = tmp_path / "reels.xlsx"
    book.save(path)

    assert outcomes(path) == ["new"]
    said = description.describe(Reel.objects.get())
    assert said["title"]["notes"] == '=HYPERLINK("http://x","y")'
    assert said["reel"]["number"] == 2


MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/"'
    ' manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def ods(path: Path, rows: str) -> Path:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0"'
        f' xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0" office:version="1.3">'
        "<office:body><office:spreadsheet>"
        f'<table:table table:name="Reels">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", content)
        packed.writestr("META-INF/manifest.xml", MANIFEST)
    return path


def cell(text: str, more: str = "") -> str:
    return (
        f'<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p>'
        "</table:table-cell>"
    )


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


def test_a_sheet_of_libreoffice_comes_in_with_the_values_it_shows(tmp_path: Path) -> None:
    number = (
        '<table:table-cell office:value-type="float" office:value="2" table:formula="of:=1+1">'
        "<text:p>2</text:p></table:table-cell>"
    )
    rest = row(
        '<table:table-cell table:number-columns-repeated="16384"/>',
        more=' table:number-rows-repeated="1048573"',
    )
    headings = row(cell("title"), cell("reel number"))
    path = ods(tmp_path / "reels.ods", headings + row(cell("Harbour"), number) + rest)
    assert outcomes(path) == ["new"]
    reel = Reel.objects.get()
    assert (reel.title.name, reel.number) == ("Harbour", 2)


@pytest.mark.parametrize(
    "bomb",
    [
        row(cell("x", ' table:number-columns-repeated="16384"'),
            more=' table:number-rows-repeated="1048576"'),
        row('<table:table-cell table:number-columns-repeated="16383"/>', cell("x"))
        + row(more=' table:number-rows-repeated="1048570"') + row(cell("x")),
        "<broken",
        row(cell("&undefined;")),
    ],
)  # fmt: skip
def test_a_sheet_that_would_fill_the_memory_is_refused(tmp_path: Path, bomb: str) -> None:
    with pytest.raises(NotARecord):
        import_file(ods(tmp_path / "reels.ods", bomb), by=None)


def test_ten_times_the_rows_cost_no_more_questions(tmp_path: Path) -> None:
    def asked(count: int) -> int:
        rows = "".join(
            f"Film {count} {n},192{n % 10},35 mm,camera: P {n},1,V\n" for n in range(count)
        )
        path = write(tmp_path, HEADINGS + rows)
        with CaptureQueriesContext(connection) as questions:
            assert set(outcomes(path)) == {"new"}
        return len(questions)

    asked(1)  # the vocabularies and the agent are read for good
    assert asked(40) <= asked(4) + 2
    found = SearchLine.objects.filter(kind="catalogue", text__contains="35 mm")
    assert found.count() == 45, "all can be found at once"
    assert custody.verify_chain("archive") == []


def test_rows_of_one_film_in_one_file_add_up(tmp_path: Path) -> None:
    rows = "Night,1926,,camera: Per,1,A\nNight,1927,,camera: Per; camera: Ivo,2,B\nNight,,,,2,C\n"
    made = import_file(write(tmp_path, HEADINGS + rows), by=None)
    assert [each.outcome for each in made.rows] == ["new", "new", "changed"]
    title = Title.objects.get()
    assert title.year == "1927"
    assert [each.name for each in title.credits.all()] == ["Per", "Ivo"]
    assert list(Reel.objects.values_list("number", "location")) == [(1, "A"), (2, "C")]


def test_what_the_database_refuses_of_one_row_leaves_the_others(tmp_path: Path) -> None:
    def refuse(reels: list[int], **_: Any) -> None:
        if Reel.objects.filter(pk__in=reels, location="taken").exists():
            raise IntegrityError("somebody else made this reel")

    description.described.connect(refuse)
    try:
        rows = "A,,,,1,x\nB,,,,1,taken\nC,,,,1,x\n"
        made = import_file(write(tmp_path, HEADINGS + rows), by=None)
    finally:
        description.described.disconnect(refuse)
    assert [each.outcome for each in made.rows] == ["new", "refused", "new"]
    assert "somebody else" in made.rows[1].reasons[0]
    assert sorted(Title.objects.values_list("name", flat=True)) == ["A", "C"]
    assert custody.verify_chain("archive") == []


def test_a_reel_does_not_take_the_number_of_another(tmp_path: Path) -> None:
    element = factories.make_reel().element
    other = factories.make_reel(element=element, number=2)
    path = write(tmp_path, f"reel,reel number\n{other.pk},1\n")
    made = import_file(path, by=None)
    assert made.rows[0].reasons == ["number: This element has a reel 1 already."]


def test_their_headings_are_mapped_to_ours(tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path, "Filmtittel\tEier\nHavnedag\tx\n")
    mapping = write(tmp_path, '[columns]\nFilmtittel = "title"\nEier = ""\n', "m.toml")
    mapping.write_text(mapping.read_text(encoding="utf-8-sig"))
    with pytest.raises(CommandError, match=r"Filmtittel.*Nothing was written"):
        call_command("import_catalogue", path)

    call_command("import_catalogue", path, "--mapping", mapping, "--json")

    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"new": 1, "changed": 0, "unchanged": 0, "refused": 0}
    call_command("import_catalogue", "--undo", told["import"])
    assert Title.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.xlsx", b"no zip", "cannot be read"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read"),
        ("a.ods", b"no zip", "cannot be read"),
        ("a.csv", b"", "no headings"),
        ("a.csv", b"title,title\nA,B\n", "twice"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(NotARecord, match=said):
        import_file(path, by=None)


def test_relations_come_in_once_and_are_taken_back(tmp_path: Path) -> None:
    title = factories.make_title()
    reel = factories.make_reel(element=factories.make_element(title=title))
    path = write(
        tmp_path, f"reel,relations\n{reel.pk},print of: the negative in Oslo; remake of: title 0\n"
    )
    (refused,) = import_file(path, by=None).rows
    assert "no title 0" in " ".join(refused.reasons) and not title.relations.exists()
    path.write_text(path.read_text().replace("title 0", f"title {title.pk}"))
    made = import_file(path, by=None)
    assert outcomes(path) == ["unchanged"]
    assert [(each.kind, each.to) for each in title.relations.all()] == [
        ("print of", "the negative in Oslo"), ("remake of", f"title {title.pk}"),
    ]  # fmt: skip
    take_back(made.number, by=None)
    assert not title.relations.exists()
