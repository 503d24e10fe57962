"""A machine's translation is shown, taken along and delivered as what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from archive.models import Scan
from restoration import transcripts
from restoration.models import Transcript as Kept
from restoration.speech.transcript import Transcript
from review.deliverables import DeliveryFailed, build_deliverable
from review.formats.srt import read_srt
from tests import factories
from tests.restoration.speech.said import line
from tests.review.approved_reel import current_scan, make_approved_reel

pytestmark = pytest.mark.django_db

SAID = (line("Guten Tag.", 0.2, 1.0), line("Die Katze schläft.", 1.4, 2.6))
ENGLISH: list[dict[str, Any]] = [
    {"start": 0.2, "end": 1.1, "text": "Good day.", "doubts": []},
    {"start": 1.3, "end": 2.7, "text": "The cat sleeps.", "doubts": ["the recogniser is not sure"]},
]


def keep(scan: Scan, facts: dict[str, Any] | None = None) -> Kept:
    said = Transcript(SAID, "de", {"translation": ENGLISH} if facts is None else facts)
    return transcripts.keep(scan, said, source="base", maker="machine")


@pytest.fixture
def kept(settings: Any) -> Kept:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    return keep(factories.make_scan(frames=48, rate=16))


@pytest.fixture
def client(archivist: User) -> Client:
    made = Client()
    made.force_login(archivist)
    return made


def shown(client: Client, kept: Kept) -> str:
    return client.get(reverse("transcript", args=[kept.scan.reel_id])).content.decode()


def file(client: Client, kept: Kept, kind: str) -> Any:
    address = reverse("transcript-file", args=[kept.scan.reel_id, kind])
    return client.get(address, {"said": "translation"})


def test_the_page_shows_it_below_each_line_with_its_label(client: Client, kept: Kept) -> None:
    page = shown(client, kept)
    first, second = page.split('id="m1"')
    assert ">machine-made, in English" in first and "Good day." in first
    assert ">machine-made, doubtful, in English" in second and "The cat sleeps." in second
    assert "English, translated by a machine" in second
    page = shown(client, keep(kept.scan, {}))
    assert "in English<" not in page and "translated by a machine" not in page


def test_its_files_say_that_nobody_checked_it(client: Client, kept: Kept) -> None:
    text = file(client, kept, "txt").content.decode()
    assert "MACHINE, UNREVIEWED: a machine said this in English of what it heard (de)." in text
    assert "It doubts 1 of 2 lines." in text
    assert "The cat sleeps. [machine's translation, unreviewed]" in text
    answer = file(client, kept, "srt")
    assert "english.machine.srt" in answer.headers["Content-Disposition"]
    cues = read_srt(answer.content, rate=kept.scan.rate)
    assert " ".join(cue.text for cue in cues) == "Good day. The cat sleeps."
    assert json.loads(file(client, kept, "json").content)["language"] == "en"
    assert file(client, keep(kept.scan, {}), "srt").status_code == 404


def test_where_a_person_says_that_nobody_speaks_it_goes_too(
    client: Client, kept: Kept, archivist: User
) -> None:
    transcripts.correct(kept, "no_speech", ["m1"], {}, by=archivist)
    assert "cat" not in file(client, kept, "vtt").content.decode()


def test_a_file_with_a_translation_that_cannot_be_read_is_not_taken_in(
    client: Client, kept: Kept
) -> None:
    document = {"segments": [{"text": "Ja.", "start": 0, "end": 1}], "translation": "yes"}
    sent = SimpleUploadedFile("words.json", json.dumps(document).encode())
    answer = client.post(
        reverse("import-transcript", args=[kept.scan.reel_id]),
        {"file": sent, "source": "a colleague", "maker": "unknown"},
        follow=True,
    )
    assert "Nothing was taken in" in answer.content.decode()
    assert kept.scan.transcripts.count() == 1


def test_it_leaves_beside_what_is_said_but_not_where_a_person_has_to_answer(
    tmp_path: Path, archivist: User, settings: Any
) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    reel = make_approved_reel(tmp_path, by=archivist, frames=32, rate=8, cuts=(16,))
    kept = keep(current_scan(reel))
    for key in ("m0", "m1"):
        transcripts.correct(kept, "confirm", [key], {}, by=archivist)

    def deliver(format: str, use: str = "exhibition") -> Any:
        return build_deliverable(reel, format=format, use=use, to=tmp_path / "out", by=None)

    made = deliver("translation")
    assert {each["name"] for each in made.files} == {
        "record.json",
        *(f"subtitles-english.machine-unreviewed.{end}" for end in ("srt", "vtt", "ttml")),
    }
    assert made.record["translation"]["state"] == "machine, unreviewed: 2 of 2 lines"
    assert any("English translation is by a machine" in each for each in made.record["remarks"])
    made = deliver("mp4")
    assert [each["label"] for each in made.record["additions"]] == ["HUMAN", "SYNTHESISED"]
    (path,) = [each["path"] for each in made.files if each["name"].endswith(".mp4")]
    with av.open(path) as container:
        names = [stream.metadata["handler_name"] for stream in container.streams.subtitles]
    assert names == ["Subtitles", "English (translated by a machine, unreviewed)"]
    with pytest.raises(DeliveryFailed, match="nobody answers for a machine's translation"):
        deliver("translation", use="forensic")
    assert deliver("vtt", use="forensic").record["translation"] is None
