"""From the request on the page over a real worker and the real networks to faces with evidence.

The second test reads the folder named by REELPROOF_FILM, with `talking/composite` in it:
REELPROOF_FILM=... pytest -m film tests/review/test_cast_from_request_to_page.py
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image

from archive import accession
from archive.models import Scan
from restoration import namings, photographs, transcripts, weights
from restoration.models import Attribution, Biometric, FaceTrack, StageRun
from restoration.speech.transcript import CLOCK, Line, Transcript, spread
from tests import factories
from tests.restoration import speaking_face
from tests.restoration.engine.processes import wait_until, worker

NETWORKS = ("mtcnn", "face-mesh", "face-dlib", "voice-ge2e")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        importlib.util.find_spec("dlib") is None
        or any(weights.find(name).state() == "missing" for name in NETWORKS),
        reason="the weights or dlib were not fetched",
    ),
]


@pytest.fixture(autouse=True)
def engine(settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.MEDIA_HOME = tmp_path / "media"
    settings.RUN_LEASE_SECONDS = 20


def take_in(path: Path, said: Transcript) -> Scan:
    scan = accession.ingest(path, title="Talk", derivatives=False).scan
    transcripts.keep(scan, said, source="what is said in it", maker="machine")
    return scan


def asked_on_the_page(scan: Scan, log: Path, by: User) -> Client:
    """Somebody presses the button, and a worker works until the run has ended."""
    client = Client()
    client.force_login(by)
    client.post(reverse("process-reel", args=[scan.reel_id]), {"stages": "attribute"})
    with worker(log, slowed="execute"):
        wait_until(lambda: not StageRun.objects.filter(status__in=StageRun.OPEN).exists())
    run = StageRun.objects.get(stage="attribute")
    assert run.status == "done", run.error
    return client


def page(client: Client, scan: Scan, name: str = "cast") -> str:
    answer = client.get(reverse(name, args=[scan.reel_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def put_in_photographs(scan: Scan, by: User) -> None:
    """Of Eileen Collins, and one that shows nobody."""
    pictures = (speaking_face.photograph(), np.full((64, 64, 3), 90, np.uint8))
    for picture, name in zip(pictures, ("Eileen", "Nobody"), strict=True):
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "PNG")
        made = photographs.add_character(scan, name, by=by)
        photographs.keep(scan, made, data.getvalue(), source="a portrait", by=by)


@pytest.mark.slow
def test_a_face_that_speaks_is_shown_with_its_lines_and_the_evidence(tmp_path: Path) -> None:
    restorer, archivist = factories.make_user("restorer"), factories.make_user("archivist")
    scan = take_in(speaking_face.write_speaking_face(tmp_path / "f.mkv"), speaking_face.said())
    put_in_photographs(scan, archivist)
    client = asked_on_the_page(scan, tmp_path / "log", restorer)
    assert "faces" not in json.dumps(scan.runs.get().findings)
    assert Biometric.objects.get().data["faces"]
    shown = page(client, scan)
    assert "Lips and speech fit: in step" in shown
    assert "1 time on screen, 3 lines" in shown and "machine-made, by photographs" in shown
    assert "not used: the photograph shows no face" in shown
    assert "Our cameraman stands his ground." in shown
    face = FaceTrack.objects.get()
    assert (face.start_frame, face.end_frame) == (0, 156)
    picture = client.get(reverse("face-picture", args=[face.pk]))
    assert picture.headers["Content-Type"] == "image/jpeg" and len(picture.content) > 1000
    for row in Attribution.objects.all():
        assert row.evidence["rule"] == "lips" and row.evidence["lip_score"] > 0.4
    told = page(client, scan, "transcript")
    assert told.count("Eileen") >= 3 and ">machine-made</span>" in told
    assert "lip score" in told and "named by photographs" in told
    client.post(reverse("name-face", args=[face.pk]), {"name": "Eileen", "everywhere": "1"})
    assert f"named by {restorer}" in page(client, scan)


@pytest.mark.film
@pytest.mark.parametrize("pair", [f"pair{number}" for number in range(5)])
def test_two_people_who_speak_in_turn_are_told_apart(pair: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("REELPROOF_FILM", "/nonexistent")) / "talking" / "composite"
    turns = json.loads((folder / f"{pair}.json").read_text())["turns"]
    lines = [
        Line(spread(turn["text"], start, end), start, end)
        for turn in turns
        for start, end in [(int(turn["start"] * CLOCK), int(turn["end"] * CLOCK))]
    ]
    archivist = factories.make_user("archivist")
    scan = take_in(folder / f"{pair}.mkv", Transcript(tuple(lines), "en"))
    client = asked_on_the_page(scan, tmp_path / "log", archivist)
    rows = list(Attribution.objects.order_by("line__number"))
    assert all(row.state == "spoken" for row in rows)
    # Each speaker is named once, at the first line that they say.
    for turn, row in zip(turns, rows, strict=True):
        face = FaceTrack.objects.get(number=row.track)
        if not face.namings.exists():
            namings.name_face(face, turn["speaker"], by=archivist, everywhere=False)
    laid = transcripts.layered(scan.transcripts.get())
    assert [line.speaker for line in laid.shown] == [turn["speaker"] for turn in turns]
    assert f"{len(turns)} lines" not in page(client, scan), "not all of them are one person's"
