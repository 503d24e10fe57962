"""Every editing format, read back by another program's reader, means the same frames."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import opentimelineio as otio
import pycmx
import pytest
from opentimelineio.opentime import from_timecode

from review.formats.edition import DeliveryError, Edition, Marked, Remark
from review.formats.timelines import CANNOT, write_timelines
from review.formats.timelines import TIMELINES as ALL_TIMELINES
from tests.review.formats.editions import make_edition
from tests.review.formats.fcpxml_structure import problems
from tests.review.formats.mixed import RATES, STARTS

TIMELINES = tuple(name for name in ALL_TIMELINES if name != "aaf")
"""AAF is an optional package, and has its own tests."""
CUTS = (0, 37, 400, 401, 1500)
Spans = list[tuple[int, int]]
"""Frames of the reel at which each scene lies, half-open."""


@dataclass(frozen=True)
class Case:
    rate: str
    start: str
    master: bool
    """Whether a joined master lies beside the timelines."""

    def __str__(self) -> str:
        return f"{self.rate} from {self.start}{', master' if self.master else ''}"


CASES = [
    *(Case(rate, start, master=False) for rate in RATES for start in STARTS),
    *(Case(rate, "01:00:00", master=True) for rate in RATES),
]


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def edition(case: Case) -> Edition:
    return edition_of(case)


def edition_of(case: Case) -> Edition:
    """Four scenes, of which the second is left out: a gap of 363 frames."""
    exact, mark = RATES[case.rate]
    made = make_edition(exact, start=f"{case.start}{mark}00", cuts=CUTS)
    (first, _, *rest) = made.scenes
    remark = Remark(
        1450, 1453, "hair in the gate\nsee the print", "Rosa", "2026-11-22", resolved=False
    )
    marked = Marked(402, 500, "structure", "machine-made")
    last = replace(rest[-1], remarks=(remark,), marked=(marked,))
    return replace(made, scenes=(first, *rest[:-1], last), tape="R0000012")


def wanted(edition: Edition) -> Spans:
    return [(scene.start_frame, scene.end_frame) for scene in edition.scenes]


@pytest.fixture
def folder(case: Case, tmp_path: Path, edition: Edition) -> Path:
    master = (tmp_path / "master.mkv", "f" * 64) if case.master else None
    write_timelines(tmp_path, edition, TIMELINES, master=master)
    return tmp_path


def test_opentimelineio_places_every_scene(folder: Path, edition: Edition) -> None:
    timeline = otio.adapters.read_from_file(str(folder / "timeline.otio"))
    start = timeline.global_start_time.value
    assert start == edition.scan.start_count
    track = timeline.video_tracks()[0]
    found, sources = [], []
    for clip in track.find_clips():
        placed, source = clip.range_in_parent(), clip.source_range
        first = round(placed.start_time.value)
        found.append((first, first + round(placed.duration.value)))
        first = round(source.start_time.value - start)
        sources.append((first, first + round(source.duration.value)))
    assert found == sources == wanted(edition)
    assert timeline.duration().value == edition.scan.frames
    assert [gap.duration().value for gap in track.find_children(otio.schema.Gap)] == [363]
    for sound in timeline.audio_tracks():
        assert sound[0].source_range.duration.value == edition.scan.frames
    marked = {
        (marker.color, round(marker.marked_range.start_time.value - start))
        for clip in track.find_clips()
        for marker in clip.markers
    }
    assert marked == {("RED", 1450), ("MAGENTA", 402)}


def counted(text: str, rate: Fraction) -> int:
    """A timecode's count of frames: by OpenTimelineIO where it knows the rate."""
    if ";" in text:
        return int(from_timecode(text, float(rate)).value)
    hours, minutes, seconds, frames = (int(part) for part in text.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * round(rate) + frames


def in_a_day(rate: Fraction, *, drop: bool) -> int:
    return (
        counted("23:59:59;29" if rate < 31 else "23:59:59;59", rate) + 1
        if drop
        else (86400 * round(rate))
    )


def test_the_edit_decision_list_names_source_and_record(folder: Path, edition: Edition) -> None:
    path, rate = folder / "timeline.edl", edition.scan.rate
    drop = ";" in edition.scan.start_timecode
    with path.open(encoding="ascii") as file:
        read = pycmx.parse_cmx3600(file)
    assert read.title == "Harbour Day, reel 1"
    assert f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}\r\n" in path.read_bytes().decode()
    edits = [edit for event in read.events for edit in event.edits]
    sound, pictures = edits[0], [edit for edit in edits[1:] if edit.source != "BL"]
    day, start = in_a_day(rate, drop=drop), edition.scan.start_count

    def frames(first: str, last: str) -> tuple[int, int]:
        begin = (counted(first, rate) - start) % day
        return begin, begin + (counted(last, rate) - counted(first, rate)) % day

    records = [frames(edit.record_in, edit.record_out) for edit in pictures]
    sources = [frames(edit.source_in, edit.source_out) for edit in pictures]
    assert records == sources == wanted(edition)
    assert {edit.source for edit in pictures} == {"R0000012"}
    assert [edit.clip_name for edit in pictures] == ["Scene 1", "Scene 3", "Scene 4"]
    assert frames(sound.record_in, sound.record_out) == (0, edition.scan.frames)
    assert (sound.channels.a1, sound.channels.a2, sound.channels.video) == (True, True, False)
    (black,) = (edit for edit in edits if edit.source == "BL")
    assert frames(black.record_in, black.record_out) == (37, 400)
    assert counted(black.source_in, rate) == 0
    numbers = [event.number for event in read.events]
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))


