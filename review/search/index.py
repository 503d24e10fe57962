"""Keeps the index in step with transcripts, notes and the catalogue, in their transaction.

A reel's words are those of the scan that its pages show, in its newest transcript that has lines,
with what people corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from archive.description import words_of
from archive.models import Reel, Scan
from restoration import transcripts
from restoration.models import Transcript
from restoration.speech import corrections
from restoration.speech.layers import ANSWERED, Label, LayeredLine
from restoration.speech.transcript import first_frame, frame_after
from review.models import Note, SearchLine
from review.search import vocabulary
from review.search.lexemes import MOST_WORDS, vector
from review.search.query import AHEAD
from review.search.words import Token, tokens
from review.spoken import newest_with_lines

Kind = SearchLine.Kind
SPOKEN = (Kind.DIALOGUE, Kind.INTERTITLE, Kind.SOUND)
_KINDS = {"speech": Kind.DIALOGUE, "sound": Kind.SOUND, "intertitle": Kind.INTERTITLE}
_COMPARED = (
    *("key", "kind", "number", "scan_id", "start_frame", "end_frame", "text", "after"),
    *("speaker", "language", "checked", "doubtful"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line to be found."""

    kind: str
    key: str
    text: str
    frames: tuple[int, int] = (0, 0)
    """Half-open, of the scan."""
    speaker: str = ""
    language: str = ""
    checked: bool = True
    doubtful: bool = False
    title: str = ""
    words: tuple[Token, ...] = field(default=(), compare=False)


@transaction.atomic
def reindex(reel: Reel) -> None:
    """Make all that can be found of a reel anew, also what reads the same."""
    _held(reel)
    SearchLine.objects.filter(reel=reel).delete()
    reindex_spoken(reel)
    reindex_notes(reel)
    reindex_catalogue(reel)


@transaction.atomic
def reindex_spoken(reel: Reel) -> None:
    """Bring the words of the reel's transcript up to date: of the scan that its pages show."""
    _held(reel)
    scan = reel.current_scan()
    version = newest_with_lines(scan) if scan else None
    keep(reel, SPOKEN, rows(spoken(version) if version else [], reel=reel, scan=scan))


@transaction.atomic
def reindex_notes(reel: Reel) -> None:
    _held(reel)
    made = []
    for note in Note.objects.filter(scan__reel=reel).select_related("scan").order_by("pk"):
        entry = Entry(Kind.NOTE, f"note{note.pk}", note.text, (note.start_frame, note.end_frame))
        made += rows([entry], reel=reel, scan=note.scan)
    keep(reel, (Kind.NOTE,), made)


@transaction.atomic
def reindex_catalogue(reel: Reel) -> None:
    _held(reel)
    keep(reel, (Kind.CATALOGUE,), rows([described(reel)], reel=reel, scan=None))


def _held(reel: Reel) -> None:
    """Let nobody else write this reel's lines until the transaction ends."""
    Reel.objects.select_for_update(no_key=True).get(pk=reel.pk)


def described(reel: Reel) -> Entry:
    """What the catalogue says of a reel, as one line."""
    title, element = reel.title, reel.element
    said = (
        *(str(reel), title.year, title.country, title.notes),
        *(element.name, element.gauge, element.stock, element.generation, element.sound),
    )
    further = (part for part in words_of(reel) if part not in said and part != title.name)
    text = ". ".join(part for part in (*said, *further) if part)
    return Entry(Kind.CATALOGUE, "catalogue", text, title=title.name)


def spoken(version: Transcript) -> list[Entry]:
    """The lines of a transcript that are shown, as they stand.

    Speakers are those that people or the file named. Whom a machine takes for the speaker is no
    fact to be found by, and goes where the archive switches biometrics off.
    """
    rate = version.scan.rate
    said = corrections.layer(
        [row.as_line() for row in version.lines.order_by("number")],
        [row.seen_from(version) for row in transcripts.corrections_of(version.scan)],
        typed_by=version.typed_by,
    )
    return [
        Entry(
            _KINDS[line.kind],
            line.key,
            line.text,
            (first_frame(line.start, rate), frame_after(line.end, rate)),
            speaker=(line.speaker or "")[:200],
            language=(line.language or version.language)[:12].lower(),
            checked=_is_checked(line),
            doubtful=any(word.label == Label.MACHINE_DOUBTFUL for word in line.words),
        )
        for line in said.shown
    ]


def _is_checked(line: LayeredLine) -> bool:
    return all(word.label in ANSWERED for word in line.words)


def rows(entries: Sequence[Entry], *, reel: Reel, scan: Scan | None) -> list[SearchLine]:
    """Lines with the next words of those after them; what is too long for one row is parted."""
    parts = [part for entry in entries for part in _parts(entry)]
    made = []
    for number, part in enumerate(parts):
        after = _after(parts, number)
        ahead = tokens(after)[:AHEAD]
        made.append(
            SearchLine(
                reel=reel,
                scan=scan,
                kind=part.kind,
                key=part.key,
                number=number,
                start_frame=part.frames[0],
                end_frame=part.frames[1],
                text=part.text,
                after=after[: ahead[-1].end] if ahead else "",
                speaker=part.speaker,
                language=part.language,
                checked=part.checked,
                doubtful=part.doubtful,
                vector=vector(
                    [token.word for token in part.words],
                    [token.word for token in ahead],
                    language=part.language,
                    speaker=part.speaker,
                    title=part.title,
                ),
            )
        )
    return made


def _parts(entry: Entry) -> Iterator[Entry]:
    text = entry.text.replace("\x00", " ")
    found = tokens(text)
    for number, first in enumerate(range(0, max(len(found), 1), MOST_WORDS)):
        words = tuple(found[first : first + MOST_WORDS])
        start = words[0].start if number else 0
        later = found[first + MOST_WORDS : first + MOST_WORDS + 1]
        part = text[start : later[0].start if later else len(text)]
        key = f"{entry.key}~{number}" if number else entry.key
        yield replace(entry, key=key, text=part, words=words)


def _after(parts: Sequence[Entry], number: int) -> str:
    """Enough of the following lines for AHEAD words."""
    said: list[str] = []
    count = 0
    for part in parts[number + 1 :]:
        if count >= AHEAD:
            break
        said.append(part.text)
        count += len(part.words)
    return " ".join(said)


@transaction.atomic
def keep(reel: Reel, kinds: Iterable[str], made: Sequence[SearchLine]) -> None:
    """Write what changed of a reel's lines of these kinds, and nothing else."""
    standing = {
        row.key: row for row in SearchLine.objects.filter(reel=reel, kind__in=kinds).defer("vector")
    }
    new = [row for row in made if row.key not in standing or _differs(row, standing[row.key])]
    kept = {row.key for row in made} - {row.key for row in new}
    gone = [row.pk for key, row in standing.items() if key not in kept]
    SearchLine.objects.filter(pk__in=gone).delete()
    SearchLine.objects.bulk_create(new, batch_size=500)
    vocabulary.learn(token.word for row in new for token in tokens(row.text))


def _differs(one: SearchLine, other: SearchLine) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in _COMPARED)
