"""What the catalogue holds of all that some rows of a spreadsheet name, read in a few queries.

What the rows say is put on here and written at once; until then nothing is in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from archive import description
from archive.errors import DescriptionRefused
from archive.forms import OWN_ROW_FORMS, ROW_FORMS
from archive.metadata.wording import unwritable
from archive.models import Collection, Element, Reel, Title

ROWS = ("variants", "credits", "identifiers", "relations", "rights")
"""Lists of a title that a spreadsheet can add to."""
MOST_REELS = 10_000
"""Of one element."""


def _no_rows(part: str) -> dict[str, list[dict[str, Any]]]:
    return {each.name: [] for each in description.OWN_ROWS.values() if each.part == part}


@dataclass(eq=False, slots=True)
class Can:
    """A reel, and its lists as they are told."""

    row: Reel
    element: Carrier
    is_new: bool = False
    changed: set[str] = field(default_factory=set)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: _no_rows("reel"))
    added: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Carrier:
    """An element with all its reels, and its lists as they are told."""

    row: Element
    film: Film
    is_new: bool = False
    changed: set[str] = field(default_factory=set)
    cans: list[Can] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: _no_rows("element"))
    added: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def numbered(self, number: int) -> Can | None:
        return next((each for each in self.cans if each.row.number == number), None)

    def last(self) -> int:
        return max((each.row.number for each in self.cans), default=0)


@dataclass(eq=False, slots=True)
class Film:
    """A title with all its elements, and its lists as they are told."""

    row: Title
    collection: str
    is_new: bool = False
    changed: set[str] = field(default_factory=set)
    carriers: list[Carrier] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    added: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def named(self, element: str) -> Carrier | None:
        return next((each for each in self.carriers if each.row.name == element), None)


@dataclass(slots=True)
class Place:
    """Where a row belongs: what is there of it, and the rest that has to be made."""

    film: Film | None
    carrier: Carrier | None
    can: Can | None
    number: int = 1


class Shelf:
    """
    Args:
        said: the rows, each by our columns' names.
    """

    def __init__(self, said: Sequence[Mapping[str, str]]) -> None:
        numbers = {number for each in said if (number := _number(each.get("reel", "")))}
        names = {each["title"] for each in said if _is_name(each.get("title", ""))}
        of_reels = Title.objects.filter(elements__reels__in=numbers)
        wanted = set(Title.objects.filter(name__in=names).values_list("pk", flat=True))
        wanted |= set(of_reels.values_list("pk", flat=True))
        self.films = films(wanted)
        self._by_name: dict[tuple[str, str], Film] = {}
        for film in self.films:
            self._by_name.setdefault((film.collection, film.row.name), film)
        self._by_reel = {can.row.pk: can for can in self.cans()}
        kept_in = {each.get("collection", "") for each in said}
        kept_in = {each for each in kept_in if each and not unwritable(each)}
        self.collections = {each.name: each for each in Collection.objects.filter(name__in=kept_in)}
        self._new_collections: list[Collection] = []

    def carriers(self) -> Iterable[Carrier]:
        return chain.from_iterable(film.carriers for film in self.films)

    def cans(self) -> Iterable[Can]:
        return chain.from_iterable(carrier.cans for carrier in self.carriers())

    def find(self, said: Mapping[str, str]) -> Place:
        """Raises: DescriptionRefused."""
        kept_in = said.get("collection", "")
        if len(kept_in) > 200 or unwritable(kept_in):
            raise DescriptionRefused(["collection: that is no name of a collection"])
        if number := said.get("reel"):
            can = self._by_reel.get(_number(number))
            if can is None:
                raise DescriptionRefused([f"reel: there is no reel {number} in this archive"])
            return Place(can.element.film, can.element, can, can.row.number)
        return self._find(said, kept_in)

    def _find(self, said: Mapping[str, str], kept_in: str) -> Place:
        name, number = said.get("title", ""), said.get("reel_number", "")
        if not _is_name(name):
            raise DescriptionRefused(["title: name the film, or our reel in the column reel"])
        if number and not (number.isdecimal() and 0 < int(number) < MOST_REELS):
            raise DescriptionRefused([f"reel_number: {number!r} is no number of a reel"])
        film = self._by_name.get((kept_in, name))
        carrier = film.named(said.get("element", "")) if film else None
        wanted = int(number) if number else (carrier.last() if carrier else 0) or 1
        return Place(film, carrier, carrier.numbered(wanted) if carrier else None, wanted)

    def complete(self, place: Place, said: Mapping[str, str]) -> tuple[Can, list[str]]:
        """Put on what is not there, and say what: reel, element, title."""
        made = []
        if place.film is None:
            kept_in = said.get("collection", "")
            row = Title(name=said["title"], collection=self.collection(kept_in))
            place.film = Film(row, kept_in, is_new=True, rows={name: [] for name in ROWS})
            self.films.append(place.film)
            self._by_name[kept_in, row.name] = place.film
            made.append("title")
        if place.carrier is None:
            element = Element(title=place.film.row, name=said.get("element", ""))
            place.carrier = Carrier(element, place.film, is_new=True)
            place.film.carriers.append(place.carrier)
            made.append("element")
        if place.can is None:
            reel = Reel(element=place.carrier.row, number=place.number)
            place.can = Can(reel, place.carrier, is_new=True)
            place.carrier.cans.append(place.can)
            made.append("reel")
        return place.can, made

    def collection(self, name: str) -> Collection | None:
        if name and name not in self.collections:
            self.collections[name] = Collection(name=name)
            self._new_collections.append(self.collections[name])
        return self.collections.get(name)

    def write(self) -> None:
        """Let the database hold what stands here."""
        Collection.objects.bulk_create(self._new_collections)
        _write(Title, self.films)
        _write(Element, self.carriers())
        _write(Reel, self.cans())
        for name in ROWS:
            model = ROW_FORMS[name][0]
            model.objects.bulk_create(
                model(title=film.row, **row)
                for film in self.films
                for kind, row in film.added
                if kind == name
            )
        for part, each in (("element", self.carriers()), ("reel", self.cans())):
            _write_own(part, each)

    def touched(self) -> list[int]:
        """Reels of which something reads differently, also by what they share with others."""
        return [
            can.row.pk
            for can in self.cans()
            if can.is_new
            or _reads_otherwise(can)
            or _reads_otherwise(can.element)
            or _reads_otherwise(can.element.film)
        ]


def _reads_otherwise(each: Can | Carrier | Film) -> bool:
    return bool(each.changed or each.added)


def _number(text: str) -> int:
    """Of a reel; 0 if it is none."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _is_name(text: str) -> bool:
    return bool(text) and len(text) <= 400 and not unwritable(text)


