"""Many lines are changed in one act: looked over first, attributed, and undone as one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from archive.models import Event
from restoration import cast, glossary, transcripts
from restoration.errors import TranscriptRefused
from restoration.models import Attribution, StageRun
from restoration.models import Transcript as Kept
from restoration.speech.transcript import Transcript
from review import custody_words
from review.speaking import name_speaker
from tests import factories
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db

SAID = (
    line("Hello, mr kellog.", 0.1, 0.8, speaker="Announcer"),
    line("Kellog is here, kellog!", 0.9, 1.6),
    line("Nobody else", 1.7, 2.2, speaker="Announcer"),
    line("Kellog", 2.3, 2.9, doubts=("no speech is heard here",)),
)


@pytest.fixture(autouse=True)
def static_folder(settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def kept() -> Kept:
    scan = factories.make_scan(frames=48, rate=16)
    return transcripts.keep(scan, Transcript(SAID, "en"), source="tiny.en", maker="machine")


@pytest.fixture
def client(archivist: User) -> Client:
    client = Client()
    client.force_login(archivist)
    return client


def texts(kept: Kept) -> list[str]:
    return [each.text for each in transcripts.layered(kept).shown]


def look(client: Client, kept: Kept, **asked: object) -> str:
    path = reverse("replace-transcript", args=[kept.scan.reel_id])
    return client.get(path, {"version": kept.number, **asked}).content.decode()


def do(client: Client, kept: Kept, lines: dict[str, str], **asked: object) -> str:
    path = reverse("replace-transcript", args=[kept.scan.reel_id])
    form = {"version": kept.number, "line": list(lines), **asked}
    form |= {f"seen-{key}": seen for key, seen in lines.items()}
    return client.post(path, form, follow=True).content.decode()


def test_a_replacement_is_looked_over_done_in_one_act_and_undone(
    client: Client, kept: Kept, archivist: User
) -> None:
    shown = look(client, kept, find="kellog", by="Kellogg")
    assert "4 places in 3 lines" in shown
    assert "Hello, mr Kellogg." in shown
    assert texts(kept) == [each.text for each in SAID], "looking changes nothing"
    lines = {"m0": SAID[0].text, "m1": SAID[1].text}
    assert "done in 2 lines" in do(client, kept, lines, find="kellog", by="Kellogg")
    assert texts(kept)[:2] == ["Hello, mr Kellogg.", "Kellogg is here, Kellogg!"]
    assert texts(kept)[3] == "Kellog", "a line that was not ticked stays"
    rows = list(kept.corrections.all())
    assert len({row.act for row in rows}) == 1
    assert {row.by for row in rows} == {archivist}
    event = Event.objects.get(kind="transcript lines changed together")
    assert custody_words.words(event).endswith("“kellog” to “Kellogg”, in 2 lines")
    client.post(reverse("undo-transcript", args=[kept.scan.reel_id]), {"version": 1})
    assert texts(kept) == [each.text for each in SAID]
    assert kept.corrections.filter(withdrawn__isnull=True).count() == 0


def test_word_times_and_labels_of_other_words_stay(client: Client, kept: Kept) -> None:
    before = transcripts.layered(kept).shown[1].words
    do(client, kept, {"m1": SAID[1].text}, find="kellog", by="Kellogg")
    after = transcripts.layered(kept).shown[1].words
    assert [(w.word.start, w.word.end) for w in after] == [
        (w.word.start, w.word.end) for w in before
    ]
    assert [w.label for w in after] == ["HUMAN", "MACHINE", "MACHINE", "HUMAN"]


def test_what_people_answer_for_can_be_left_alone(
    client: Client, kept: Kept, archivist: User
) -> None:
    transcripts.correct(kept, "confirm", ["m0"], {}, by=archivist)
    assert "3 places in 2 lines" in look(client, kept, find="kellog", by="Kellogg", machine="1")
    assert "2 places in 2 lines" in look(client, kept, find="Kellog", by="Kellogg", case="1")


def test_a_line_without_words_left_is_deleted(client: Client, kept: Kept) -> None:
    do(client, kept, {"m3": "Kellog"}, find="kellog", by="")
    assert texts(kept) == [each.text for each in SAID[:3]]


def test_nothing_is_done_if_one_line_was_changed_meanwhile(
    client: Client, kept: Kept, archivist: User
) -> None:
    transcripts.correct(kept, "text", ["m0"], {"text": "Hello, kellog!"}, by=archivist)
    lines = {"m0": SAID[0].text, "m1": SAID[1].text}
    shown = do(client, kept, lines, find="kellog", by="Kellogg")
    assert "some of these lines were changed meanwhile" in shown
    assert texts(kept)[1] == SAID[1].text


def test_one_line_of_an_act_or_all_of_it_can_be_taken_back(client: Client, kept: Kept) -> None:
    lines = {"m0": SAID[0].text, "m1": SAID[1].text}
    do(client, kept, lines, find="kellog", by="Kellogg")
    first = kept.corrections.first()
    assert first is not None
    client.post(reverse("withdraw-transcript-correction", args=[first.pk]))
    assert texts(kept)[:2] == [SAID[0].text, "Kellogg is here, Kellogg!"]
    act = reverse("withdraw-transcript-act", args=[kept.scan.reel_id, first.act])
    assert "Taken back in 1 lines" in client.post(act, {}, follow=True).content.decode()
    assert "taken back before" in client.post(act, {}, follow=True).content.decode()
    assert texts(kept) == [each.text for each in SAID]


def test_after_a_new_run_each_line_of_an_act_finds_its_own_place(
    client: Client, kept: Kept
) -> None:
    lines = {"m0": SAID[0].text, "m1": SAID[1].text}
    do(client, kept, lines, find="kellog", by="Kellogg")
    again = (SAID[0], line("Something else is said", 0.9, 1.6))
    new = transcripts.keep(kept.scan, Transcript(again, "en"), source="base", maker="machine")
    laid = transcripts.layered(new)
    assert [each.text for each in laid.shown] == ["Hello, mr Kellogg.", "Something else is said"]
    assert [each.key for each in laid.conflicts] == ["m1"]


def test_a_name_goes_to_a_line_or_everywhere_it_stands(kept: Kept, archivist: User) -> None:
    assert name_speaker(kept, "m1", "Kellogg", scope="line", by=archivist) == 1
    assert name_speaker(kept, "m0", "Narrator", scope="everywhere", by=archivist) == 2
    named = [each.speaker for each in transcripts.layered(kept).shown]
    assert named == ["Narrator", "Kellogg", "Narrator", None]
    with pytest.raises(TranscriptRefused, match="nobody is named in this line"):
        name_speaker(kept, "m3", "Narrator", scope="everywhere", by=archivist)


def test_a_name_goes_to_all_lines_of_a_voice_but_those_that_people_named(
    kept: Kept, archivist: User
) -> None:
    run = StageRun.objects.create(
        scan=kept.scan, stage=cast.STAGE, start_frame=0, end_frame=48, status="done", params={},
        queue="cpu", key="k", findings={},
    )  # fmt: skip
    for number, person in enumerate((1, 2, 1, 1)):
        Attribution.objects.create(
            line=kept.lines.get(number=number), run=run, state=cast.SPOKEN, person=person,
            confidence=0.9,
        )  # fmt: skip
    transcripts.correct(kept, "speaker", ["m3"], {"speaker": "Anna"}, by=archivist)
    assert name_speaker(kept, "m0", "Narrator", scope="voice", by=archivist) == 2
    named = [each.speaker for each in transcripts.layered(kept).shown]
    assert named == ["Narrator", None, "Narrator", "Anna"]


def test_a_voice_that_was_not_told_apart_names_nobody(client: Client, kept: Kept) -> None:
    path = reverse("speak-transcript", args=[kept.scan.reel_id])
    form = {"version": 1, "key": "m1", "speaker": "Anna", "scope": "voice"}
    assert "no voice was told apart" in client.post(path, form, follow=True).content.decode()
    assert kept.corrections.count() == 0


def test_a_line_is_shifted_by_frames_with_its_words(client: Client, kept: Kept) -> None:
    before = transcripts.layered(kept).shown[1]
    path = reverse("correct-transcript", args=[kept.scan.reel_id])
    form = {"version": 1, "kind": "times", "key": "m1", "shift": "-1", "seen": before.text}
    client.post(path, form)
    after = transcripts.layered(kept).shown[1]
    assert (after.start, after.end) == (before.start - 1000, before.end - 1000)
    assert [w.word.start for w in after.words] == [w.word.start - 1000 for w in before.words]
    client.post(path, form | {"shift": "-9999"})
    assert transcripts.layered(kept).lines[0].start == 0, "as far as the scan goes"


def test_the_doubtful_words_are_counted_and_lead_to_all_their_places(
    client: Client, kept: Kept
) -> None:
    page = reverse("transcript", args=[kept.scan.reel_id])
    shown = client.get(page).content.decode()
    assert "find=Kellog&amp;machine=1" in shown
    assert "1 of 4" in shown
    doubtful = client.get(page, {"show": "doubt"}).content.decode()
    assert ('id="m3"' in doubtful, 'id="m0"' in doubtful) == (True, False)


def test_a_glossary_is_kept_for_the_film_and_offered_to_the_next_run(
    client: Client, kept: Kept, archivist: User
) -> None:
    reel = kept.scan.reel
    client.post(reverse("add-term", args=[reel.pk]), {"term": "  Kellogg "})
    client.post(reverse("add-term", args=[reel.pk]), {"term": "Kellogg"})
    client.post(reverse("add-term", args=[reel.pk]), {"term": " "})
    assert [term.text for term in glossary.terms(reel.element.title)] == ["Kellogg"]
    client.post(reverse("transcribe-reel", args=[reel.pk]), {"glossary": "1"})
    client.post(reverse("transcribe-reel", args=[reel.pk]))
    client.post(reverse("transcribe-reel", args=[reel.pk]), {"translate": "1"})
    runs = StageRun.objects.filter(stage="transcribe").order_by("pk")
    assert [run.params["glossary"] for run in runs] == [["Kellogg"], [], []]
    assert [run.params["translate"] for run in runs] == [False, False, True]
    assert runs[0].key != runs[1].key
    term = glossary.terms(reel.element.title)[0]
    path = reverse("withdraw-term", args=[reel.pk, term.pk])
    client.post(path)
    assert "was taken off before" in client.post(path, follow=True).content.decode()
    assert glossary.offered(reel.element.title) == []


def test_the_cues_are_listed_with_the_rules_that_they_break(client: Client, kept: Kept) -> None:
    path = reverse("transcript-cues", args=[kept.scan.reel_id])
    shown = client.get(path, {"profile": "netflix-en"}).content.decode()
    assert "by Netflix" in shown
    broken = client.get(path, {"profile": "netflix-en", "rule": "broken"}).content.decode()
    assert "<strong>R1</strong>" in broken or "<strong>R7</strong>" in broken
    answer = client.get(path, {"profile": "bbc"}, headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<section id="cues"')


def test_beside_a_line_stand_its_cue_and_its_history(
    client: Client, kept: Kept, archivist: User
) -> None:
    transcripts.correct(kept, "text", ["m2"], {"text": "Nobody else, really."}, by=archivist)
    path = reverse("transcript-line", args=[kept.scan.reel_id])
    shown = client.get(path, {"key": "m2", "profile": "bbc"}).content.decode()
    assert "Nobody else, really." in shown
    assert f"Rewritten by {archivist}" in shown
    assert client.get(path, {"key": "m99"}).status_code == 404


def test_a_piece_is_all_lines_that_begin_in_it(client: Client, kept: Kept) -> None:
    path = reverse("transcript-lines", args=[kept.scan.reel_id])
    shown = client.get(path, {"piece": f"{SAID[1].start}:{SAID[3].start}"}).content.decode()
    assert [f'id="m{n}"' in shown for n in range(4)] == [False, True, True, False]
    assert client.get(path, {"piece": "x"}).status_code == 404
