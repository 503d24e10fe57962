"""Lists: in pages that miss nothing, narrowed, and asked for in a fixed number of questions."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive import custody, importing
from archive.models import Reading, TrashedReel, Upload
from restoration import transcripts
from restoration.models import (
    ColourCorrection,
    ColourReference,
    GlossaryTerm,
    Palette,
    PaletteEntry,
    ProtectedRegion,
    RepairDecision,
)
from restoration.speech.transcript import Transcript
from review import decisions
from review.models import Approval, Note, ShareLink
from tests import factories
from tests.api.asking import Program, program
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Program:
    return program("archivist")


def make_one(asked: Program) -> None:
    """A reel with a row of each kind."""
    title = factories.make_title(
        f"Film {Note.objects.count()}", collection=f"C {Note.objects.count()}"
    )
    title.credits.create(role="director", name="A")
    scan = factories.make_scan(
        reel=factories.make_reel(element=factories.make_element(title=title))
    )
    scan.checks.create(outcome="intact")
    scene = factories.make_scene(scan=scan)
    take = factories.make_take(scene=scene)
    run = factories.make_run(scene=scene, requested_by=asked.owner)
    run.batch = run.batch
    Approval.objects.create(
        scene=scene, take=take, digest=take.digest, decision="approved", by=asked.owner
    )
    note = Note.objects.create(scan=scan, start_frame=0, end_frame=1, text="dust", by=asked.owner)
    note.answers.create(text="yes", by=asked.owner)
    told = {"scan": scan, "format": "otio", "use": "exhibition", "by": asked.owner}
    scan.reel.deliverables.create(**told, files=[], record={})
    scan.reel.deliveries.create(**told)


LISTS = (
    *("collections", "titles", "elements", "reels", "scans", "scenes", "takes", "runs"),
    *("approvals", "notes", "deliveries", "deliverables"),
)


def questions(asked: Program, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        answer = asked.get(path)
    assert answer.status_code == 200, answer.content
    return len(found)


def test_more_rows_cost_no_more_questions(asked):
    make_one(asked)
    for path in LISTS:
        asked.get(path)
    few = {path: questions(asked, path) for path in LISTS}
    for _ in range(4):
        make_one(asked)
    assert {path: questions(asked, path) for path in LISTS} == few
    assert max(few.values()) <= 40, few
    assert few["reels"] <= 10 and few["titles"] <= 14, few


def enter_one(asked: Program) -> None:
    """A reel with a row of each kind that people enter by hand, and what is kept of it."""
    scan, by = factories.make_scan(), asked.owner
    scene = factories.make_scene(scan=scan)
    take = factories.make_take(scene=scene, stage="repair", bytes=9)
    title, one_frame = scan.reel.title, {"scan": scan, "frame": 0, "by": by}
    over = {"scan": scan, "start_frame": 0, "end_frame": 1, "by": by}
    RepairDecision.objects.create(
        **one_frame, take=take, polygon=[[1, 1]], pixels=1, label=2, decision="keep"
    )
    ProtectedRegion.objects.create(**over, polygon=[[0, 0], [9, 0], [9, 9]])
    three = {name: [1, 1, 1] for name in ("slope", "offset", "power")}
    ColourCorrection.objects.create(**over, **three)
    ColourReference.objects.create(
        **one_frame, name="a.png", storage_key="a", sha256="0" * 64, media_type="image/png",
        source="a photograph",
    )  # fmt: skip
    PaletteEntry.objects.create(
        palette=Palette.objects.create(title=title, name="Anna", by=by), name="hat", red=1, green=2,
        blue=3, source="a letter", certainty="likely", by=by,
    )  # fmt: skip
    GlossaryTerm.objects.create(title=title, text="Kellogg", by=by)
    link = ShareLink.objects.create(
        reel=scan.reel, digest=factories.unique_digest(), guest="Ada", version="restoration",
        by=by, expires=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    link.shown.create(scene=scene, take=take, digest=take.digest, number=1)
    report = scan.reel.conditions.create(on=date(2024, 5, 1), examined_by="Anna", by=by)
    report.faults.create(kind="scratches", grade=2)
    scan.checks.create(outcome="intact")
    scan.copies.create(path=f"/nowhere/{scan.pk}", compared=timezone.now(), outcome="intact")
    TrashedReel.objects.create(reel=factories.make_reel(), act=uuid4(), by=by, reason="a double")
    imported = {"file": "cards.csv", "rows": {"new": 1}, "done": []}
    custody.record(
        kind=importing.IMPORTED, agent=custody.person(by), subject=f"import:{scan.pk}",
        detail=imported,
    )  # fmt: skip


ENTERED = (
    *("repair-decisions", "protected-regions", "colour-corrections", "reference-stills"),
    *("palette-colours", "glossary", "guest-links", "fixity-checks", "second-copies", "fixity"),
    *("trash", "imports"),
)


@pytest.mark.slow
def test_more_rows_that_people_entered_cost_no_more_questions(asked):
    enter_one(asked)
    for path in ENTERED:
        asked.get(path)
    few = {path: questions(asked, path) for path in ENTERED}
    for _ in range(4):
        enter_one(asked)
    assert {path: questions(asked, path) for path in ENTERED} == few
    assert max(few.values()) <= 20, few
    for path in (each for each in ENTERED if each != "fixity"):
        assert len(asked.get(path).json()["results"]) == 5, path


def test_pages_go_on_behind_what_was_seen(asked):
    reels = [factories.make_reel() for _ in range(5)]
    first = asked.get("reels?page_size=2").json()
    factories.make_reel()
    assert first["previous"] is None
    seen = [row["id"] for row in first["results"]]
    address = first["next"]
    while address:
        page = asked.get(address.partition("/api/v1/")[2]).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen[:5] == [reel.pk for reel in reels] and len(seen) == len(set(seen)) == 6


def test_a_page_that_there_is_not_is_said(asked):
    for query in ("page_size=0", "page_size=201", "page_size=x", "cursor=x", "cursor=cD1hYmM%3D",
                  "cursor=bz05OTk5OTk5OTk5OTk%3D"):  # fmt: skip
        answer = asked.get(f"reels?{query}")
        assert answer.status_code in (200, 400), query
    assert asked.get("reels?cursor=cD1hYmM%3D").status_code == 400


def test_reels_are_narrowed_as_on_the_catalogues_page(asked):
    harbour = factories.make_title("Harbour Day", year="1926", country="France; Italy")
    element = factories.make_element(title=harbour, gauge="35 mm")
    reel = factories.make_reel(element=element, barcode="B7")
    factories.make_reel(element=factories.make_element(title=factories.make_title("Steamboats")))
    for query in ("words=harbuor", "year=192", "decade=192", "country=Italy", "gauge=35+mm",
                  f"title={harbour.pk}", f"element={element.pk}", "barcode=B7"):  # fmt: skip
        found = asked.get(f"reels?{query}").json()["results"]
        assert [row["id"] for row in found] == [reel.pk], query
    assert asked.get("reels?state=approved").json()["results"] == []
    assert asked.get("reels?state=nonsense").status_code == 400


def test_where_a_can_stands_is_told_to_staff_alone(asked):
    reel = factories.make_reel(access="research", barcode="B7", location="shelf 3")
    assert asked.get(f"reels/{reel.pk}").json()["location"] == "shelf 3"
    other = program("researcher")
    told = other.get(f"reels/{reel.pk}").json()
    assert told["location"] is None and told["barcode"] is None
    assert other.get("reels?barcode=B7").json()["results"] == []


def test_who_asks_for_restricted_film_is_written_down(asked):
    scene = factories.make_scene()
    asked.get(f"scenes/{scene.pk}")
    scene.scan.reel.title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    for path in (f"scenes/{scene.pk}", f"reels/{scene.scan.reel_id}/lines"):
        assert asked.get(path).status_code == 200
    found = Reading.objects.order_by("pk")
    assert [(each.person, each.what) for each in found] == [
        (asked.owner, "api-scene"), (asked.owner, "api-lines"),
    ]  # fmt: skip


def test_events_tell_researchers_no_places(asked):
    scan = factories.make_scan(reel=factories.make_reel(access="research"))
    scan.reel.events.all()
    from archive import custody

    told = {"path": "/masters/a.mkv", "bytes": 12}
    agent = custody.person(asked.owner)
    custody.record(kind="ingestion", agent=agent, subject="scan:1", reel=scan.reel, detail=told)
    custody.record(kind="approval", agent=agent, subject="take:1", reel=scan.reel)
    staff = asked.get(f"reels/{scan.reel_id}/events").json()["results"]
    assert [row["kind"] for row in staff] == ["approval", "ingestion"]
    assert staff[1]["detail"] == told and staff[1]["agent"]["kind"] == "person"
    others = program("researcher").get(f"reels/{scan.reel_id}/events").json()["results"]
    assert [(row["kind"], row["detail"]) for row in others] == [("ingestion", None)]


def test_lines_are_told_as_they_read_now(asked):
    scan = factories.make_scan()
    said = (line("Farewell to Earth.", 0.1, 1.5), line("And to the moon.", 1.6, 2.4))
    transcripts.keep(scan, Transcript(said, "en"), source="test", maker="machine")
    transcript = scan.transcripts.get()
    transcripts.correct(transcript, "text", ["m1"], {"text": "And the moon."}, by=asked.owner)
    transcripts.correct(transcript, "confirm", ["m0"], {}, by=asked.owner)
    path = f"reels/{scan.reel_id}"
    assert asked.get(f"{path}/transcript").json()["maker"] == "machine"
    found = asked.get(f"{path}/lines").json()["results"]
    assert [row["text"] for row in found] == ["Farewell to Earth.", "And the moon."]
    assert [row["checked"] for row in found] == [True, False]
    assert len(asked.get(f"{path}/lines?checked=true").json()["results"]) == 1
    assert len(asked.get(f"{path}/lines?to_frame=5").json()["results"]) == 1
    hits = asked.get("search?q=moon").json()
    assert hits["count"] == 1 and hits["results"][0]["hit"] == "moon"
    assert asked.get("search?q=").status_code == 400


def test_takes_come_with_the_totals_of_their_maps(asked):
    scene = factories.make_scene()
    take = factories.make_take(scene=scene, label="SYNTHESISED")
    (told,) = asked.get(f"takes?scene={scene.pk}").json()["results"]
    assert told["totals"]["structure"] == {"SYNTHESISED": take.totals["pixels"]}
    assert "manifest" not in told
    assert asked.get(f"takes/{take.pk}").json()["manifest"] == take.manifest
    (shown,) = asked.get(f"scenes?reel={scene.scan.reel_id}").json()["results"]
    assert (shown["state"], shown["take"], shown["digest"]) == ("review", take.pk, take.digest)


def test_a_decision_tells_why_it_is_stale(asked):
    scene = factories.make_scene()
    take = factories.make_take(scene=scene)
    made = decisions.approve(scene, take, by=asked.owner)
    assert asked.get(f"approvals/{made.pk}").json()["stale"] == []
    factories.make_take(scene=scene)
    assert "take 2" in asked.get("approvals").json()["results"][0]["stale"][0]


def test_reels_are_narrowed_by_what_they_lie_in(asked):
    one, other = (
        factories.make_reel(
            element=factories.make_element(title=factories.make_title(name, collection=name))
        )
        for name in ("One", "Other")
    )
    for asks in (
        f"title={one.title.pk}",
        f"element={one.element_id}",
        f"collection={one.title.collection_id}",
        f"collection={one.title.collection_id}&words=one",
    ):
        assert [row["id"] for row in asked.get(f"reels?{asks}").json()["results"]] == [one.pk], asks
    both = f"title={one.title.pk}&collection={other.title.collection_id}"
    assert asked.get(f"reels?{both}").json()["results"] == []


def test_uploads_go_on_behind_the_last_that_was_seen(asked):
    for name in "abc":
        Upload.objects.create(owner=asked.owner, name=name, length=1, title=name)
    first = asked.get("uploads?page_size=2").json()
    rest = asked.get(first["next"].partition("/api/v1/")[2])
    assert [row["name"] for row in first["results"] + rest.json()["results"]] == ["a", "b", "c"]
    cursor = base64.b64encode(b"p=2026-13-77T00:00:00Z").decode()
    assert asked.get(f"uploads?cursor={cursor}").status_code == 400
