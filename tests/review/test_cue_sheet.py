"""The cue sheet says by timecode what was made, by which stage, how much of it, and who decided."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from archive.models import Reel, Rights
from restoration.models import Scene, Take
from restoration.provenance import Label, Totals
from restoration.recording import FRAMES
from restoration.storage import storage
from review.cues import Link, chain_cues
from review.deliverables import DeliveryFailed, build_deliverable
from review.formats.cue_sheet import NOTHING, write_cue_sheet
from review.formats.cue_sheet_pdf import write_cue_sheet_pdf
from review.formats.spoken import Spoken, SpokenLine
from review.gate import FrameCounts
from review.override import Override
from tests import factories
from tests.restoration.speech.said import line
from tests.review.approved_reel import approve_all, current_scan, make_real_take, make_scanned_reel
from tests.review.formats.editions import make_edition
from tests.review.labelled_takes import CLEAN, SIZE, labelling


def counts(start: int, *made: int, of: int = 100) -> list[FrameCounts]:
    """Frames from `start` with that many made up pixels of `of`."""
    none, label = dict.fromkeys(Label, 0), Label.SYNTHESISED
    return [
        FrameCounts(
            start + place,
            Totals(
                none | {Label.ORIGINAL: of - each, label: each}, none | {Label.ORIGINAL: of}, of
            ),
        )
        for place, each in enumerate(made)
    ]


def link(stage: str, found: list[FrameCounts]) -> Link:
    return Link(stage, 1, "1", (), {}, found)


def test_what_a_later_stage_carries_on_is_the_earlier_ones() -> None:
    repair, grade = link("repair", counts(10, 0, 5, 7)), link("grade", counts(10, 0, 5, 9))
    first, second = chain_cues([repair, grade], apart=1)
    assert (first.stage, first.start_frame, first.end_frame, first.frames) == ("repair", 11, 13, 2)
    assert (first.most, round(first.mean, 6)) == (0.07, 0.06)
    assert (second.stage, second.start_frame, second.end_frame) == ("grade", 12, 13)
    assert second.most == pytest.approx(0.02)


def test_a_take_of_more_pixels_that_carries_labels_on_makes_nothing() -> None:
    grown = link("upscale", counts(0, 28, of=400))
    (cue,) = chain_cues([link("repair", counts(0, 7)), grown], apart=1)
    assert cue.stage == "repair"


def test_ranges_less_than_a_second_apart_are_one_cue_that_counts_its_frames() -> None:
    made = [4, 0, 0, 4, *[0] * 24, 4]
    cues = chain_cues([link("repair", counts(0, *made))], apart=24)
    spans = [(cue.start_frame, cue.end_frame, cue.frames) for cue in cues]
    assert spans == [(0, 4, 2), (28, 29, 1)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_reel_in_which_nothing_was_made_says_so(tmp_path: Path) -> None:
    edition = make_edition(Fraction(25), start="23:59:55:00")
    write_cue_sheet(tmp_path / "cues.csv", edition)
    (row,) = rows(tmp_path / "cues.csv")
    assert row["description"] == NOTHING
    assert (row["timecode in"], row["timecode out"]) == ("23:59:55:00", "00:00:03:00")


def test_what_is_said_is_a_row_of_its_own_and_is_whoever_s_answers_for_it(tmp_path: Path) -> None:
    lines = [line("Good evening.", 0.4, 1.2), line("The harbour is open.", 2.0, 3.2)]
    by_machine = tuple(
        SpokenLine(each, words_answered=False, speaker_answered=True) for each in lines
    )
    by_anna = tuple(
        SpokenLine(each, words_answered=True, speaker_answered=True, by=("Anna",)) for each in lines
    )
    heard = Spoken(1, "a" * 64, "tiny.en", "en", "", by_machine)
    edition = replace(make_edition(Fraction(25), start="01:00:00:00"), spoken=heard)
    write_cue_sheet(tmp_path / "machine.csv", edition)
    nothing, words = rows(tmp_path / "machine.csv")
    assert nothing["description"] == NOTHING, "which is said of picture and colour alone"
    assert (words["what"], words["made by"], words["software"]) == ("words", "machine", "tiny.en")
    assert (words["timecode in"], words["timecode out"]) == ("01:00:00:10", "01:00:03:05")
    assert words["decided by"] == "nobody: machine, unreviewed"
    checked = replace(edition, spoken=replace(heard, lines=by_anna), translation=heard)
    write_cue_sheet(tmp_path / "anna.csv", checked)
    _, words, translated = rows(tmp_path / "anna.csv")
    assert (words["made by"], words["decided by"]) == ("person", "Anna")
    assert translated["description"].startswith("translation of what is said, machine")


def test_it_names_all_who_decided_and_what_was_overridden_for_it(tmp_path: Path) -> None:
    edition = make_edition(Fraction(25))
    scene, (cue,) = edition.scenes[0], chain_cues([link("repair", counts(0, 4))], apart=1)
    assert scene.decision is not None
    both = (replace(scene.decision, by="Ben", at="2026-11-23"), scene.decision)
    word = Override("Anna", "the second reviewer is ill", ("people who approved",))
    unheard = SpokenLine(line("Yes.", 0, 1), words_answered=False, speaker_answered=True)
    told = replace(
        edition,
        spoken=Spoken(1, "a" * 64, "tiny.en", "en", "", (unheard,)),
        scenes=(replace(scene, cues=(cue,), approvals=both), edition.scenes[1]),
        policy={"override": word.as_json()},
    )
    write_cue_sheet(tmp_path / "cues.csv", told)
    row, words = rows(tmp_path / "cues.csv")
    assert row["decided by"] == "Ben; Anna"
    assert words["overridden for it"] == row["overridden for it"]
    assert row["decided at"].startswith("2026-11-23; 2026-11-22")
    assert row["overridden for it"] == ("people who approved, by Anna: the second reviewer is ill")


@pytest.mark.parametrize("before", ["", " ", "\n", "\r\n ", "\N{NO-BREAK SPACE}"])
def test_no_cell_is_run_by_a_spreadsheet(tmp_path: Path, before: str) -> None:
    edition = make_edition(Fraction(25))
    (cue,) = chain_cues([link("repair", counts(0, 4))], apart=1)
    scene = edition.scenes[0]
    by = before + '=HYPERLINK("x")'
    assert scene.decision is not None
    named = replace(scene, cues=(cue,), decision=replace(scene.decision, by=by))
    write_cue_sheet(tmp_path / "cues.csv", replace(edition, scenes=(named, edition.scenes[1])))
    (row,) = rows(tmp_path / "cues.csv")
    assert row["decided by"] == "'" + by


def test_the_printed_sheet_runs_over_pages_and_is_the_same_at_each_call(tmp_path: Path) -> None:
    edition = make_edition(Fraction(25), cuts=(0, 3000))
    cues = chain_cues([link("repair", counts(0, *([4] + [0] * 29) * 40))], apart=25)
    scene = edition.scenes[0]
    assert scene.decision is not None
    decision = replace(scene.decision, by="Анна <b> & Größe")
    named = replace(scene, cues=cues, decision=decision)
    told = replace(edition, title="Гавань & <Größe>", scenes=(named,))
    for name in ("one.pdf", "two.pdf"):
        write_cue_sheet_pdf(tmp_path / name, told)
    printed = (tmp_path / "one.pdf").read_bytes()
    assert printed.startswith(b"%PDF-") and printed == (tmp_path / "two.pdf").read_bytes()
    assert len(cues) == 40
    assert len(re.findall(rb"/Type /Page\b", printed)) == 3


@pytest.mark.django_db
def test_it_leaves_with_timecode_stage_share_rights_and_decision(
    settings: Any, tmp_path: Path, archivist: User
) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    reel = make_scanned_reel(
        tmp_path, frames=6, width=SIZE, height=SIZE, pixel="yuv420p", start_timecode="01:00:00:00"
    )
    Rights.objects.create(
        title=reel.title, statement="https://rightsstatements.org/vocab/InC/1.0/", holder="Union"
    )
    scene: Scene = factories.make_scene(scan=current_scan(reel), frames=(0, 6))
    wanted = [CLEAN] * 6
    wanted[2] = wanted[3] = (Label.SYNTHESISED, Label.HUMAN)
    make_real_take(scene, by=labelling(wanted, start=0))
    approve_all([scene], by=archivist)
    made = build_deliverable(
        reel, format="cues", use="exhibition", to=tmp_path / "out", by=archivist
    )
    assert [file["name"] for file in made.files] == [
        "cue-sheet.csv",
        "cue-sheet.pdf",
        "record.json",
    ]
    picture, colour = rows(Path(made.files[0]["path"]))
    assert (picture["what"], picture["made by"]) == ("picture", "machine")
    assert (colour["what"], colour["made by"]) == ("colour", "person")
    assert (picture["timecode in"], picture["timecode out"]) == ("01:00:00:02", "01:00:00:04")
    assert (picture["first frame"], picture["last frame"]) == ("2", "3")
    assert picture["largest share of a frame"] == "6.25\N{NO-BREAK SPACE}%"
    assert picture["software"] == "Reelproof labelled 1, take 1"
    assert picture["told to do"] == '{"by": 1}'
    assert picture["rights of the source"].endswith("vocab/InC/1.0/ (Union)")
    assert picture["decided by"] == "anna"


def chained_reel(folder: Path, by: User) -> tuple[Reel, list[Take]]:
    """A scene whose first stage made up a block of frame 2, and whose second carries it on."""
    reel = make_scanned_reel(folder, frames=6, width=SIZE, height=SIZE, pixel="yuv420p")
    scene: Scene = factories.make_scene(scan=current_scan(reel), frames=(0, 6))
    wanted = [CLEAN] * 6
    wanted[2] = (Label.SYNTHESISED, Label.SYNTHESISED)
    first = make_real_take(scene, by=labelling(wanted, start=0))
    last = make_real_take(scene, after=first)
    approve_all([scene], by=by)
    return reel, [first, last]


def lose(path: Path) -> None:
    path.unlink()


def cut_short(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def say_another_frame(path: Path) -> None:
    """The sums stay what they were; the digest in the manifest does not."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["frame"], lines[2]["frame"] = 2, 1
    lines.sort(key=lambda line: int(line["frame"]))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("format", "place", "harm"),
    [("cues", 0, lose), ("cues", 1, cut_short), ("cues", 0, say_another_frame), ("otio", 1, lose)],
)
def test_nothing_leaves_when_it_is_not_known_which_frames_were_made(
    settings: Any,
    tmp_path: Path,
    archivist: User,
    format: str,
    place: int,
    harm: Callable[[Path], None],
) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    reel, takes = chained_reel(tmp_path, archivist)
    harm(storage().folder(takes[place].storage_key) / FRAMES)
    out = tmp_path / "out"
    with pytest.raises(DeliveryFailed, match=f"{takes[place].stage} take 1 .*restore the file"):
        build_deliverable(reel, format=format, use="exhibition", to=out, by=archivist)
    assert not list(out.glob("*"))
