"""Some hundred rows of a spreadsheet: checked one by one, written at once.

If the database takes them not, each is written by itself, so that one row's fault stays its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, IntegrityError, transaction

from archive import custody, description
from archive.checking import Checks
from archive.errors import DescriptionRefused
from archive.forms import LISTED
from archive.import_shelf import Can, Carrier, Film, Place, Shelf, blank
from archive.metadata.wording import several
from archive.models import Agent

TITLE = {"title": "name", "date": "year", "country": "country", "language": "language",
         "title_notes": "notes", "collection": "collection"}  # fmt: skip
ELEMENT = {"element": "name", "element_notes": "notes"} | {
    name: name for name in description.ELEMENT if name not in ("name", "notes")
}
REEL = {"reel_number": "number", "reel_notes": "notes"} | {
    name: name for name in ("access", "barcode", "location", "footage")
}
LISTS = (
    *("other_titles", "credits", "identifiers", "relations", "rights"),
    *description.OWN_ROWS,
)
COLUMNS = ("reel", *TITLE, *ELEMENT, *REEL, *LISTS, "rights_holder")


@dataclass(frozen=True, slots=True)
class Asked:
    """One row, by our columns' names."""

    number: int
    said: dict[str, str]
    """A spreadsheet's empty cell is left out; a text that is empty empties the field."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row."""

    row: int
    outcome: str
    """new, changed, unchanged or refused."""
    reel: int | None = None
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Step:
    """A row that is right, put on the shelf."""

    number: int
    can: Can
    made: list[str]
    changes: description.Description

    @property
    def outcome(self) -> str:
        return "new" if "reel" in self.made else "changed" if self.changes else "unchanged"

    def done(self) -> dict[str, Any]:
        """What taking it back needs."""
        return {"reel": self.can.row.pk, "new": self.outcome == "new", "made": self.made,
                "changes": self.changes}  # fmt: skip