def test_drop_frame_timecode_is_that_of_the_standard(edition: Edition, folder: Path) -> None:
    """No list names a number that drop-frame leaves out."""
    if ";" not in edition.scan.start_timecode:
        return
    dropped = {f"{number:02d}" for number in range(2 if edition.scan.rate < 31 else 4)}
    for line in (folder / "timeline.edl").read_text().splitlines():
        for word in line.split():
            if word.count(":") == 2 and ";" in word:
                minute, second, frame = word[3:5], word[6:8], word[9:]
                named = second == "00" and minute[1] != "0" and frame in dropped
                assert not named, word


def exact(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def test_fcpxml_is_exact_and_of_the_published_structure(
    case: Case, folder: Path, edition: Edition
) -> None:
    root, rate = ElementTree.parse(folder / "timeline.fcpxml").getroot(), edition.scan.rate
    assert problems(root) == []
    assert root.get("version") == "1.10"
    sequence = root.find(".//sequence")
    assert sequence is not None
    start = exact(sequence.attrib["tcStart"])
    assert start * rate == edition.scan.start_count
    assert sequence.attrib["tcFormat"] == ("DF" if ";" in edition.scan.start_timecode else "NDF")
    assert exact(sequence.attrib["duration"]) * rate == edition.scan.frames
    (form,) = root.iter("format")
    assert exact(form.attrib["frameDuration"]) == 1 / rate
    assets = {asset.attrib["id"]: asset for asset in root.iter("asset")}
    records, reached = [], Fraction(0)
    for item in sequence.findall("./spine/*"):
        offset, frames = exact(item.attrib["offset"]) - start, exact(item.attrib["duration"])
        assert offset == reached, "the spine has no holes"
        reached = offset + frames
        if item.tag == "asset-clip":
            span = (offset * rate, (offset + frames) * rate)
            records.append(span)
            asset = assets[item.attrib["ref"]]
            first = (exact(item.attrib["start"]) - exact(asset.attrib["start"])) * rate
            assert first == (span[0] if case.master else 0)
            assert exact(asset.attrib["duration"]) * rate >= first + frames * rate
    assert reached * rate == edition.scan.frames
    assert records == wanted(edition)
    local = Fraction(0) if not case.master else Fraction(400 + 1)
    at = {
        marker.attrib["value"]: exact(marker.attrib["start"]) * rate - local
        for marker in root.iter("marker")
    }
    last = edition.scenes[-1].start_frame
    assert at == {"hair in the gate": 1450 - last, "machine-made, structure": 402 - last}


def test_the_structure_is_really_checked(tmp_path: Path) -> None:
    write_timelines(tmp_path, small(), ["fcpxml"])
    root = ElementTree.parse(tmp_path / "timeline.fcpxml").getroot()
    clip = next(root.iter("asset-clip"))
    clip.set("frameDuration", "1/25s")
    clip.append(ElementTree.Element("note"))
    clip.set("ref", "r99")
    assert len(problems(root)) == 3


def number(element: ElementTree.Element, tag: str) -> int:
    text = element.findtext(tag)
    assert text is not None
    return int(text)


def test_final_cut_7_xml_counts_frames_in_sequence_and_file(
    case: Case, folder: Path, edition: Edition
) -> None:
    root, rate = ElementTree.parse(folder / "timeline.xml").getroot(), edition.scan.rate
    (sequence,) = root.findall("sequence")
    assert number(sequence, "duration") == edition.scan.frames
    for element in root.iter("rate"):
        ntsc = element.findtext("ntsc") == "TRUE"
        assert Fraction(number(element, "timebase")) * (Fraction(1000, 1001) if ntsc else 1) == rate
    timecode = sequence.find("timecode")
    assert timecode is not None
    assert number(timecode, "frame") == edition.scan.start_count
    text = timecode.findtext("string")
    assert text == edition.scan.start_timecode and counted(text, rate) == number(timecode, "frame")
    shown = "DF" if ";" in text else "NDF"
    assert {each.text for each in root.iter("displayformat")} == {shown}
    clips = sequence.findall("./media/video/track/clipitem")
    assert [(number(clip, "start"), number(clip, "end")) for clip in clips] == wanted(edition)
    files = {file.attrib["id"]: file for file in root.iter("file") if len(file)}
    for clip in clips:
        first, out = number(clip, "in"), number(clip, "out")
        assert out - first == number(clip, "end") - number(clip, "start")
        assert first == (number(clip, "start") if case.master else 0)
        file = clip.find("file")
        assert file is not None
        assert out <= number(files[file.attrib["id"]], "duration")
    marker = clips[-1].findall("marker")[-1]
    assert number(marker, "in") - number(clips[-1], "in") == 1450 - edition.scenes[-1].start_frame
    assert number(marker, "out") - number(marker, "in") == 3
    sounds = sequence.findall("./media/audio/track/clipitem")
    assert [(number(each, "start"), number(each, "end")) for each in sounds] == [(0, 1500)] * 2


def mlt_spans(root: ElementTree.Element) -> Iterator[tuple[int, int]]:
    position = 0
    for item in root.findall("./playlist[@id='pictures']/*"):
        if item.tag == "blank":
            position += int(item.attrib["length"])
            continue
        frames = int(item.attrib["out"]) - int(item.attrib["in"]) + 1
        yield position, position + frames
        position += frames


def test_mlt_has_a_profile_of_the_exact_rate_and_whole_frames(
    folder: Path, edition: Edition
) -> None:
    root = ElementTree.parse(folder / "timeline.mlt").getroot()
    profile = root.find("profile")
    assert profile is not None
    shown = Fraction(int(profile.attrib["frame_rate_num"]), int(profile.attrib["frame_rate_den"]))
    assert shown == edition.scan.rate
    assert list(mlt_spans(root)) == wanted(edition)


def test_the_sidecar_holds_what_the_others_cannot(folder: Path, edition: Edition) -> None:
    told: dict[str, Any] = json.loads((folder / "timeline.json").read_text())
    assert [tuple(scene["frames"]) for scene in told["scenes"]] == wanted(edition)
    assert told["gaps"] == [[37, 400]]
    assert Fraction(told["rate"]) == edition.scan.rate
    assert told["start_timecode"] == edition.scan.start_timecode
    assert told["scenes"][-1]["notes"][0]["text"] == "hair in the gate\nsee the print"
    assert told["scenes"][-1]["marked"][0]["frames"] == [402, 500]
    assert told["scenes"][0]["take"]["manifest_digest"] == "1" * 64
    assert set(told["files"]) == {
        "timeline.edl", "timeline.xml", "timeline.fcpxml", "timeline.mlt",
    }  # fmt: skip
    assert all(file["cannot_carry"] for file in told["files"].values())
    assert set(CANNOT) == set(ALL_TIMELINES) - {"otio"}


def small(rate: Fraction = Fraction(25), **more: Any) -> Edition:
    return make_edition(rate, **more)


def test_characters_that_xml_cannot_hold_break_no_file(tmp_path: Path) -> None:
    edition = small()
    scene, odd = edition.scenes[0], "dust\x0b \x07bell \ufffe"
    remark = Remark(0, 2, odd, "anna\x01", "2026-01-01T00:00:00", False)
    scene = replace(scene, remarks=(remark,))
    told = replace(edition, title=f"Harbour{odd}", scenes=(scene, *edition.scenes[1:]))
    paths = {path.suffix: path for path in write_timelines(tmp_path, told, TIMELINES)}
    for suffix in (".xml", ".fcpxml", ".mlt"):
        ElementTree.parse(paths[suffix])
    comment = next(ElementTree.parse(paths[".xml"]).iter("marker")).findtext("comment")
    assert comment is not None and "dust\ufffd \ufffdbell" in comment
    assert "\x07" not in paths[".edl"].read_text()


def test_scenes_that_overlap_are_refused(tmp_path: Path) -> None:
    edition = small()
    early = replace(edition.scenes[1], start_frame=30)
    with pytest.raises(DeliveryError, match="Scene 2 begins at frame 30"):
        write_timelines(tmp_path, replace(edition, scenes=(edition.scenes[0], early)), ["edl"])


def test_a_list_of_more_than_999_events_becomes_several(tmp_path: Path) -> None:
    edition = small(cuts=tuple(range(0, 2 * 1201, 2)))
    paths = write_timelines(tmp_path, edition, ["edl"])
    assert [path.name for path in paths] == ["timeline-1.edl", "timeline-2.edl", "timeline.json"]
    found = []
    for path in paths[:2]:
        with path.open() as file:
            read = pycmx.parse_cmx3600(file)
        assert path.stem[-1] in read.title
        events = list(read.events)
        assert len(events) <= 999
        found += [counted(edit.record_in, Fraction(25)) for event in events for edit in event.edits]
    assert found == [0, *range(0, 2 * 1200, 2)]


def test_letters_that_a_list_cannot_write_are_spelt_and_never_break_a_line(
    tmp_path: Path,
) -> None:
    note = Remark(1, 2, "Grüße aus Łódź\n001  X  V  C", "Zoë", "2026", resolved=True)
    edition = small()
    scene = replace(edition.scenes[0], remarks=(note,))
    named = replace(edition, title="Größe\r\n002", scenes=(scene, edition.scenes[1]))
    (path, _) = write_timelines(tmp_path, named, ["edl"])
    text = path.read_text(encoding="ascii")
    assert "TITLE: Grosse 002, reel 1\n" in text
    assert "GREEN   Grusse aus Lodz" in text
    with path.open() as file:
        assert len(list(pycmx.parse_cmx3600(file).events)) == 3


@pytest.mark.parametrize(
    ("tracks", "channel", "more"), [(1, "A   ", ""), (4, "AA", "AUD   3    4")]
)
def test_sound_tracks_are_channels(tmp_path: Path, tracks: int, channel: str, more: str) -> None:
    edition = small()
    scan = replace(edition.scan, audio=({"codec": "pcm_s16le"},) * tracks)
    (path, _) = write_timelines(tmp_path, replace(edition, scan=scan), ["edl"])
    text = path.read_text()
    assert f"001  REEL     {channel}" in text
    assert not more or more in text


def test_all_who_approved_are_named_in_every_format(tmp_path: Path) -> None:
    edition = small()
    scene = edition.scenes[0]
    assert scene.decision is not None
    both = replace(scene, approvals=(replace(scene.decision, by="Ben"), scene.decision))
    write_timelines(tmp_path, replace(edition, scenes=(both, edition.scenes[1])), TIMELINES)
    assert "* APPROVAL: BY Ben, Anna" in (tmp_path / "timeline.edl").read_text()
    assert "approved by Ben, Anna" in (tmp_path / "timeline.xml").read_text()
    assert "approved by Ben, Anna" in (tmp_path / "timeline.fcpxml").read_text()
    assert '"by": "Ben"' in (tmp_path / "timeline.json").read_text()


def test_a_reel_without_approval_says_so_in_every_format(tmp_path: Path) -> None:
    edition = small()
    unapproved = replace(edition.scenes[0], decision=None, unapproved="nobody has approved it.")
    write_timelines(tmp_path, replace(edition, scenes=(unapproved, edition.scenes[1])), TIMELINES)
    assert "* APPROVAL: NOT APPROVED" in (tmp_path / "timeline.edl").read_text()
    assert "not approved" in (tmp_path / "timeline.xml").read_text()
    assert "not approved" in (tmp_path / "timeline.fcpxml").read_text()
    assert "nobody has approved it." in (tmp_path / "timeline.json").read_text()
    assert "nobody has approved it." in (tmp_path / "timeline.otio").read_text()
