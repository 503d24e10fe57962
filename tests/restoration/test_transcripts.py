"""Transcripts are kept as they came; corrections are on record and can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from archive.models import Event, Scan
from restoration import runs, starting, together, transcripts
from restoration.claims import Claim, claim
from restoration.errors import TranscriptRefused
from restoration.models import StageRun, TranscriptLine
from restoration.models import Transcript as Kept
from restoration.publishing import Result, finish_run
from restoration.speech.transcript import Transcript, as_json
from review import custody_words
from tests import factories
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db

SAID = Transcript(
    (line("The cat is not in pressed", 0.2, 1.4), line("Farewell to Earth", 1.6, 2.8))
)


@pytest.fixture
def scan() -> Scan:
    return factories.make_scan(frames=48, rate=16)


@pytest.fixture
def kept(scan: Scan) -> Kept:
    return transcripts.keep(scan, SAID, source="tiny.en", maker="machine")


def test_lines_come_back_as_they_were_kept(kept: Kept) -> None:
    laid = transcripts.layered(kept)
    assert [each.as_line().words for each in laid.lines] == [each.words for each in SAID.lines]
    assert kept.number == 1
    event = Event.objects.get(kind="transcript kept")
    assert event.detail["digest"] == kept.digest


def test_the_database_refuses_to_change_what_a_machine_said(kept: Kept) -> None:
    for change in (
        lambda: TranscriptLine.objects.filter(transcript=kept).update(text="something else"),
        lambda: Kept.objects.filter(pk=kept.pk).update(source="somebody else"),
    ):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
            change()


LINE, CORRECTION = "restoration_transcriptline", "restoration_transcriptcorrection"


@pytest.mark.parametrize("sql", [
    f"DELETE FROM {LINE}",
    f"DELETE FROM {CORRECTION}",
    f"DELETE FROM {CORRECTION}; DELETE FROM {LINE}; DELETE FROM restoration_transcript",
    f"CREATE TEMP TABLE archive_scan (id bigint); DELETE FROM {CORRECTION}",
    f"UPDATE {CORRECTION} SET payload = '{{\"text\": \"forged\"}}'",
    f"UPDATE {CORRECTION} SET by_id = NULL",
    f"UPDATE {CORRECTION} SET withdrawn = now()",
    f"UPDATE {CORRECTION} SET withdrawn = now(), withdrawn_by_id = by_id, kind = 'delete'",
])  # fmt: skip
def test_the_database_refuses_to_remove_or_forge_what_people_corrected(
    kept: Kept, archivist: User, sql: str
) -> None:
    transcripts.correct(kept, "text", ["m0"], {"text": "The dog"}, by=archivist)
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        run_sql(sql)


def test_a_correction_is_withdrawn_once(kept: Kept, archivist: User) -> None:
    made = transcripts.correct(kept, "confirm", ["m0"], {}, by=archivist)
    transcripts.withdraw(made, by=archivist)
    for change in ("NULL", "now()"):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
            run_sql(f"UPDATE {CORRECTION} SET withdrawn = {change}")


def test_a_scan_that_is_removed_takes_its_transcripts_along(kept: Kept) -> None:
    kept.scan.delete()
    run_sql("SELECT 1")
    assert not TranscriptLine.objects.exists()


def run_sql(sql: str) -> None:
    """With what is looked at when a transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"{sql}; SET CONSTRAINTS ALL IMMEDIATE")


def test_a_correction_is_attributed_recorded_and_taken_back(kept: Kept, archivist: User) -> None:
    made = transcripts.correct(kept, "text", ["m0"], {"text": "The cat is not impressed."},
                               by=archivist)  # fmt: skip
    laid = transcripts.layered(kept)
    assert laid.lines[0].text == "The cat is not impressed."
    assert laid.lines[0].words[-1].by == archivist.get_username()
    told = Event.objects.get(kind="transcript line rewritten")
    assert told.detail["lines"][0][3] == "The cat is not in pressed"
    together.undo(kept.scan, by=archivist)
    assert transcripts.layered(kept).lines[0].text == "The cat is not in pressed"
    made.refresh_from_db()
    assert made.withdrawn_by == archivist
    with pytest.raises(TranscriptRefused, match="nothing of yours"):
        together.undo(kept.scan, by=archivist)


def test_a_new_run_keeps_what_people_said(kept: Kept, archivist: User, reviewer: User) -> None:
    transcripts.correct(kept, "text", ["m0"], {"text": "The cat is not impressed."}, by=archivist)
    transcripts.correct(kept, "confirm", ["m1"], {}, by=reviewer)
    again = transcripts.keep(
        kept.scan,
        Transcript((line("The cat is not in pressed", 0.3, 1.5), line("Fare well", 1.6, 2.8))),
        source="base",
        maker="machine",
    )
    laid = transcripts.layered(again)
    assert laid.lines[0].text == "The cat is not impressed."
    assert [each.correction.kind for each in laid.conflicts] == ["confirm"]
    assert {each.label.value for each in laid.lines[1].words} == {"MACHINE"}
    assert transcripts.layered(kept).conflicts == []


