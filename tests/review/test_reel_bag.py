"""A reel leaves as a bag and comes into an empty archive: described and decided on as it was."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import bagit
import opentimelineio as otio
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Model
from PIL import Image

from archive import custody, damage_photographs, description, earlier
from archive.describing import Describing
from archive.fixity import digest_json, sha256_file
from archive.models import (
    Agent,
    Collection,
    ConditionReport,
    Credit,
    Element,
    Event,
    Fault,
    Identifier,
    Reel,
    Relation,
    Restriction,
    Rights,
    Scan,
    Title,
    Variant,
)
from restoration import transcripts
from restoration.models import Scene, Take, TranscriptCorrection
from restoration.speech.transcript import Transcript
from restoration.storage import storage
from review import decisions, notes
from review.models import Approval, ApprovalBatch, SearchLine
from review.reel_bag.errors import BagRefused
from review.reel_bag.examinations import examinations_of
from review.reel_bag.notes import notes_of
from review.reel_bag.reading import TAKEN_IN, read_bag
from review.reel_bag.takes import FILES
from review.reel_bag.writing import Wanted, write_bag
from tests import factories
from tests.archive.descriptions import sent
from tests.conftest import empty_tables, tables_with_rows
from tests.restoration.speech.said import line
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.django_db(transaction=True)

SAID = {
    "title-year": "1926~", "title-country": "Norway; Sweden", "title-notes": "Boats & <nets>",
    "element-gauge": "35 mm", "element-base": "nitrate", "reel-location": "Vault 3",
    "scan-scanner": "Scanity", "credits-0-role": "director", "credits-0-name": "Anna Müller",
    "rights-0-statement": "http://rightsstatements.org/vocab/InC/1.0/",
    "rights-0-embargo": "2999-01-01", "restrictions-0-use": "broadcast",
    "identifiers-0-source": "EIDR", "identifiers-0-value": "10.5240/1",
    "element_identifiers-0-source": "accession number",
    "element_identifiers-0-value": "1952/77",
    "reel_identifiers-0-source": "can number", "reel_identifiers-0-value": "B 114",
}  # fmt: skip


@pytest.fixture
def homes(settings: Any, tmp_path: Path) -> Iterator[set[str]]:
    settings.MEDIA_HOME, settings.MASTER_HOME = tmp_path / "media", tmp_path / "masters"
    yield tables_with_rows()


def made(scene: Scene, **fields: Any) -> Take:
    """A take with the digest of its manifest, as real ones have."""
    manifest = {"key": factories.unique_digest()}
    return factories.make_take(
        scene=scene, manifest=manifest, digest=digest_json(manifest), **fields
    )


@pytest.fixture
def reel(homes: set[str]) -> Reel:
    """Described, decided on by two people, with a past."""
    anna, vera = factories.make_user("archivist", name="anna"), factories.make_user("reviewer")
    scan = factories.make_scan()
    first, second = factories.make_scenes(scan)
    take = made(first)
    decisions.approve(first, made(first, stage="repair", input_take=take), by=vera)
    decisions.request_changes(second, made(second), by=anna, reason="a hair")
    typed = Describing(scan.reel, sent(scan.reel, **SAID))
    assert typed.is_valid(), typed.errors()
    typed.save(by=anna)
    earlier.keep(
        scan.reel,
        {"kind": "cleaning", "when": "1952~", "who": "the film archive", "note": "",
         "source": "ledger", "certainty": "likely"},
        by=anna,
    )  # fmt: skip
    return Reel.objects.get(pk=scan.reel_id)


@pytest.fixture
def noted(reel: Reel) -> Reel:
    """With what people wrote on its frames, corrected of its words and saw on the reel itself."""
    scan = reel.current_scan()
    assert scan is not None
    anna, vera = User.objects.get(username="anna"), User.objects.exclude(username="anna").get()
    scene = Scene.objects.filter(scan=scan).order_by("start_frame")[0]
    box = {"kind": "box", "points": [[1, 2], [9, 8]], "colour": "#804020"}
    note = notes.add(
        scene, by=vera, start_frame=scene.start_frame, end_frame=scene.start_frame + 2,
        text="a hair, @anna", drawing=[box],
    )  # fmt: skip
    notes.answer(note, by=anna, text="gone")
    notes.resolve(note, by=anna)
    said = Transcript(tuple(line(text, at, at + 0.3) for text, at in WORDS), "en")
    kept = transcripts.keep(scan, said, source="tiny.en", maker="machine")
    transcripts.correct(kept, "text", ["m0"], {"text": "The catch is in"}, by=anna)
    put_in = transcripts.correct(
        kept, "add", [], {"text": "Haul away", "start": 14_000, "end": 15_000}, by=vera
    )
    transcripts.correct(kept, "confirm", [f"h{put_in.pk}"], {}, by=anna)
    wrong = transcripts.correct(kept, "delete", ["m1"], {}, by=vera)
    transcripts.withdraw(wrong, by=anna)
    photograph = damage_photographs.read(png())
    damage_photographs.write(photograph)
    report = ConditionReport.objects.create(
        reel=reel, on="2026-01-02", examined_by="Eva", shrinkage="0.80", by=anna
    )
    report.faults.create(kind="tear", grade=3, where="head", photograph=photograph.sha256)
    return reel


WORDS = (("The cat is in", 0.1), ("Thank you", 0.5))


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (90, 60, 30)).save(file, "PNG")
    return file.getvalue()


def written_by_people(reel: Reel) -> list[Any]:
    """Notes, words, corrections and examinations, whatever the rows are called there."""
    scan = reel.current_scan()
    assert scan is not None
    newest = transcripts.current(scan)
    assert newest is not None
    shown = [(each.text, each.start, [word.by for word in each.words])
             for each in transcripts.layered(newest).shown]  # fmt: skip
    corrected = TranscriptCorrection.objects.of_scan(scan)
    found = SearchLine.objects.filter(reel=reel).exclude(kind="catalogue").order_by("kind", "text")
    return [
        *notes_of(scan), shown, newest.digest, newest.at,
        [(each.kind, each.payload, each.by.username, each.at, each.withdrawn,
          each.withdrawn_by and each.withdrawn_by.username) for each in corrected],
        *examinations_of(reel), list(found.values_list("kind", "text")),
    ]  # fmt: skip


def test_what_people_wrote_and_corrected_comes_through(
    noted: Reel, homes: set[str], tmp_path: Path, settings: Any
) -> None:
    bag = write_bag(noted, tmp_path / "bag")
    before = written_by_people(noted)
    assert "Haul away" in str(before) and "tear" in str(before) and "gone" in str(before)
    empty_tables(except_for=homes)
    shutil.rmtree(settings.MEDIA_HOME)

    made = read_bag(bag)

    assert written_by_people(made) == before
    photograph = made.conditions.get().faults.get().photograph
    assert sha256_file(damage_photographs.path_of(photograph)) == photograph
    again = write_bag(made, tmp_path / "again")
    assert (again / "data" / "notes.json").read_text() == (bag / "data" / "notes.json").read_text()


def test_what_people_wrote_is_refused_where_it_cannot_be(
    noted: Reel, homes: set[str], tmp_path: Path
) -> None:
    bag = write_bag(noted, tmp_path / "bag")
    empty_tables(except_for=homes)
    for number, (file, was, now, said) in enumerate(CHANGED):
        loose = Path(shutil.copytree(bag / "data", tmp_path / f"loose-{number}"))
        text = (loose / file).read_text()
        assert re.search(was, text), was
        (loose / file).write_text(re.sub(was, now, text))
        bagit.make_bag(str(loose), checksums=["sha256"])
        with pytest.raises(BagRefused, match=said):
            read_bag(loose)
        assert not Reel.objects.exists() and not User.objects.exists(), file


CHANGED = (
    ("transcripts.json", '"you"', '"her"', "lines of its digest"),
    ("transcripts.json", '"confirm"', '"invent"', "no correction"),
    ("transcripts.json", r'"h\d+"', '"h999999"', "should"),
    ("notes.json", '"box"', '"bomb"', "should"),
    ("examinations.json", '"grade": 3', '"grade": null', "should"),
    ("examinations.json", '"photograph": "[0-9a-f]{64}"', '"photograph": "../../notes"', "should"),
)


def events_of(reel: Reel) -> list[tuple[Any, ...]]:
    """What must come through, whatever the rows are called there."""
    return [
        (each.kind, each.at, str(each.agent), each.agent.kind, each.outcome,
         {name: said for name, said in each.detail.items() if name != "imported"})
        for each in reel.events.select_related("agent").order_by("sequence")
    ]  # fmt: skip


OTHERWISE = frozenset({"id", "storage_key", "path", "mounted_at", "derived"})
"""What a row is called, or where it lies, in one archive alone."""
STATE = frozenset(
    {f"derivatives{rest}" for rest in ("", "_done", "_error", "_attempts", "_seen")}
    | {"fixity_asked", "given_up", "damage"}
)
"""Of the machine there, not of the film."""
TRAVELS = (Title, Element, Reel, Scan, Variant, Credit, Identifier, Relation, Rights, Restriction,
           ConditionReport, Fault, Scene, Take, Approval, ApprovalBatch)  # fmt: skip


def told_by_rows() -> dict[str, list[dict[str, Any]]]:
    """Every field of every row that a bag carries, whatever the rows are called."""
    found = {}
    for model in TRAVELS:
        names = [each.name for each in model._meta.concrete_fields
                 if each.name not in OTHERWISE | STATE]  # fmt: skip
        rows: Any = model._default_manager.order_by("pk")
        found[model.__name__] = [{name: said(getattr(row, name)) for name in names} for row in rows]
    return found


def said(value: Any) -> Any:
    """Rows by what they say: their numbers mean nothing elsewhere."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [{k: v for k, v in each.items() if k not in ("take", "approval")} for each in value]
    for model, name in ((Scan, "sha256"), (Scene, "start_frame"), (Take, "digest"),
                        (ApprovalBatch, "every")):  # fmt: skip
        if isinstance(value, model):
            return getattr(value, name)
    return str(value) if isinstance(value, Model) else value


