"""AAF means the same frames, read by its own library and by OpenTimelineIO's adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from review.formats import aaf
from review.formats.edition import DeliveryError
from review.formats.timeline import of_reel
from review.formats.timelines import write_timelines
from tests.review.formats.test_timelines import CASES, Case, edition_of, small, wanted

needs_the_package = pytest.mark.skipif(
    not aaf.is_installed(), reason="pyaaf2 is not there: make test installs it, as [aaf]"
)


QUICK = "29.97 drop from 23:59:50"
"""The one case that is read back by default: a file takes its library a second."""


@pytest.fixture(
    params=[
        pytest.param(case, marks=() if str(case) == QUICK else pytest.mark.slow) for case in CASES
    ],
    ids=str,
)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    import aaf2

    with aaf2.open(str(path)) as file:
        yield file


def composition(file: Any) -> Any:
    (top,) = file.content.toplevel()
    return top


def slots(mob: Any, kind: str) -> list[Any]:
    return [slot for slot in mob.slots if slot.media_kind.lower() == kind]


def cut(slot: Any) -> Iterator[tuple[int, Any]]:
    """Each component with the frame at which it begins."""
    for _, begins, component in slot.segment.positions():
        yield begins, component


def on_the_reel(clip: Any) -> tuple[Any, int]:
    """The tape at the end of a clip's chain, and the frame of it that the clip begins with."""
    at = clip.start
    while clip.mob.__class__.__name__ != "SourceMob" or clip.slot.segment.mob is not None:
        clip = clip.slot.segment
        at += clip.start
    return clip.mob, at


@needs_the_package
def test_scenes_sound_and_timecode_are_exact(case: Case, tmp_path: Path) -> None:
    edition = edition_of(case)
    master = (tmp_path / "master.mkv", "f" * 64) if case.master else None
    path = tmp_path / "timeline.aaf"
    aaf.write_aaf(path, of_reel(edition, master))
    scan = edition.scan
    with opened(path) as file:
        top = composition(file)
        timed = [slot for slot in top.slots if hasattr(slot, "edit_rate")]
        assert {Fraction(str(slot.edit_rate)) for slot in timed} == {scan.rate}
        (pictures,), (code,) = slots(top, "picture"), slots(top, "timecode")
        assert code.segment.start == scan.start_count
        assert code.segment.fps == round(scan.rate)
        assert code.segment.drop == (";" in scan.start_timecode)
        clips = [(at, each) for at, each in cut(pictures) if type(each).__name__ == "SourceClip"]
        assert [(at, at + clip.length) for at, clip in clips] == wanted(edition)
        gaps = [(at, each.length) for at, each in cut(pictures) if (at, each) not in clips]
        assert gaps == [(37, 363)] and pictures.length == scan.frames
        for at, clip in clips:
            tape, frame = on_the_reel(clip)
            assert (tape.name, frame) == ("R0000012", at)
            (tape_code,) = slots(tape, "timecode")
            assert tape_code.segment.start == scan.start_count
            assert clip.start == (at if case.master else 0)
            held = clip.mob.slot_at(1).segment.mob.descriptor
            assert held.length >= clip.start + clip.length
        for number, slot in enumerate(slots(top, "sound"), start=1):
            ((at, clip),) = cut(slot)
            assert (at, clip.length, clip.slot_id) == (0, scan.frames, number)
    read = otio.adapters.read_from_file(str(path))
    assert read.global_start_time.value == scan.start_count
    found = [
        round(each.source_range.start_time.value) - scan.start_count
        for each in read.video_tracks()[0].find_clips()
        if isinstance(each.media_reference, otio.schema.ExternalReference)
    ]
    assert found == [first for first, _ in wanted(edition)]


@needs_the_package
@pytest.mark.slow
def test_markers_takes_and_approvals_are_on_the_clips(tmp_path: Path) -> None:
    odd = replace(small(), title="Hafen\x07 für Łódź")
    (first, last) = odd.scenes
    unapproved = replace(last, decision=None)
    path = tmp_path / "timeline.aaf"
    aaf.write_aaf(path, of_reel(replace(odd, scenes=(first, unapproved))))
    with opened(path) as file:
        top = composition(file)
        assert top.name == "Hafen\ufffd für Łódź, reel 1"
        assert dict(top.comments.items())["Rate"] == "25/1"
        told = [
            clip["ComponentAttributeList"].value[0]["Value"].value
            for _, clip in cut(slots(top, "picture")[0])
        ]
    assert told[0] == f"repair take 1, restoration; manifest {'1' * 64}; approved by Anna"
    assert told[1].endswith("; not approved")


@needs_the_package
@pytest.mark.slow
def test_notes_and_made_frames_are_markers_with_their_length(tmp_path: Path) -> None:
    path = tmp_path / "timeline.aaf"
    aaf.write_aaf(path, of_reel(edition_of(Case("25", "01:00:00", master=False))))
    with opened(path) as file:
        (slot,) = slots(composition(file), "descriptivemetadata")
        found = [
            (
                each["Position"].value,
                each.length,
                each["Comment"].value,
                each["DescribedSlots"].value,
            )
            for each in slot.segment.components
        ]
    assert found == [
        (402, 98, "machine-made, structure", {2}),
        (1450, 3, "hair in the gate\nsee the print (Rosa)", {2}),
    ]
    read = otio.adapters.read_from_file(str(path))
    clips = [each for each in read.video_tracks()[0].find_clips() if each.markers]
    assert [(mark.color, mark.name.split(",")[0]) for mark in clips[-1].markers] == [
        ("MAGENTA", "machine-made"), ("RED", "hair in the gate\nsee the print (Rosa)"),
    ]  # fmt: skip


@needs_the_package
@pytest.mark.slow
def test_two_scenes_of_the_same_bytes_stay_two_files(tmp_path: Path) -> None:
    path = tmp_path / "timeline.aaf"
    aaf.write_aaf(path, of_reel(small()))  # both takes have one digest
    with opened(path) as file:
        clips = [clip for _, clip in cut(slots(composition(file), "picture")[0])]
        assert [on_the_reel(clip)[1] for clip in clips] == [0, 37]


@needs_the_package
@pytest.mark.slow
def test_the_same_file_has_the_same_id_in_every_delivery(tmp_path: Path) -> None:
    ids = []
    for name in ("one.aaf", "two.aaf"):
        aaf.write_aaf(tmp_path / name, of_reel(small()))
        with opened(tmp_path / name) as file:
            ids.append({str(mob.mob_id) for mob in file.content.mobs})
    assert ids[0] == ids[1] and len(ids[0]) == 9


@needs_the_package
@pytest.mark.slow
def test_the_sidecar_says_what_aaf_leaves_out(tmp_path: Path) -> None:
    paths = write_timelines(tmp_path, small(), ["aaf"])
    assert [path.name for path in paths] == ["timeline.aaf", "timeline.json"]
    assert "lines of the transcript" in paths[1].read_text()


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aaf, "PACKAGE", "aaf2_that_is_not_there")
    with pytest.raises(DeliveryError, match=r"pip install -c constraints\.txt pyaaf2"):
        write_timelines(tmp_path, small(), ["aaf"])
    assert not list(tmp_path.iterdir())
