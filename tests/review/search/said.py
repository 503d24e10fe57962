"""Transcripts for tests of the search: lines of words, a second each."""

from __future__ import annotations

from archive.models import Reel, Scan
from restoration import transcripts
from restoration.models import Transcript
from restoration.speech.transcript import Transcript as Said
from tests import factories
from tests.restoration.speech.said import line


def reel_that_says(
    *texts: str, language: str = "en", speaker: str | None = None, access: str = "staff",
    title: str = "Harbour Day", year: str = "1912",
) -> Reel:  # fmt: skip
    element = factories.make_element(title=factories.make_title(title, year=year))
    reel = factories.make_reel(element=element, access=access)
    keep(factories.make_scan(reel=reel, frames=16 * (len(texts) + 2)), *texts,
         language=language, speaker=speaker)  # fmt: skip
    return reel


def keep(scan: Scan, *texts: str, language: str = "en", speaker: str | None = None) -> Transcript:
    lines = tuple(
        line(text, number, number + 0.9, speaker=speaker) for number, text in enumerate(texts)
    )
    return transcripts.keep(scan, Said(lines, language), source="test", maker="machine")