def blank() -> Can:
    """What a reel says before anybody said anything; to be read and never written."""
    film = Film(Title(), "", is_new=True, rows={name: [] for name in ROWS})
    carrier = Carrier(Element(title=film.row), film, is_new=True)
    return Can(Reel(element=carrier.row), carrier, is_new=True)


def films(pks: set[int]) -> list[Film]:
    """Titles with all that hangs on them: one plain question a table, since what Django does for
    each row that it fetches beforehand costs more than the question."""
    titles = Title.objects.filter(pk__in=pks).select_related("collection").order_by("pk")
    listed = description.lists_of(pks, ROWS)
    films = {
        each.pk: Film(each, each.collection.name if each.collection else "", rows=listed[each.pk])
        for each in titles
    }
    elements = list(Element.objects.filter(title__in=films).order_by("pk"))
    called = description.own_lists_of("element", {each.pk for each in elements})
    carriers = {}
    for element in elements:
        film = films[element.title_id]
        element.title = film.row
        carriers[element.pk] = Carrier(element, film, rows=called[element.pk])
        film.carriers.append(carriers[element.pk])
    reels = list(Reel.objects.filter(element__in=carriers).order_by("number"))
    called = description.own_lists_of("reel", {each.pk for each in reels})
    for reel in reels:
        carrier = carriers[reel.element_id]
        reel.element = carrier.row
        carrier.cans.append(Can(reel, carrier, rows=called[reel.pk]))
    return list(films.values())


def _write_own(part: str, wanted: Iterable[Carrier | Can]) -> None:
    """Rows that were added to lists of elements or reels, which have numbers by now."""
    added = [(name, each.row, row) for each in wanted for name, row in each.added]
    for listed, (_, name, _) in description.OWN_ROWS.items():
        model = OWN_ROW_FORMS[listed][0]
        if description.OWN_ROWS[listed].part == part:
            model.objects.bulk_create(
                model(**{part: owner}, **row) for kind, owner, row in added if kind == name
            )


def _write(model: Any, wanted: Iterable[Film | Carrier | Can]) -> None:
    """New rows at once; then those that were changed."""
    there = list(wanted)
    model.objects.bulk_create(each.row for each in there if each.is_new)
    write_changed(model, there)


def write_changed(model: Any, wanted: Iterable[Film | Carrier | Can]) -> None:
    """Rows that were there, by which fields were changed, and no other field."""
    changed: dict[frozenset[str], list[Any]] = {}
    for each in wanted:
        if each.changed and not each.is_new:
            changed.setdefault(frozenset(each.changed), []).append(each.row)
    for fields, rows in changed.items():
        model.objects.bulk_update(rows, sorted(fields))
