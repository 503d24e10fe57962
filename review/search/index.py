"""Keeps the index in step with transcripts, notes and the catalogue, in their transaction.

A reel's words are those of the scan that its pages show, in its newest transcript that has lines,
with what people corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import attrgetter

from django.db import connection, transaction
from django.db.models import QuerySet

from archive import description
from archive.models import Reel, Scan, TrashedReel
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
DESCRIBED = (Kind.CATALOGUE, Kind.STORE)
BATCH = 500
"""Rows that are written at once."""
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
    """Of the catalogue's row."""
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
    notes = Note.objects.filter(scan__reel=reel).select_related("scan").order_by("pk")
    made = [
        row
        for note in notes.prefetch_related("answers")
        for entry in _thread(note)
        for row in rows([entry], reel=reel, scan=note.scan)
    ]
    keep(reel, (Kind.NOTE,), made)


def _thread(note: Note) -> list[Entry]:
    """A note and what was answered to it, each to be found by itself on the note's frames."""
    said = [(f"note{note.pk}", note.text)]
    said += [(f"answer{each.pk}", each.text) for each in note.answers.all() if each.text]
    frames = (note.start_frame, note.end_frame)
    return [Entry(Kind.NOTE, key, text, frames) for key, text in said]


@transaction.atomic
def reindex_catalogue(reel: Reel) -> None:
    _held(reel)
    said = description.describe(reel)
    examined = description.examined_words_of([reel.pk]).get(reel.pk, [])
    made = [row for entry in _entries(reel, said, examined)
            for row in rows([entry], reel=reel, scan=None)]  # fmt: skip
    keep(reel, DESCRIBED, made, title=reel.title.name)


def _entries(reel: Reel, said: description.Description, examined: Sequence[str]) -> Iterator[Entry]:
    """What the catalogue says of a reel, and apart from it what is for the house alone."""
    yield described(reel, said)
    kept = [*description.kept_words_of(said), *examined]
    if kept:
        yield Entry(Kind.STORE, "store", ". ".join(kept), title=reel.title.name)


@transaction.atomic
def reindex_catalogues(reels: Sequence[int]) -> None:
    """What the catalogue says of many reels, in a few queries; brings up to date what differs."""
    for start in range(0, len(reels), BATCH):
        _reindex_catalogues(reels[start : start + BATCH])


def _reindex_catalogues(numbers: Sequence[int]) -> None:
    held = Reel.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk")
    list(held.values_list("pk", flat=True))
    made, titles = list[SearchLine](), dict[int, str]()
    examined = description.examined_words_of(numbers)
    for reel, said in description.describe_all(numbers):
        titles[reel.pk] = reel.title.name
        for entry in _entries(reel, said, examined.get(reel.pk, [])):
            made += rows([entry], reel=reel, scan=None)
    there = SearchLine.objects.filter(reel__in=numbers, kind__in=DESCRIBED)
    _keep(there, made, titles)


def _held(reel: Reel) -> None:
    """Let nobody else write this reel's lines until the transaction ends."""
    Reel.objects.select_for_update(no_key=True).get(pk=reel.pk)


def described(reel: Reel, whole: description.Description) -> Entry:
    """What the catalogue says of a reel, as one line."""
    title, element = reel.title, reel.element
    said = (
        *(str(reel), title.year, title.country, title.notes),
        *(element.name, element.gauge, element.stock, element.generation, element.sound),
    )
    further = (
        part for part in description.words_of(whole) if part not in said and part != title.name
    )
    text = ". ".join(part for part in (*said, *further) if part)
    return Entry(Kind.CATALOGUE, "catalogue", text, title=title.name)


def spoken(version: Transcript) -> list[Entry]:
    """The lines of a transcript that are shown, as they stand.

    Speakers are those that people or the file named. Whom a machine takes for the speaker is no
    fact to be found by, and goes where the archive switches biometrics off.
    """
    rate = version.scan.rate
    said = corrections.over(
        transcripts.bare(version),
        [row.seen_from(version) for row in transcripts.corrections_of(version.scan)],
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
    """Lines with the next words of those after them; what is too long for one row is parted.

    Their vectors are made by `keep`, for those that are written.
    """
    parts = [part for entry in entries for part in _parts(entry)]
    made = []
    for number, part in enumerate(parts):
        after = _after(parts, number)
        ahead = _tokens(after)[:AHEAD]
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
            )
        )
    return made


def _parts(entry: Entry) -> Iterator[Entry]:
    text = entry.text.replace("\x00", " ")
    found = _tokens(text)
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
def keep(reel: Reel, kinds: Iterable[str], made: Sequence[SearchLine], *, title: str = "") -> None:
    """Write what changed of a reel's lines of these kinds, and nothing else."""
    _keep(SearchLine.objects.filter(reel=reel, kind__in=kinds), made, {reel.pk: title})


def _keep(there: QuerySet[SearchLine], made: Sequence[SearchLine], titles: dict[int, str]) -> None:
    """Let lines stand in place of those that are there, each reel with its own."""
    hidden = set(_in_trash(row.reel_id for row in made))
    made = [row for row in made if row.reel_id not in hidden]
    rows_there = there.values_list("pk", "reel_id", *_COMPARED)
    standing = {(row[1], row[2]): row for row in rows_there}
    new = [
        row
        for row in made
        if standing.get((row.reel_id, row.key), (None, None))[2:] != _compared(row)
    ]
    kept = {(row.reel_id, row.key) for row in made} - {(row.reel_id, row.key) for row in new}
    gone = [row[0] for place, row in standing.items() if place not in kept]
    for row in new:
        row.vector = _vector(row, titles.get(row.reel_id, ""))
    _write(gone, new)
    vocabulary.learn(token.word for row in new for token in _tokens(row.text))


def _in_trash(reels: Iterable[int]) -> Iterable[int]:
    """Those of the reels of which nothing may be found."""
    return TrashedReel.objects.filter(reel__in=set(reels)).values_list("reel", flat=True)


_COLUMNS = (
    *("reel_id", "kind", "key", "number", "scan_id", "start_frame", "end_frame", "text", "after"),
    *("speaker", "language", "checked", "doubtful", "vector"),
)
_written = attrgetter(*_COLUMNS)


def _write(gone: list[int], new: Sequence[SearchLine]) -> None:
    """By COPY: of a whole reel's lines, making one statement with a place for each value takes
    longer than what the database does with it."""
    with connection.cursor() as cursor:
        if gone:
            cursor.execute("DELETE FROM review_searchline WHERE id = ANY(%s)", [gone])
        if new:
            with cursor.copy(f"COPY review_searchline ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
                for row in new:
                    copy.write_row(_written(row))


_compared = attrgetter(*_COMPARED)
"""What is held against what stands, in that order; the key is the first."""


def _vector(row: SearchLine, title: str) -> str:
    return vector(
        [token.word for token in _tokens(row.text)],
        [token.word for token in _tokens(row.after)[:AHEAD]],
        language=row.language,
        speaker=row.speaker,
        title=title,
    )


@lru_cache(maxsize=10_000)
def _tokens(text: str) -> tuple[Token, ...]:
    """Of a line: a correction of one indexes all lines of a reel, and the others stay the same."""
    return tuple(tokens(text))
