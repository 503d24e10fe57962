"""The timeline says the same when OpenTimelineIO reads it back, exact to the frame at any rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from review.formats.edition import Edition, Remark
from review.formats.otio import MASTER, SCAN, TAKE, build_timeline, write_timeline
from review.formats.timeline import of_reel
from tests.review.formats.editions import make_edition

RATES = [Fraction(16), Fraction(18), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)]


def read_back(path: Path, edition: Edition, **more: Any) -> Any:
    write_timeline(path, of_reel(edition, **more))
    return otio.adapters.read_from_file(str(path))


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_every_clip_covers_exactly_its_frames(tmp_path: Path, rate: Fraction) -> None:
    edition = make_edition(rate)
    timeline = read_back(tmp_path / "t.otio", edition)
    for clip, scene in zip(timeline.video_tracks()[0], edition.scenes, strict=True):
        assert clip.source_range.start_time.value == scene.start_frame
        assert clip.source_range.duration.value == scene.frames
        assert Fraction(clip.source_range.start_time.rate).limit_denominator(1001) == rate
        placed = clip.range_in_parent()
        assert (placed.start_time.value, placed.duration.value) == (
            scene.start_frame,
            scene.frames,
        )
    assert timeline.duration().value == edition.scan.frames
    assert timeline.metadata["reelproof"]["rate"] == f"{rate.numerator}/{rate.denominator}"


def test_what_is_read_back_equals_what_was_written(tmp_path: Path) -> None:
    edition = make_edition(Fraction(25), start="01:00:00:00")
    again = read_back(tmp_path / "t.otio", edition)
    assert again.is_equivalent_to(build_timeline(of_reel(edition)))


@pytest.mark.parametrize(
    ("rate", "start", "frames"),
    [
        (Fraction(24), "01:00:00:00", 86400),
        (Fraction(24000, 1001), "01:00:00:00", 86400),
        (Fraction(30000, 1001), "01:00:00;00", 107892),
        (Fraction(18), "00:01:00:05", 1085),
    ],
)
def test_it_starts_at_the_scans_timecode(
    tmp_path: Path, rate: Fraction, start: str, frames: int
) -> None:
    timeline = read_back(tmp_path / "t.otio", make_edition(rate, start=start))
    assert timeline.global_start_time.value == frames
    first = timeline.video_tracks()[0][0]
    assert first.source_range.start_time.value == frames
    scan = first.media_references()[SCAN]
    assert scan.available_range.start_time.value == frames


def test_scan_and_take_are_alternative_media_with_digests(tmp_path: Path) -> None:
    timeline = read_back(tmp_path / "t.otio", make_edition(Fraction(25)))
    for number, clip in enumerate(timeline.video_tracks()[0], start=1):
        references = clip.media_references()
        assert set(references) == {SCAN, TAKE}
        assert clip.active_media_reference_key == TAKE
        assert references[SCAN].target_url == "file:///films/harbour%20day.mkv"
        assert references[SCAN].metadata["reelproof"]["sha256"] == "a" * 64
        assert references[TAKE].metadata["reelproof"]["sha256"] == "c" * 64
        assert references[TAKE].metadata["reelproof"]["manifest_digest"] == f"{number}" * 64
        assert references[TAKE].available_range == clip.source_range


def test_a_master_beside_it_is_the_active_media(tmp_path: Path) -> None:
    master = (tmp_path / "master.mkv", "f" * 64)
    timeline = read_back(tmp_path / "t.otio", make_edition(Fraction(25)), master=master)
    clip = timeline.video_tracks()[0][1]
    assert clip.active_media_reference_key == MASTER
    assert clip.media_reference.target_url == "master.mkv"
    assert clip.media_reference.available_range.duration.value == 200


def test_approval_and_provenance_travel_with_each_clip(tmp_path: Path) -> None:
    timeline = read_back(tmp_path / "t.otio", make_edition(Fraction(25)))
    facts = timeline.video_tracks()[0][0].metadata["reelproof"]
    assert dict(facts["approval"]) == {
        "by": "Anna",
        "at": "2026-11-22T10:00:00+00:00",
        "digest": "1" * 64,
        "comment": "fine",
    }
    assert facts["provenance"]["structure"]["RECOVERED"] == 10
    assert list(facts["stages"]) == ["deflicker", "repair"]
    assert [each["settings"]["strength"] for each in facts["treatments"]] == [1, 1]


def test_notes_become_markers_at_their_frames(tmp_path: Path) -> None:
    edition = make_edition(Fraction(24000, 1001), start="10:00:00:00")
    remark = Remark(40, 43, "hair in the gate\nsee the print", "Rosa", "2026-11-22", resolved=False)
    noted = replace(edition.scenes[1], remarks=(remark,))
    timeline = read_back(tmp_path / "t.otio", replace(edition, scenes=(edition.scenes[0], noted)))
    (marker,) = timeline.video_tracks()[0][1].markers
    assert marker.name == "hair in the gate"
    assert marker.comment == "hair in the gate\nsee the print"
    assert marker.marked_range.start_time.value == 864000 + 40
    assert marker.marked_range.duration.value == 3
    assert marker.metadata["reelproof"]["by"] == "Rosa"


def test_each_sound_track_of_the_scan_is_there_whole_and_there_are_no_gaps(tmp_path: Path) -> None:
    timeline = read_back(tmp_path / "t.otio", make_edition(Fraction(25)))
    tracks = timeline.audio_tracks()
    assert [track[0].metadata or track[0].name for track in tracks] == ["Sound 1", "Sound 2"]
    for track in tracks:
        assert track[0].source_range.duration.value == 200
    assert not timeline.find_children(descended_from_type=otio.schema.Gap)