def test_no_field_of_any_row_is_lost(reel: Reel, homes: set[str], tmp_path: Path) -> None:
    vera = User.objects.exclude(username="anna").get()
    title, element, scan = reel.title, reel.element, reel.current_scan()
    assert scan is not None
    newsreels = Collection.objects.create(name="Newsreels", description="Of the Oslo cinemas")
    Title.objects.update(collection=newsreels)
    Element.objects.update(name="nitrate print")
    title.relations.create(kind="print of", to="the negative in Oslo", element=element)
    other = Element.objects.create(title=title, name="negative")
    title.relations.create(kind="duplicated from", to="the print in Bergen", element=other)
    approval = Approval.objects.get(decision="approved")
    batch = ApprovalBatch.objects.create(
        scan=scan, every=3, most=1, by=vera,
        sampled=[{"scene": 1, "approval": approval.pk, "take": approval.take_id,
                  "digest": approval.digest}],
    )  # fmt: skip
    Approval.objects.filter(pk=approval.pk).update(batch=batch)
    Take.objects.update(bytes=123)
    Reel.objects.update(created="2020-01-02T03:04:05Z")
    bag = write_bag(Reel.objects.get(), tmp_path / "bag")
    before = told_by_rows()
    empty_tables(except_for=homes)

    made = read_bag(bag)

    after = told_by_rows()
    assert before["Relation"].pop()["kind"] == "duplicated from", "of a carrier that stayed there"
    assert before["Element"].pop()["name"] == "negative"
    for name, rows in before.items():
        assert after[name] == rows, name
    assert made.title.relations.get().element == made.element
    assert Collection.objects.get().description == "Of the Oslo cinemas"
    looked_at = ApprovalBatch.objects.get().sampled[0]
    assert Approval.objects.get(pk=looked_at["approval"]).take_id == looked_at["take"]