class Batches:
    """
    Args:
        source: the file's name, for the events.
        agent: who takes it in.
        is_tried: all is rolled back in the end. Nothing is told then: an event would keep others
            from the chain of custody until it is gone.
    """

    def __init__(self, source: str, agent: Agent, *, is_tried: bool = False) -> None:
        self.source, self.agent, self.checks = source, agent, Checks()
        self.is_tried = is_tried
        self._new = blank()
        self.done: list[dict[str, Any]] = []
        """What taking it all back needs, in the rows' order."""

    def take(self, asked: Sequence[Asked]) -> list[Outcome]:
        """Take rows in; what became of each."""
        try:
            with transaction.atomic():
                outcomes, done = self._at_once(asked)
        except (IntegrityError, DataError) as error:
            if len(asked) > 1:
                return [each for row in asked for each in self.take([row])]
            reason = f"the database does not take it: {str(error).splitlines()[0]}"
            return [Outcome(asked[0].number, "refused", reasons=[reason])]
        self.done += done
        return outcomes

    def _at_once(self, asked: Sequence[Asked]) -> tuple[list[Outcome], list[dict[str, Any]]]:
        shelf = Shelf([each.said for each in asked])
        planned = [self._planned(shelf, each) for each in asked]
        shelf.write()
        steps = [each for each in planned if isinstance(each, _Step)]
        if not self.is_tried:
            told = [telling for step in steps for telling in self._told(step)]
            custody.record_all(told, agent=self.agent)
            description.described.send(sender=Batches, reels=shelf.touched())
        outcomes = [
            Outcome(each.number, each.outcome, each.can.row.pk) if isinstance(each, _Step) else each
            for each in planned
        ]
        return outcomes, [step.done() for step in steps if step.outcome != "unchanged"]

    def _planned(self, shelf: Shelf, asked: Asked) -> _Step | Outcome:
        try:
            place = shelf.find(asked.said)
            kept = self._kept(asked.said, place)
        except DescriptionRefused as error:
            return Outcome(asked.number, "refused", reasons=error.reasons)
        can, made = shelf.complete(place, asked.said)
        return _Step(asked.number, can, made, _put_on(shelf, can, kept))

    def _kept(self, said: dict[str, str], place: Place) -> _Kept:
        """What a row says, as it is kept. Raises: DescriptionRefused with every reason."""
        rows, reasons = self._rows(said)
        film = place.film or self._new.element.film
        carrier, can = place.carrier or self._new.element, place.can or self._new
        parts = {}
        for name, checked, row, names in (
            ("element", self.checks.element, carrier.row, ELEMENT),
            ("reel", self.checks.reel, can.row, REEL),
            ("title", self.checks.title, film.row, TITLE),
        ):
            wanted = {field: said[column] for column, field in names.items() if column in said}
            wanted.pop("collection", None)  # no text of the title's: the shelf knows it
            parts[name], wrong = checked.values(wanted, row, may_empty=True)
            reasons += wrong
        number = parts["reel"].get("number", can.row.number)
        if place.can and number != can.row.number and carrier.numbered(number):
            reasons.append(f"number: This element has a reel {number} already.")
        if reasons:
            raise DescriptionRefused(reasons)
        return _Kept(parts, rows, said.get("collection"))

    def _rows(self, said: dict[str, str]) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
        rows, reasons = [], []
        for name, listed in _lists(said).items():
            for number, row in enumerate(listed, 1):
                kept, wrong = self.checks.row(name, row)
                reasons += [f"{LISTED[name][2]}, {number}, {each}" for each in wrong]
                rows.append((name, kept))
        return rows, reasons

    def _told(self, step: _Step) -> Iterator[custody.Telling]:
        reel = step.can.row
        parts = ("element", "title") if step.outcome == "new" else description.PARTS
        for part in parts:
            if part in step.changes:
                detail = {"of": part, "changes": step.changes[part], "source": self.source}
                subject = description.subject_of(reel, part)
                own = reel if part == "reel" else None
                yield custody.Telling(description.MODIFIED, subject, own, detail)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a row says, checked."""

    parts: dict[str, dict[str, Any]]
    rows: list[tuple[str, dict[str, Any]]]
    collection: str | None
    """None: the row does not say; empty: in none."""


def _put_on(shelf: Shelf, can: Can, kept: _Kept) -> description.Description:
    """Let the reel, its element and title say it; returns what reads differently."""
    film = can.element.film
    changes = {
        part: _differ(each, kept.parts[part])
        for part, each in (("title", film), ("element", can.element), ("reel", can))
    }
    if kept.collection is not None and kept.collection != film.collection:
        changes["title"]["collection"] = [film.collection, kept.collection]
        film.row.collection = shelf.collection(kept.collection)
        film.collection = kept.collection
        film.changed.add("collection")
    for part, each in (("title", film), ("element", can.element), ("reel", can)):
        changes[part] |= _added(each, _of(part, kept.rows))
    return {part: fields for part, fields in changes.items() if fields}


def _differ(each: Any, kept: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in kept.items():
        was, now = description.plain(getattr(each.row, name)), description.plain(value)
        if was != now:
            setattr(each.row, name, value)
            each.changed.add(name)
            found[name] = [was, now]
    return found


def _of(
    part: str, rows: list[tuple[str, dict[str, Any]]]
) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Those of the title, of the element or of the reel: list, fields, what is kept."""
    for listed, row in rows:
        own = description.OWN_ROWS.get(listed)
        if own is None and part == "title":
            yield listed, description.ROWS[listed], row
        elif own is not None and own.part == part:
            yield own.name, own.fields, row


def _added(
    each: Film | Carrier | Can, rows: Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]
) -> dict[str, Any]:
    before: dict[str, list[dict[str, Any]]] = {}
    for name, fields, kept in rows:
        before.setdefault(name, list(each.rows[name]))
        told = {field: description.plain(kept.get(field)) for field in fields}
        if told not in each.rows[name]:
            each.rows[name].append(told)
            each.added.append((name, kept))
    return {name: [was, each.rows[name][:]] for name, was in before.items()
            if was != each.rows[name]}  # fmt: skip


def _lists(said: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    return {
        "variants": [
            {"name": name, "kind": "", "language": ""}
            for name in several(said.get("other_titles", ""))
        ],
        "credits": [
            {"role": role, "name": name, "note": ""} for role, name in _pairs(said, "credits")
        ],
        "identifiers": [
            {"source": source, "value": value} for source, value in _pairs(said, "identifiers")
        ],
        **{
            name: [{"source": source, "value": value} for source, value in _pairs(said, name)]
            for name in description.OWN_ROWS
        },
        "relations": [{"kind": kind, "to": to} for kind, to in _pairs(said, "relations")],
        "rights": [
            {"statement": each, "holder": said.get("rights_holder", ""), "term": "", "note": ""}
            for each in several(said.get("rights", ""))
        ],
    }


def _pairs(said: dict[str, str], column: str) -> Iterator[tuple[str, str]]:
    """ "director: Anna Moe; camera: Per Lie" in pairs; what has no colon is its own fault."""
    for part in several(said.get(column, "")):
        first, _, second = part.partition(":")
        yield first.strip(), second.strip()
