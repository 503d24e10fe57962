"""Broken and hostile descriptions, spreadsheets, subtitles, timelines and corrections of colour.

Each reader takes what it can read and refuses the rest by its own error, quickly.
"""

from __future__ import annotations

import io
import json
import resource
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import openpyxl
import opentimelineio as otio
import pytest

from archive import exchange
from archive.metadata import spreadsheet
from archive.metadata.record import NotARecord
from restoration.speech.transcript import TranscriptError
from restoration.stages.grade.cdl import Cdl
from restoration.stages.grade.cdl_file import CdlFileError, read_cdl, write_cdl
from review import transcript_files
from review.formats.otio import NAMESPACE
from review.formats.subtitles import SubtitleError
from review.reel_bag import TIMELINE
from review.reel_bag.errors import BagRefused
from review.reel_bag.timeline import check_timeline
from tests.fixtures.mutation import mutations

EACH = 150
SECONDS_EACH = 2.0
MOST_KIB = 256 << 10
"""By how much the process may grow over all mutations of a kind."""
RATE = Fraction(24000, 1001)

PBCORE = """<?xml version="1.0" encoding="UTF-8"?>
<pbcoreDescriptionDocument xmlns="http://www.pbcore.org/PBCore/PBCoreNamespace.html">
<pbcoreAssetDate dateType="created">1921~</pbcoreAssetDate>
<pbcoreIdentifier source="archive">R-1</pbcoreIdentifier>
<pbcoreTitle>Harbour Day</pbcoreTitle>
<pbcoreDescription>Boats &amp; people, é ü</pbcoreDescription>
<pbcoreCreator><creator>Anna Moe</creator><creatorRole>director</creatorRole></pbcoreCreator>
</pbcoreDescriptionDocument>"""
DUBLIN = """<?xml version="1.0"?><dc xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Harbour Day</dc:title><dc:date>1921</dc:date><dc:creator>Anna Moe</dc:creator></dc>"""
SRT = """1
00:00:01,000 --> 00:00:02,500
Farewell to <i>Earth</i>.

2
00:00:03,000 --> 00:00:04,000
- No.
"""
VTT = """WEBVTT

NOTE x

00:01.000 --> 00:02.500 line:0
<v Anna>Farewell.</v>

00:03.000 --> 00:04.000
No.
"""
CORRECTION = Cdl(slope=(1.1, 1, 1), offset=(0, 0, 0), power=(1, 1, 1), saturation=1)
CSV = 'title,date,country,notes\n"Harbour Day",1921,Norway,"a, b"\nFjord,19uu,,=1+1\n'
TRANSCRIPT = {
    "language": "en",
    "segments": [
        {
            "start": 0.1,
            "end": 1.5,
            "text": "Farewell to Earth.",
            "words": [{"text": "Farewell", "start": 0.1, "end": 0.9, "confidence": 0.9}],
        }
    ],
}


def workbook() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["title", "date"])
    book.active.append(["Harbour Day", 1921])
    book.save(out)
    return out.getvalue()


def timeline() -> bytes:
    said = {NAMESPACE: {"kind": "take", "manifest_digest": "ab"}}
    track = otio.schema.Track("picture")
    for number in range(3):
        media = otio.schema.ExternalReference(f"takes/{number}.mkv", metadata=said)
        track.append(otio.schema.Clip(f"scene {number}", media_reference=media))
    whole = otio.schema.Timeline("Harbour Day")
    whole.tracks.append(track)
    return otio.adapters.write_to_string(whole, "otio_json").encode()


def held_against(data: bytes, folder: Path) -> None:
    (folder / TIMELINE).write_bytes(data)
    check_timeline(folder, None, {"takes": [{"digest": "ab"}]})


def subtitles(name: str) -> Callable[[bytes, Path], object]:
    return lambda data, _folder: transcript_files.read(name, data, rate=RATE)


def sheet(name: str) -> Callable[[bytes, Path], object]:
    def read(data: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(data)
        return list(spreadsheet.read_rows(path))

    return read


READERS: dict[str, tuple[bytes, Callable[[bytes, Path], object], tuple[type[Exception], ...]]] = {
    "PBCore": (PBCORE.encode(), lambda data, _: exchange.read(data), (NotARecord,)),
    "Dublin Core": (DUBLIN.encode(), lambda data, _: exchange.read(data), (NotARecord,)),
    "CSV": (CSV.encode(), sheet("a.csv"), (NotARecord,)),
    "XLSX": (workbook(), sheet("a.xlsx"), (NotARecord,)),
    "SRT": (SRT.encode(), subtitles("a.srt"), (SubtitleError,)),
    "WebVTT": (VTT.encode(), subtitles("a.vtt"), (SubtitleError,)),
    "JSON": (
        json.dumps(TRANSCRIPT).encode(),
        subtitles("a.json"),
        (SubtitleError, TranscriptError),
    ),
    "OpenTimelineIO": (timeline(), held_against, (BagRefused,)),
    "CDL": (
        write_cdl(
            Cdl(slope=(1.1, 1, 1), offset=(0, 0, 0), power=(1, 1, 1), saturation=1), name="a"
        ),
        lambda data, _: read_cdl(data),
        (CdlFileError,),
    ),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_mutated_file_is_read_or_refused_in_words(kind: str, tmp_path: Path) -> None:
    original, read, refusals = READERS[kind]
    read(original, tmp_path)
    refused, before = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in mutations(original, EACH, seed=7):
        begun = time.monotonic()
        try:
            read(data, tmp_path)
        except refusals as error:
            refused += 1
            assert str(error).strip()
        assert time.monotonic() - begun < SECONDS_EACH
    assert 0 < refused <= EACH
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KIB


def test_brackets_without_end_in_a_timeline_are_refused(tmp_path: Path) -> None:
    deep = b'{"OTIO_SCHEMA":"Timeline.1","metadata":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises(BagRefused, match="cannot be read"):
        held_against(deep, tmp_path)


BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">{}]>
<dc xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title></dc>"""


def billion_laughs() -> bytes:
    more = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 12))
    return BOMB.format(more.replace("&b0;", "&b;"), "&b11;").encode()


def test_entities_that_grow_without_end_are_refused_by_every_reader_of_xml() -> None:
    with pytest.raises(NotARecord, match=r"document type|no XML"):
        exchange.read(billion_laughs())
    with pytest.raises(CdlFileError):
        read_cdl(billion_laughs())


def test_a_file_named_by_an_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not tell")
    outside = f'<!DOCTYPE a [<!ENTITY b SYSTEM "{secret.as_uri()}">]>'
    document = DUBLIN.replace("<dc ", outside + "<dc ").replace("Harbour Day", "&b;")
    with pytest.raises(NotARecord):
        exchange.read(document.encode())