def decided(reel: Reel) -> list[tuple[Any, ...]]:
    found = Approval.objects.filter(scene__scan__reel=reel).order_by("at", "pk")
    return [
        (each.scene.start_frame, each.scene.end_frame, each.take.stage, each.digest,
         each.take.digest, each.decision, each.reason, each.by.username, each.at)
        for each in found.select_related("scene", "take", "by")
    ]  # fmt: skip


def test_a_round_trip_into_an_empty_archive_loses_nothing(
    reel: Reel, homes: set[str], tmp_path: Path
) -> None:
    bag = write_bag(reel, tmp_path / "bag")
    scan = reel.current_scan()
    assert scan is not None
    before = (description.describe(reel), scan.sha256, scan.framemd5, decided(reel))
    told = events_of(reel)[:-1]
    digests = [each.digest for each in reel.events.order_by("sequence")][:-1]
    assert events_of(reel)[-1][0] == "replication"
    bagit.Bag(str(bag)).validate()
    empty_tables(except_for=homes)

    made = read_bag(bag)

    scan = made.current_scan()
    assert scan is not None
    assert (description.describe(made), scan.sha256, scan.framemd5, decided(made)) == before
    came = events_of(made)
    assert came[: len(told)] == told, "with their own time and agent"
    imported = [each.detail["imported"] for each in made.events.order_by("sequence")[: len(told)]]
    assert [each["digest"] for each in imported] == digests
    assert [each.kind for each in made.events.order_by("sequence")[len(told) :]] == [TAKEN_IN]
    assert custody.verify_chain(f"reel:{made.pk}") == []
    assert not User.objects.filter(is_active=True).exists(), "who decided elsewhere cannot log in"
    assert "Put it at" in scan.derivatives_error
    with pytest.raises(BagRefused, match="held already"):
        read_bag(bag)
    assert Reel.objects.count() == 1