def test_a_line_that_somebody_changed_meanwhile_is_not_overwritten(
    kept: Kept, archivist: User, reviewer: User
) -> None:
    transcripts.correct(kept, "text", ["m0"], {"text": "The cat is impressed."}, by=reviewer)
    with pytest.raises(TranscriptRefused, match="somebody changed this line meanwhile"):
        transcripts.correct(kept, "text", ["m0"], {"text": "The cat."}, by=archivist,
                            seen="The cat is not in pressed")  # fmt: skip
    assert kept.corrections.count() == 1


@pytest.mark.parametrize(
    ("kind", "keys", "payload", "told"),
    [
        ("text", ["m0"], {"text": "  "}, "no words"),
        ("text", ["m9"], {"text": "x"}, "not there any more"),
        ("split", ["m0"], {"word": 99}, "before one of its words"),
        ("times", ["m0"], {"start": 9, "end": 3}, "end after it starts"),
        ("merge", ["m0"], {}, "two lines are merged"),
        ("sing", ["m0"], {}, "no correction"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    kept: Kept, archivist: User, kind: str, keys: list[str], payload: dict[str, object], told: str
) -> None:
    with pytest.raises(TranscriptRefused, match=told):
        transcripts.correct(kept, kind, keys, payload, by=archivist)
    assert kept.corrections.count() == 0


def test_lines_of_another_reel_are_refused(scan: Scan) -> None:
    with pytest.raises(TranscriptRefused, match="another reel"):
        transcripts.keep(scan, Transcript((line("Too late", 90, 91),)), source="x", maker="unknown")
    assert not Kept.objects.exists()


def test_a_run_that_heard_words_becomes_a_transcript(scan: Scan, archivist: User) -> None:
    findings = as_json(Transcript(SAID.lines, "en", {"engine": "fast"}))
    run = StageRun.objects.create(
        scan=scan, stage="transcribe", start_frame=0, end_frame=scan.frames, status="done",
        params={"engine": "fast", "model": "tiny.en"}, findings=findings, queue="cpu", key="k",
    )  # fmt: skip
    assert starting.follow(run) == []
    kept = scan.transcripts.get()
    assert (kept.run, kept.maker, kept.language) == (run, "machine", "en")
    assert "Whisper tiny.en" in kept.source
    assert not scan.scenes.exists()
    starting.follow(run)
    assert scan.transcripts.count() == 1


def test_words_are_looked_for_without_looking_for_cuts(scan: Scan, archivist: User) -> None:
    started = runs.process_reel(scan.reel, stages=["transcribe"], by=archivist)
    assert [(run.stage, run.end_frame) for run in started] == [("transcribe", scan.frames)]
    both = runs.process_reel(scan.reel, stages=["transcribe", "deflicker"], by=archivist)
    assert {run.stage: [step["stage"] for step in run.following] for run in both} == {
        "transcribe": [], "cuts": ["deflicker"],
    }  # fmt: skip


def test_custody_is_told_how_much_a_run_heard_and_not_all_of_it(scan: Scan) -> None:
    findings = as_json(Transcript(SAID.lines, "en", {"engine": "fast"})) | {"text": "long " * 99}
    run = StageRun.objects.create(
        scan=scan, stage="transcribe", start_frame=0, end_frame=scan.frames, status="running",
        params={"engine": "fast"}, queue="cpu", key="k", token=1, worker="here",
        lease_until=timezone.now() + timedelta(minutes=1), attempt=1,
    )  # fmt: skip
    result = Result(manifest={}, digest="", totals={}, findings=findings, timings={})
    finish_run(Claim(run=run, token=1), result)
    event = Event.objects.get(kind="restoration stage")
    assert event.detail["found"]["segments"] == 2
    assert "text" not in event.detail["found"]
    heard_by = event.detail["weights"]
    assert heard_by and all(each["name"] and len(each["sha256"]) == 64 for each in heard_by)
    assert "found 2 lines" in custody_words.words(event)


def transcribed(scan: Scan, said: Transcript, **facts: object) -> StageRun:
    """A run of the stage that ended with these lines and facts."""
    run = runs.start_run(scan=scan, stage="transcribe", start_frame=0, end_frame=scan.frames)
    claimed = claim(run.pk, worker="here", device="cpu")
    assert claimed is not None
    findings = as_json(said) | facts
    finish_run(claimed, Result(manifest={}, digest="", totals={}, findings=findings, timings={}))
    return StageRun.objects.get(pk=run.pk)


def test_cards_that_could_not_be_read_are_read_by_the_next_run(scan: Scan) -> None:
    """The same order twice: the second time the weights are there."""
    first = transcribed(scan, SAID, titles_not_read="ppocr-v4 is not there; fetch it")
    again = runs.start_run(scan=scan, stage="transcribe", start_frame=0, end_frame=scan.frames)
    assert (again.key, again.status) == (first.key, "queued")
    runs.cancel(again, by=None)
    card = line("The next morning", 2.8, 3.0, kind="intertitle")
    transcribed(scan, Transcript((*SAID.lines, card)), titles_not_read="")
    assert [each.lines.count() for each in scan.transcripts.order_by("number")] == [2, 3]
    offered = runs.start_run(scan=scan, stage="transcribe", start_frame=0, end_frame=scan.frames)
    assert (offered.status, offered.offered) == ("done", True)
    assert scan.transcripts.count() == 2


def test_cards_that_stay_unread_make_no_second_transcript(scan: Scan) -> None:
    for _ in range(2):
        transcribed(scan, SAID, titles_not_read="ppocr-v4 is not there; fetch it")
    assert scan.transcripts.count() == 1
