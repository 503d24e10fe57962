"""The cast: faces are named by people, lines say by whom, and what tells people apart can go."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from archive.models import Scan
from restoration import biometrics, namings, transcripts
from restoration.models import Biometric, Character, FaceTrack, Naming, StageRun
from restoration.speech.transcript import Transcript
from restoration.stages.attribute.measured import Measured
from restoration.stages.attribute.record import as_json
from review.gate import APPROVED
from review.material import transcript_state
from tests import factories
from tests.restoration.speech.said import line
from tests.restoration.stages.test_attribute import two_people_in_turn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_folder(settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def scan() -> Scan:
    scan = factories.make_scan(frames=150, rate=25)
    said = (line("Who are you", 0.25, 2.75), line("It is me", 3.25, 5.75))
    transcripts.keep(scan, Transcript(said, "en"), source="tiny.en", maker="machine")
    follow(scan)
    return scan


def follow(
    scan: Scan,
    reel: Measured | None = None,
    key: str = "a",
    gallery: dict[str, Any] | None = None,
) -> StageRun:
    """As a worker publishes it: the run first, then what it found as rows."""
    findings, told = biometrics.part_biometrics(as_json(reel or two_people_in_turn()))
    told = {**told, "gallery": gallery} if gallery else told
    run = StageRun.objects.create(
        scan=scan, stage="attribute", start_frame=0, end_frame=150, key=key * 64, queue="cpu",
        status="done", findings=findings,
    )  # fmt: skip
    biometrics.keep_run(run, told)
    run.refresh_from_db()
    return run


def speakers(scan: Scan) -> list[str | None]:
    return [each.speaker for each in transcripts.layered(scan.transcripts.get()).shown]


@pytest.fixture
def visit(scan: Scan, archivist: User):
    client = Client()
    client.force_login(archivist)

    def get(name: str = "cast") -> str:
        answer = client.get(reverse(name, args=[scan.reel_id]))
        assert answer.status_code == 200
        return answer.content.decode()

    get.client = client  # type: ignore[attr-defined]
    return get


def test_nobody_is_named_before_a_person_names_a_face(scan: Scan, visit) -> None:
    assert speakers(scan) == [None, None]
    shown = visit()
    assert shown.count("No name yet") == 2
    assert "Lips and speech fit: in step" in shown


def test_a_named_face_names_its_lines_as_a_machine_s_until_somebody_confirms(
    scan: Scan, visit, archivist: User
) -> None:
    face = FaceTrack.objects.get(number=1)
    form = {"name": "Anna", "actor": "A. Nissen", "everywhere": "1"}
    answer = visit.client.post(reverse("name-face", args=[face.pk]), form, follow=True)
    assert "This face is Anna." in answer.content.decode()
    assert speakers(scan) == ["Anna", None]
    shown = visit("transcript")
    assert ">machine-made</span>" in shown and "machine-made, by lips" in shown
    transcript = scan.transcripts.get()
    transcripts.correct(transcript, "speaker", ["m0"], {"speaker": "Anna"}, by=archivist)
    assert ">checked by anna</span>" in visit("transcript")
    transcripts.correct(transcript, "speaker", ["m0"], {"speaker": "Boris"}, by=archivist)
    assert ">named by anna</span>" in visit("transcript")


def test_checked_words_leave_with_a_machine_s_name_marked_until_a_person_confirms_it(
    scan: Scan, visit, archivist: User
) -> None:
    namings.name_face(FaceTrack.objects.get(number=1), "Anna", by=archivist)
    kept = scan.transcripts.get()
    for key in ("m0", "m1"):
        transcripts.correct(kept, "confirm", [key], {}, by=archivist)
    path = reverse("transcript-file", args=[scan.reel_id, "vtt"])
    assert "<v Anna (machine)>" in visit.client.get(path).content.decode()
    assert transcript_state(scan.reel) == "nobody answers for 1 of 2 lines of version 1"
    shown = visit("transcript")
    assert "To check 1" in shown and "speaker machine-made" in shown
    form = {"version": 1, "kind": "speaker", "key": "m0", "speaker": "Anna", "seen": "Who are you"}
    assert "Confirm the speaker" in shown
    visit.client.post(reverse("correct-transcript", args=[scan.reel_id]), form)
    assert "<v Anna>" in visit.client.get(path).content.decode()
    assert transcript_state(scan.reel) == APPROVED
    assert "To check 0" in visit("transcript")


def one_after_the_other() -> Measured:
    """Anna speaks, then Boris; no frame shows both."""
    reel = two_people_in_turn()
    for each, shown in zip(reel.tracks, (slice(0, 75), slice(75, 150)), strict=True):
        each.boxes, each.mouth = each.boxes[shown], each.mouth[shown]
        each.first_frame = each.best_frame = shown.start
    return reel


def test_names_are_taken_back_changed_and_merged(scan: Scan, visit, archivist: User) -> None:
    run = follow(scan, one_after_the_other(), "c")
    first, second = run.face_tracks.order_by("number")
    namings.name_face(first, "Anna", by=archivist)
    made = namings.name_face(second, "Boris", actor="Ida Bell", by=archivist, everywhere=False)
    assert speakers(scan) == ["Anna", "Boris"]
    rename = reverse("rename-character", args=[scan.reel_id, made.character_id])
    visit.client.post(rename, {"name": "Anna"})
    assert speakers(scan) == ["Anna", "Anna"] and Character.objects.count() == 1
    assert Character.objects.get().actor == "Ida Bell"
    visit.client.post(reverse("withdraw-naming", args=[Naming.objects.latest("pk").pk]))
    assert speakers(scan) == ["Anna", None]


def test_switched_off_nobody_is_named_and_the_stage_tells_nobody_apart(
    scan: Scan, settings, visit, archivist: User
) -> None:
    face = FaceTrack.objects.get(number=1)
    namings.name_face(face, "Anna", by=archivist)
    settings.BIOMETRICS = False
    assert speakers(scan) == [None, None]
    assert "Switched off" in visit()
    assert visit.client.get(reverse("face-picture", args=[face.pk])).status_code == 404
    visit.client.post(reverse("name-face", args=[face.pk]), {"name": "Boris"})
    assert Naming.objects.count() == 1
    asked = reverse("process-reel", args=[scan.reel_id])
    answer = visit.client.post(asked, {"stages": "attribute"}, follow=True)
    assert "BIOMETRICS=no" in answer.content.decode()
    assert StageRun.objects.filter(stage="attribute").count() == 1, "no other was started"


def test_a_run_that_ends_after_the_switching_off_keeps_nothing(scan: Scan, settings) -> None:
    before = (FaceTrack.objects.count(), Biometric.objects.count())
    settings.BIOMETRICS = False
    assert follow(scan, key="b").findings is None
    assert (FaceTrack.objects.count(), Biometric.objects.count()) == before


def test_one_command_deletes_what_tells_people_apart_and_shows_that_it_is_gone(
    scan: Scan, archivist: User
) -> None:
    namings.name_face(FaceTrack.objects.get(number=1), "Anna", by=archivist)
    assert "faces" not in json.dumps(scan.runs.get().findings)
    assert Biometric.objects.get().data["faces"]
    out = StringIO()
    call_command("forget_biometrics", reel=scan.reel_id, json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert told["deleted"]["embeddings"] == 1 and told["deleted"]["face_tracks"] == 2
    assert set(told["left"].values()) == {0}
    assert not Biometric.objects.exists() and not FaceTrack.objects.exists()
    assert scan.runs.get().findings is None
    assert speakers(scan) == [None, None]
    follow(scan)
    assert Biometric.objects.count() == 1, "it can be measured again"


def test_an_empty_transcript_takes_no_speaker_from_the_one_that_leaves(
    scan: Scan, archivist: User
) -> None:
    namings.name_face(FaceTrack.objects.get(number=1), "Anna", by=archivist)
    kept = scan.transcripts.get()
    transcripts.keep(scan, Transcript((), "en"), source="silent", maker="machine")
    again = follow(scan, key="b")
    namings.name_face(again.face_tracks.get(number=1), "Anna", by=archivist)
    assert [each.speaker for each in transcripts.layered(kept).shown] == ["Anna", None]


def test_an_older_transcript_is_not_named_by_the_numbers_of_a_newer_run(
    scan: Scan, archivist: User
) -> None:
    older = scan.transcripts.get()
    transcripts.keep(
        scan, Transcript((line("So it is", 0.25, 2.75),), "en"), source="a", maker="machine"
    )
    again = follow(scan, key="b")
    namings.name_face(again.face_tracks.get(number=1), "Anna", by=archivist)
    assert [each.speaker for each in transcripts.layered(older).shown] == [None, None]
    newer = transcripts.current(scan)
    assert newer and [each.speaker for each in transcripts.layered(newer).shown] == ["Anna"]


def test_embeddings_leave_with_no_file(scan: Scan, visit, archivist: User) -> None:
    namings.name_face(FaceTrack.objects.get(number=1), "Anna", by=archivist)
    path = reverse("transcript-file", args=[scan.reel_id, "json"])
    told = visit.client.get(path).content.decode()
    assert "Anna" in told
    assert "voices" not in told and "faces" not in told
