"""The hits of a search as a file, written while it is read: CSV, TSV, JSON or SRT."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator

from review.formats.srt import escaped
from review.formats.subtitles import clock, milliseconds
from review.search.concordance import Hit

COLUMNS = (
    "title", "year", "reel", "kind", "start", "end", "start_frame", "end_frame", "rate", "speaker",
    "left", "hit", "right", "language", "answered_for", "address", "archive",
)  # fmt: skip
_ASKING = ("=", "+", "-", "@", "\t", "\r")


def record(hit: Hit, site: str) -> dict[str, str | int]:
    """All that is needed to cite a hit.

    Args:
        site: the address that links begin with, without a slash at its end.
    """
    line = hit.line
    title = line.reel.title
    return {
        "title": title.name,
        "year": title.year,
        "reel": line.reel.number,
        "kind": line.kind,
        "start": hit.start_timecode,
        "end": hit.end_timecode,
        "start_frame": line.start_frame,
        "end_frame": line.end_frame,
        "rate": str(line.scan.rate) if line.scan else "",
        "speaker": line.speaker,
        "left": hit.left,
        "hit": hit.hit,
        "right": hit.right,
        "language": line.language,
        "answered_for": hit.standing[0] or "people",
        "address": site + hit.address(),
        "archive": title.collection.name if title.collection else "",
    }


def as_csv(hits: Iterable[Hit], site: str, delimiter: str = ",") -> Iterator[str]:
    yield _row(COLUMNS, delimiter)
    for hit in hits:
        yield _row((_harmless(value) for value in record(hit, site).values()), delimiter)


def as_tsv(hits: Iterable[Hit], site: str) -> Iterator[str]:
    return as_csv(hits, site, "\t")


def as_json(hits: Iterable[Hit], site: str) -> Iterator[str]:
    yield "["
    for number, hit in enumerate(hits):
        yield (",\n" if number else "\n") + json.dumps(record(hit, site), ensure_ascii=False)
    yield "\n]\n"


def as_srt(hits: Iterable[Hit], site: str) -> Iterator[str]:
    """Each hit as a cue at its time in its reel, its reel and who answers for it said first."""
    number = 0
    for hit in hits:
        line = hit.line
        if line.scan is None:
            continue
        number += 1
        start, end = (
            clock(milliseconds(frame, line.scan.rate), mark=",")
            for frame in (line.start_frame, line.end_frame)
        )
        said = " ".join(line.text.split())
        named = f"[{line.reel}; {hit.standing[0] or 'people'}]"
        yield f"{number}\n{start} --> {end}\n{escaped(named)}\n{escaped(said)}\n\n"


FORMATS: dict[str, tuple[Callable[[Iterable[Hit], str], Iterator[str]], str]] = {
    "csv": (as_csv, "text/csv"),
    "tsv": (as_tsv, "text/tab-separated-values"),
    "json": (as_json, "application/json"),
    "srt": (as_srt, "application/x-subrip"),
}


def _row(values: Iterable[object], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerow(values)
    return out.getvalue()


def _harmless(value: str | int) -> str | int:
    """A spreadsheet runs what begins so; an apostrophe makes it text (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_ASKING) else value
