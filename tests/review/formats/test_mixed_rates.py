"""Reels of several rates in one timeline: nothing is off by a frame, and nothing adds up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import opentimelineio as otio
import pycmx
import pytest
from pycmx.parse_cmx_statements import parse_cmx3600_statements
from pycmx.statements import StmtEvent, StmtUnrecognized

from review.formats import aaf
from review.formats.edition import DeliveryError, Edition
from review.formats.timeline import of_reel, of_title
from review.formats.timelines import write_all, write_timelines
from tests.review.formats.editions import make_edition
from tests.review.formats.fcpxml_structure import problems
from tests.review.formats.mixed import ALL, QUICK, Mixture, exact, nearest, spans
from tests.review.formats.test_timelines import counted, in_a_day, number

WRITTEN = ("otio", "edl", "fcp7", "fcpxml", "mlt")


@pytest.fixture(
    params=[pytest.param(each, marks=() if each in QUICK else pytest.mark.slow) for each in ALL],
    ids=str,
)
def mixture(request: pytest.FixtureRequest) -> Mixture:
    return request.param


def test_every_reader_finds_every_scene(mixture: Mixture, tmp_path: Path) -> None:
    """One test, since the five formats are written from one timeline."""
    editions = mixture.editions()
    timeline = of_title(editions, mixture.rate)
    write_all(tmp_path, timeline, WRITTEN)
    places = spans(editions, mixture.rate)
    opentimelineio_is_exact(tmp_path / "timeline.otio", mixture, editions)
    fcpxml_is_exact(tmp_path / "timeline.fcpxml", mixture, editions)
    held = [span for span in places if span[0] < span[1]]
    assert edl_places(tmp_path / "timeline.edl", mixture, editions) == held
    assert fcp7_places(tmp_path / "timeline.xml", mixture, editions) == held
    assert list(mlt_places(tmp_path / "timeline.mlt")) == held
    sidecar_has_the_remainder(tmp_path / "timeline.json", mixture, editions)


def scenes(editions: list[Edition]) -> Iterator[tuple[Edition, Any]]:
    return ((edition, scene) for edition in editions for scene in edition.scenes)


def opentimelineio_is_exact(path: Path, mixture: Mixture, editions: list[Edition]) -> None:
    timeline = otio.adapters.read_from_file(str(path))
    assert timeline.global_start_time.value == editions[0].scan.start_count
    assert timeline.global_start_time.rate == float(mixture.rate)
    track = timeline.video_tracks()[0]
    clips = list(track.find_clips())
    for clip, (edition, scene), (first, end) in zip(
        clips, scenes(editions), exact(editions), strict=True
    ):
        source, scan = clip.source_range, edition.scan
        assert source.start_time.value == scan.start_count + scene.start_frame
        assert source.duration.value == scene.frames
        rates = {source.start_time.rate, source.duration.rate}
        assert rates == {float(scan.rate)}
        for reference in clip.media_references().values():
            assert reference.available_range.duration.rate == float(scan.rate)
        placed = clip.range_in_parent()
        begins = placed.start_time.value / placed.start_time.rate
        assert begins == pytest.approx(float(first), abs=1e-6)
        lasts = placed.duration.value / placed.duration.rate
        assert lasts == pytest.approx(float(end - first), abs=1e-9)
    heard = timeline.audio_tracks()[0]
    for sound, edition in zip(heard, editions, strict=True):
        assert sound.source_range.duration.value == edition.scan.frames
    assert heard.duration().to_seconds() == pytest.approx(track.duration().to_seconds(), abs=1e-6)
    for reel, edition in zip(timeline.metadata["reelproof"]["reels"], editions, strict=True):
        assert Fraction(reel["rate"]) == edition.scan.rate


def seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def fcpxml_is_exact(path: Path, mixture: Mixture, editions: list[Edition]) -> None:
    root = ElementTree.parse(path).getroot()
    assert problems(root) == []
    sequence = root.find(".//sequence")
    assert sequence is not None
    start = seconds(sequence.attrib["tcStart"])
    assert start * mixture.rate == editions[0].scan.start_count
    formats = {each.attrib["id"]: each.attrib["frameDuration"] for each in root.iter("format")}
    assert 1 / seconds(formats[sequence.attrib["format"]]) == mixture.rate
    assets = {each.attrib["id"]: each for each in root.iter("asset")}
    reached, found = Fraction(0), []
    for item in sequence.findall("./spine/*"):
        offset, lasts = seconds(item.attrib["offset"]) - start, seconds(item.attrib["duration"])
        assert offset == reached, "the spine has no holes"
        reached = offset + lasts
        if item.tag == "asset-clip":
            found.append((offset, reached))
    assert found == list(exact(editions))
    clips = sequence.findall("./spine/asset-clip")
    for clip, (edition, scene) in zip(clips, scenes(editions), strict=True):
        asset, rate = assets[clip.attrib["ref"]], edition.scan.rate
        assert 1 / seconds(formats[asset.attrib["format"]]) == rate
        assert seconds(asset.attrib["duration"]) * rate == scene.frames
        assert seconds(clip.attrib["duration"]) * rate == scene.frames
        conformed = clip.find("conform-rate")
        assert (conformed is not None) == (rate != mixture.rate)
        assert conformed is None or conformed.attrib["scaleEnabled"] == "0"
    (marker,) = root.iter("marker")
    of_other = editions[1].scan.rate
    assert seconds(marker.attrib["start"]) * of_other == 1
    assert seconds(marker.attrib["duration"]) * of_other == 98


def edl_places(path: Path, mixture: Mixture, editions: list[Edition]) -> list[tuple[int, int]]:
    with path.open(encoding="ascii") as file:
        edits = [each for event in pycmx.parse_cmx3600(file).events for each in event.edits]
    rate, start = mixture.rate, editions[0].scan.start_count
    day = in_a_day(rate, drop=";" in editions[0].scan.start_timecode)
    by_tape = {edition.tape: edition for edition in editions}
    found, sources = [], []
    for edit in edits:
        first = (counted(edit.record_in, rate) - start) % day
        frames = (counted(edit.record_out, rate) - counted(edit.record_in, rate)) % day
        if not edit.channels.video or edit.source == "BL":
            continue
        found.append((first, first + frames))
        scan = by_tape[edit.source].scan
        begun, over = counted(edit.source_in, scan.rate), counted(edit.source_out, scan.rate)
        of_day = in_a_day(scan.rate, drop=";" in scan.start_timecode)
        at = (begun - scan.start_count) % of_day
        sources.append((edit.source, at, at + (over - begun) % of_day))
    held = [
        (edition.tape, scene.start_frame, scene.end_frame)
        for (edition, scene), (first, end) in zip(
            scenes(editions), spans(editions, rate), strict=True
        )
        if first < end
    ]
    assert sources == held
    speeds_are_those_of_the_sources(path, mixture, editions)
    return found


def speeds_are_those_of_the_sources(path: Path, mixture: Mixture, editions: list[Edition]) -> None:
    """Each event of the reel at another rate is followed by its speed, and no other event is."""
    with path.open(encoding="ascii") as file:
        statements = parse_cmx3600_statements(file)
    rate, other = mixture.rate, editions[1].scan.rate
    for event, following in itertools.pairwise(statements):
        if not isinstance(event, StmtEvent):
            continue
        is_other = event.source == editions[1].tape and rate != other
        is_motion = isinstance(following, StmtUnrecognized) and following.content.startswith("M2")
        assert is_motion == is_other
        if is_motion:
            _, tape, speed, trigger = following.content.split()
            assert (tape, trigger) == (event.source, event.source_in)
            wanted = other / rate * round(rate)
            assert abs(Fraction(speed) - wanted) <= Fraction(1, 2000)
            said = "SPEED ROUNDED" in path.read_text()
            assert said == (Fraction(speed) != wanted)


def fcp7_places(path: Path, mixture: Mixture, editions: list[Edition]) -> list[tuple[int, int]]:
    root = ElementTree.parse(path).getroot()
    sequence = root.find("sequence")
    assert sequence is not None
    assert rate_of(sequence) == mixture.rate
    files = {file.attrib["id"]: file for file in root.iter("file") if len(file)}
    names = [each.attrib["id"] for each in root.iter("clipitem")]
    assert len(set(names)) == len(names)
    clips = sequence.findall("./media/video/track/clipitem")
    by_name = {
        f"{edition.reel.capitalize()}, scene {scene.number}": (edition, scene)
        for edition, scene in scenes(editions)
    }
    for clip in clips:
        name, file = clip.findtext("name"), clip.find("file")
        assert name is not None and file is not None
        edition, scene = by_name[name]
        assert rate_of(clip) == rate_of(files[file.attrib["id"]]) == edition.scan.rate
        assert (number(clip, "in"), number(clip, "out")) == (0, scene.frames)
        assert number(files[file.attrib["id"]], "duration") == scene.frames
    sounds = sequence.findall("./media/audio/track[1]/clipitem")
    for sound, edition in zip(sounds, editions, strict=True):
        assert rate_of(sound) == edition.scan.rate
        assert (number(sound, "in"), number(sound, "out")) == (0, edition.scan.frames)
    assert [number(sounds[k], "end") for k in (0, 1)] == [
        number(sounds[k], "start") for k in (1, 2)
    ]
    return [(number(clip, "start"), number(clip, "end")) for clip in clips]


def rate_of(element: ElementTree.Element) -> Fraction:
    rate = element.find("rate")
    assert rate is not None
    ntsc = rate.findtext("ntsc") == "TRUE"
    return Fraction(number(rate, "timebase")) * (Fraction(1000, 1001) if ntsc else 1)


def mlt_places(path: Path) -> Iterator[tuple[int, int]]:
    position = 0
    for item in ElementTree.parse(path).getroot().findall("./playlist[@id='pictures']/*"):
        is_gap = item.tag == "blank"
        frames = (
            int(item.attrib["length"])
            if is_gap
            else int(item.attrib["out"]) - int(item.attrib["in"]) + 1
        )
        if not is_gap:
            yield position, position + frames
        position += frames


def sidecar_has_the_remainder(path: Path, mixture: Mixture, editions: list[Edition]) -> None:
    told = json.loads(path.read_text())
    records = [scene["record"] for reel in told["reels"] for scene in reel["scenes"]]
    for record, span in zip(records, exact(editions), strict=True):
        for frame, left, at in zip(record["frames"], record["remainder"], span, strict=True):
            assert (frame + Fraction(left)) / mixture.rate == at
            assert abs(Fraction(left)) <= Fraction(1, 2)
        assert tuple(map(Fraction, record["seconds"])) == span


needs_aaf = pytest.mark.skipif(not aaf.is_installed(), reason="pyaaf2 is not there")


@needs_aaf
@pytest.mark.slow
@pytest.mark.parametrize("mixture", QUICK, ids=str)
def test_aaf_keeps_each_files_own_rate(mixture: Mixture, tmp_path: Path) -> None:
    import aaf2

    editions, path = mixture.editions(), tmp_path / "timeline.aaf"
    aaf.write_aaf(path, of_title(editions, mixture.rate))
    with aaf2.open(str(path)) as file:
        (top,) = file.content.toplevel()
        (pictures,) = (slot for slot in top.slots if slot.media_kind.lower() == "picture")
        assert Fraction(str(pictures.edit_rate)) == mixture.rate
        clips = [
            (at, each)
            for _, at, each in pictures.segment.positions()
            if type(each).__name__ == "SourceClip"
        ]
        held = [span for span in spans(editions, mixture.rate) if span[0] < span[1]]
        assert [(at, at + clip.length) for at, clip in clips] == held
        told = [pair for pair, (a, b) in zip(scenes(editions), spans(editions, mixture.rate),
                                             strict=True) if a < b]  # fmt: skip
        for (_, clip), (edition, scene) in zip(clips, told, strict=True):
            of_file = clip.mob.slot_at(1).segment.mob
            (slot,) = of_file.slots
            assert Fraction(str(slot.edit_rate)) == edition.scan.rate
            assert (clip.start, slot.segment.length) == (0, scene.frames)
            assert (slot.segment.start, slot.segment.mob.name) == (scene.start_frame, edition.tape)
    read = otio.adapters.read_from_file(str(path))
    assert read.global_start_time.value == editions[0].scan.start_count


def silent(rate: Fraction, other: Fraction) -> Edition:
    """A reel without sound, of which the take of one scene has another rate."""
    edition = make_edition(rate, cuts=(0, 37, 200, 300))
    scan, (first, second, third) = replace(edition.scan, audio=()), edition.scenes
    form = replace(second.take.form, rate=other)
    second = replace(second, take=replace(second.take, form=form))
    return replace(edition, scan=scan, scenes=(first, second, third))


@pytest.mark.parametrize("other", [Fraction(16), Fraction(18), Fraction(25)], ids=str)
def test_a_take_of_another_rate_keeps_its_time(other: Fraction, tmp_path: Path) -> None:
    edition, rate = silent(Fraction(24), other), Fraction(24)
    write_timelines(tmp_path, edition, WRITTEN)
    edges = [0, Fraction(37, 24), 37 / rate + 163 / other, 37 / rate + 163 / other + 100 / rate]
    wanted = [(nearest(Fraction(a), rate), nearest(Fraction(b), rate))
              for a, b in itertools.pairwise(edges)]  # fmt: skip
    assert list(mlt_places(tmp_path / "timeline.mlt")) == wanted
    clips = ElementTree.parse(tmp_path / "timeline.xml").getroot().iter("clipitem")
    assert [(number(clip, "start"), number(clip, "end")) for clip in clips] == wanted
    read = otio.adapters.read_from_file(str(tmp_path / "timeline.otio"))
    changed = read.video_tracks()[0][1]
    assert changed.source_range.duration.rate == float(other)
    rates = {key: each.available_range.duration.rate
             for key, each in changed.media_references().items()}  # fmt: skip
    assert rates == {"scan": 24.0, "take": float(other)}
    assert "M2   REEL" in (tmp_path / "timeline.edl").read_text()


def test_a_take_of_another_rate_is_refused_where_it_would_leave_the_sound(tmp_path: Path) -> None:
    edition = silent(Fraction(25), Fraction(18))
    heard = replace(edition, scan=replace(edition.scan, audio=({"codec": "flac"},)))
    with pytest.raises(DeliveryError, match=r"take of scene 2 runs at 18/1.*reel's sound"):
        write_timelines(tmp_path, heard, WRITTEN)
    assert not list(tmp_path.iterdir())


def test_a_master_has_every_frame_at_the_reels_rate(tmp_path: Path) -> None:
    timeline = of_reel(silent(Fraction(25), Fraction(18)), (tmp_path / "master.mkv", "f" * 64))
    assert {shot.media.rate for shot in timeline.parts[0].shots} == {Fraction(25)}
    assert timeline.frames == 300


def test_a_title_may_be_laid_out_at_a_rate_of_its_own() -> None:
    editions = Mixture("24", "16", "01:00:00").editions()
    timeline = of_title(editions, Fraction(30000, 1001))
    assert timeline.timecode(0) == "01:00:00:00" and timeline.start_count == 108000
    assert timeline.frames == nearest(timeline.parts[-1].ends, Fraction(30000, 1001))


def test_a_title_runs_at_the_rate_of_its_fastest_reel() -> None:
    editions = Mixture("24", "50", "01:00:00").editions()
    timeline = of_title(editions)
    assert timeline.rate == 50 and timeline.timecode(0) == "01:00:00:00"
    assert all(timeline.span(shot)[0] < timeline.span(shot)[1] for _, shot in timeline.items)


def test_edges_never_add_up(tmp_path: Path) -> None:
    """A thousand scenes of a third of a frame too much each end where they should."""
    cuts = tuple(range(0, 7001, 7))
    first, rest = make_edition(Fraction(25), cuts=(0, 25)), make_edition(Fraction(18), cuts=cuts)
    timeline = of_title([first, replace(rest, reel="reel 2", tape="R2")])
    spans = [timeline.span(item) for _, item in timeline.items]
    assert all(end == begin for (_, end), (begin, _) in itertools.pairwise(spans))
    assert timeline.frames == nearest(1 + Fraction(7000, 18), Fraction(25)) == 9747
