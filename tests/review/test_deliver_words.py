"""What is said leaves as subtitles and transcripts, from the lines as people left them."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import av
import opentimelineio as otio
import pytest
from django.contrib.auth.models import User
from docx import Document

from archive.models import Reel
from restoration import transcripts
from restoration.models import Transcript
from restoration.speech.transcript import Transcript as Said
from review import credentials
from review.deliverables import DeliveryFailed, DeliveryRefused, build_deliverable
from review.delivery import requests
from review.formats.srt import read_srt
from review.formats.vtt import read_vtt
from review.models import Deliverable
from tests.restoration.speech.said import line
from tests.review.approved_reel import current_scan, make_approved_reel

pytestmark = pytest.mark.django_db

LINES = (
    line("Good evening {to \\all}.", 0.1, 1.4, speaker="Anna & Söhne"),
    line("The harbour <is> open.", 2.2, 3.8),
)


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    return make_approved_reel(tmp_path, by=archivist, frames=32, rate=8, cuts=(16,))


def say(reel: Reel) -> Transcript:
    said = Said(LINES, "en")
    return transcripts.keep(current_scan(reel), said, source="tiny.en", maker="machine")


def deliver(reel: Reel, to: Path, format: str, use: str = "exhibition") -> Deliverable:
    return build_deliverable(reel, format=format, use=use, to=to, by=None)


def paths_of(made: Deliverable) -> dict[str, Path]:
    return {file["name"]: Path(file["path"]) for file in made.files}


def test_lines_that_nobody_checked_leave_under_a_name_that_says_so(
    reel: Reel, tmp_path: Path
) -> None:
    say(reel)
    made = deliver(reel, tmp_path / "out", "transcript")
    files = paths_of(made)
    assert sorted(files) == [
        "record.json",
        "transcript.machine-unreviewed.docx",
        "transcript.machine-unreviewed.pdf",
        "transcript.machine-unreviewed.txt",
    ]
    text = files["transcript.machine-unreviewed.txt"].read_text()
    assert (
        "[00:00:00:00] Anna & Söhne (machine): Good evening {to \\all}. [machine, unreviewed]"
        in text
    )
    assert made.record["transcript"]["state"] == "machine, unreviewed: 2 of 2 lines"
    assert any("machine, unreviewed" in remark for remark in made.record["remarks"])


def test_what_a_person_answers_for_is_not_marked(
    reel: Reel, archivist: User, tmp_path: Path
) -> None:
    kept = say(reel)
    for key in ("m0", "m1"):
        transcripts.correct(kept, "confirm", [key], {}, by=archivist)
    transcripts.correct(kept, "speaker", ["m0"], {"speaker": "Anna & Söhne"}, by=archivist)
    made = deliver(reel, tmp_path / "out", "transcript")
    files = paths_of(made)
    assert "machine" not in files["transcript.txt"].read_text()
    (table,) = Document(str(files["transcript.docx"])).tables
    said = [[cell.text for cell in row.cells] for row in table.rows[1:]]
    assert said[0][1:] == ["Anna & Söhne", "Good evening {to \\all}.", "anna"]
    assert made.record["transcript"]["state"] == "approved"


def test_who_checks_the_words_does_not_answer_for_the_name_that_a_machine_gave(
    reel: Reel, archivist: User, tmp_path: Path
) -> None:
    kept = say(reel)
    for key in ("m0", "m1"):
        transcripts.correct(kept, "confirm", [key], {}, by=archivist)
    files = paths_of(deliver(reel, tmp_path / "a", "transcript"))
    text = files["transcript.machine-unreviewed.txt"].read_text()
    assert "Anna & Söhne (machine): Good" in text
    assert "MACHINE, UNREVIEWED: All 8 words were typed or checked by a person. The spea" in text
    (table,) = Document(str(files["transcript.machine-unreviewed.docx"])).tables
    first = [cell.text for cell in table.rows[1].cells]
    assert (first[1], first[3]) == (
        "Anna & Söhne (machine)",
        "anna; speaker by a machine, unreviewed",
    )
    for kind, ending, name in (
        ("vtt", "vtt", "<v Anna &amp; Söhne (machine)>"),
        ("imsc", "ttml", "Anna &amp; Söhne (machine)<"),
        ("ass", "ass", "Anna & Söhne (machine)"),
    ):
        made = paths_of(deliver(reel, tmp_path / kind, kind))
        assert name in made[f"subtitles.machine-unreviewed.{ending}"].read_text()
    sidecar = json.loads(
        paths_of(deliver(reel, tmp_path / "b", "edl"))["timeline.json"].read_text()
    )
    said = sidecar["scenes"][0]["transcript"][0]
    assert (said["speaker"], said["state"], said["answered_by"]) == (
        "Anna & Söhne (machine)",
        "speaker by a machine, unreviewed",
        [],
    )
    with pytest.raises(DeliveryRefused, match="nobody answers for 1 of 2 lines"):
        deliver(reel, tmp_path / "c", "vtt", use="forensic")


def test_every_subtitle_format_has_the_cues_frame_by_frame(reel: Reel, tmp_path: Path) -> None:
    say(reel)
    rate = current_scan(reel).rate
    made = {kind: paths_of(deliver(reel, tmp_path / kind, kind)) for kind in
            ("srt", "vtt", "imsc", "ass")}  # fmt: skip
    srt = read_srt(made["srt"]["subtitles.machine-unreviewed.srt"].read_bytes(), rate=rate)
    vtt = read_vtt(made["vtt"]["subtitles.machine-unreviewed.vtt"].read_bytes(), rate=rate)
    places = [(cue.start_frame, cue.end_frame) for cue in srt]
    assert places == [(cue.start_frame, cue.end_frame) for cue in vtt]
    assert [cue.text for cue in vtt] == [each.text for each in LINES]
    imsc = made["imsc"]["subtitles.machine-unreviewed.ttml"].read_text()
    assert all(f'begin="{start}f" end="{end}f"' in imsc for start, end in places)
    assert "MACHINE, UNREVIEWED" in made["ass"]["subtitles.machine-unreviewed.ass"].read_text()


def test_broadcast_waits_for_a_person_to_answer_for_the_lines(reel: Reel, tmp_path: Path) -> None:
    say(reel)
    with pytest.raises(DeliveryRefused, match="nobody answers for 2 of 2 lines"):
        deliver(reel, tmp_path / "out", "vtt", use="forensic")
    assert not (tmp_path / "out").exists()


def test_a_reel_without_a_transcript_says_what_to_run(
    reel: Reel, archivist: User, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryFailed, match="run the stage transcribe"):
        deliver(reel, tmp_path / "out", "srt")
    with pytest.raises(DeliveryFailed, match="run the stage transcribe"):
        requests.ask(reel, format="srt", use="exhibition", by=archivist)
    made = deliver(reel, tmp_path / "out", "all")
    assert not any("subtitles" in name for name in paths_of(made))


def test_timelines_carry_each_line_in_its_scene(
    reel: Reel, archivist: User, tmp_path: Path
) -> None:
    transcripts.correct(say(reel), "confirm", ["m1"], {}, by=archivist)
    timeline = otio.adapters.read_from_file(
        str(paths_of(deliver(reel, tmp_path / "a", "otio"))["timeline.otio"])
    )
    clips = [clip.metadata["reelproof"]["transcript"] for clip in timeline.find_clips()][:2]
    assert [[said["text"] for said in clip] for clip in clips] == [
        [LINES[0].text],
        [LINES[1].text],
    ]
    assert list(clips[1][0]["answered_by"]) == ["anna"]
    assert timeline.metadata["reelproof"]["transcript"]["state"].endswith("1 of 2 lines")
    sidecar = json.loads(
        paths_of(deliver(reel, tmp_path / "b", "edl"))["timeline.json"].read_text()
    )
    assert sidecar["scenes"][0]["transcript"][0]["state"] == "machine, unreviewed"


def test_the_viewing_copy_has_them_as_a_track_and_scenes_as_chapters(
    reel: Reel, tmp_path: Path
) -> None:
    say(reel)
    made = deliver(reel, tmp_path / "out", "mp4")
    path = paths_of(made)["viewing.mp4"]
    (told,) = made.record["additions"]
    assert (told["label"], told["over_picture"]) == ("SYNTHESISED", False)
    (signed,) = [each for each in credentials.read(path).actions if each.get("description") ==
                 told["says"]]  # fmt: skip
    assert "machine, unreviewed: 2 of 2 lines" in signed["description"]
    assert signed["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        assert stream.metadata["language"] == "eng"
        assert stream.metadata["handler_name"] == "Subtitles (machine, unreviewed)"
        shown = [packet for packet in container.demux(stream) if packet.size > 2]
        texts = [bytes(packet)[2:].decode() for packet in shown]
        chapters = [
            (chapter["metadata"]["title"], chapter["start"] * chapter["time_base"])
            for chapter in container.chapters()
        ]
    assert [text.replace("\u2060", "") for text in texts] == [each.text for each in LINES]
    assert chapters == [("Scene 1", 0), ("Scene 2", 2)]


def test_the_copy_in_webm_has_them_as_a_track_too_with_every_sign(
    reel: Reel, tmp_path: Path
) -> None:
    say(reel)
    made = deliver(reel, tmp_path / "out", "webm")
    assert [told["what"] for told in made.record["additions"]] == ["subtitle track"]
    with av.open(str(paths_of(made)["viewing.webm"])) as container:
        stream = container.streams.subtitles[0]
        assert stream.codec_context.name == "webvtt"
        assert stream.metadata["title"] == "Subtitles (machine, unreviewed)"
        shown = [packet for packet in container.demux(stream) if packet.size]
        cues = [(packet.pts, packet.duration, bytes(packet).decode()) for packet in shown]
    assert [html.unescape(text).replace("\u2060", "") for _, _, text in cues] == [
        each.text for each in LINES
    ]
    assert "<is>" not in cues[1][2], "a reader would take it for a tag"
    assert [start for start, _, _ in cues] == [0, 2000], "snapped to the cuts, frames 0 and 16"