def test_a_person_of_the_same_name_here_is_not_taken_for_the_one_there(
    reel: Reel, homes: set[str], tmp_path: Path
) -> None:
    bag = write_bag(reel, tmp_path / "bag")
    empty_tables(except_for=homes)
    ours = factories.make_user("archivist", name="anna")
    custody.person(ours)

    made = read_bag(bag, by=ours)

    names = {each.agent.name for each in made.events.exclude(kind=TAKEN_IN)}
    assert "anna (elsewhere 1)" in names and "anna" not in names
    assert Agent.objects.get(name="anna").user == ours
    assert not Approval.objects.filter(by=ours).exists()


@pytest.mark.parametrize("file", ["description.json", "events.json", "decisions.json"])
def test_a_bag_that_was_changed_is_refused_whole(
    reel: Reel, homes: set[str], tmp_path: Path, file: str
) -> None:
    bag = write_bag(reel, tmp_path / "bag")
    path = bag / "data" / file
    text = path.read_text()
    for was, now in (("1926~", "1936~"), ("approved", "changes "), ("Vault 3", "Vault 4")):
        text = text.replace(was, now)
    path.write_text(text)
    empty_tables(except_for=homes)
    with pytest.raises(CommandError, match="Nothing was taken in"):
        call_command("import_reel", bag)
    assert not Reel.objects.exists() and not Event.objects.exists()


def test_a_bag_made_anew_around_a_changed_history_is_refused_too(
    reel: Reel, homes: set[str], tmp_path: Path
) -> None:
    bag = write_bag(reel, tmp_path / "bag")
    loose = Path(shutil.move(bag / "data", tmp_path / "loose"))
    document = json.loads((loose / "events.json").read_text())
    document["events"][0]["outcome"] = "failure"
    (loose / "events.json").write_text(json.dumps(document))
    bagit.make_bag(str(loose), checksums=["sha256"])
    empty_tables(except_for=homes)
    with pytest.raises(BagRefused, match="was changed"):
        read_bag(loose)


def test_no_bag_is_half_made(reel: Reel, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), transaction.atomic():
        write_bag(reel, tmp_path / "bag", Wanted(scan=True))  # the factory's film is nowhere
    assert list(tmp_path.glob("*bag*")) == []
    assert not Event.objects.filter(kind="replication").exists()


@pytest.mark.slow
def test_the_film_goes_along_byte_for_byte(
    homes: set[str], tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    wanted = Wanted(scan=True, takes=True, timeline="scholarly")
    bag = write_bag(reel, tmp_path / "bag", wanted, by=archivist)
    before = reel.current_scan()
    assert before is not None
    told = [(take.digest, files_of(take)) for take in before.takes.order_by("pk")]
    assert told and all(files for _, files in told)
    empty_tables(except_for=homes)
    shutil.rmtree(tmp_path / "media")

    scan = read_bag(bag).current_scan()

    assert scan is not None and scan.derivatives == Scan.Derivatives.WAITING
    call_command("check_fixity")
    call_command("ingest", "--derivatives", str(scan.reel_id))
    scan.refresh_from_db()
    assert (scan.derivatives, scan.sha256) == (Scan.Derivatives.READY, before.sha256)
    came = [(take.digest, files_of(take)) for take in scan.takes.order_by("pk")]
    assert came == told, "pictures and maps, byte for byte"
    timeline = otio.adapters.read_from_file(str(bag / "data" / "timeline.otio"))
    for clip in timeline.find_clips():
        for medium in clip.media_references().values():
            assert (bag / "data" / unquote(medium.target_url)).exists(), (
                "media are named in the bag"
            )


def files_of(take: Take) -> dict[str, str]:
    folder = storage().folder(take.storage_key)
    kept = (folder / name for name in sorted(FILES))
    return {path.name: sha256_file(path) for path in kept if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("change", ["picture", "stranger", "link", "timeline"])
def test_a_bag_made_anew_around_another_take_or_timeline_is_refused(
    homes: set[str], tmp_path: Path, archivist: User, change: str
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    wanted = Wanted(takes=True, timeline="scholarly")
    bag = write_bag(reel, tmp_path / "bag", wanted, by=archivist)
    loose = Path(shutil.move(bag / "data", tmp_path / "loose"))
    take = next((loose / "takes").iterdir())
    if change == "picture":
        (take / "map.mkv").write_bytes(b"another")
    elif change == "stranger":
        (take / "run.sh").write_text("echo")
    elif change == "link":
        (take / "heat.mkv").symlink_to(tmp_path)
    else:
        timeline = loose / "timeline.otio"
        timeline.write_text(timeline.read_text().replace(take.name, "0" * 64))
    bagit.make_bag(str(loose), checksums=["sha256"])
    empty_tables(except_for=homes)
    with pytest.raises(BagRefused, match=r"is another|which takes do not|does not know"):
        read_bag(loose)
    assert not Reel.objects.exists()
