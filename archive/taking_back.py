"""Some hundred rows of an import taken back: read in a few questions, written in a few more.

The last row first, as if each were taken back by itself: what it made and nobody used since goes,
what it changed and nobody changed since is as it was, and the rest stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Model, QuerySet

from archive import custody, description
from archive.import_shelf import Can, Carrier, Film, films, write_changed
from archive.models import Agent, Collection, Element, Event, Reel, Title

OUTCOMES = ("restored", "removed", "kept")
SOURCE = "taken back, "
"""How the source of an event begins that tells of it."""

Row = dict[str, Any]
"""`reel`, `new`, `made`, `changes` and, of a job, `after`: see `importing.record_import`."""


def take_rows_back(done: Sequence[Row], event: Event, *, agent: Agent) -> Counter[str]:
    """Take rows of an import back, in the caller's transaction.

    Args:
        done: in the file's order.
        event: the import, as it stands in the chain of custody.

    Returns: how many rows came to each of OUTCOMES.
    """
    back = _Back(done, event)
    counts = Counter(back.undo(each) for each in reversed(done))
    back.write()
    custody.record_all(back.tellings, agent=agent)
    description.described.send(sender=take_rows_back, reels=back.touched())
    back.remove()
    return counts


class _Back:
    """What the rows named, as it stands, and what is to become of it."""

    def __init__(self, done: Sequence[Row], event: Event) -> None:
        self.event = event
        numbers = {each["reel"] for each in done}
        named = Title.objects.filter(elements__reels__in=numbers).values("pk")
        # Held as whoever describes one of them holds it: nobody writes between reading and writing.
        held = Title.objects.select_for_update(no_key=True).filter(pk__in=named).order_by("pk")
        titles = set(held.values_list("pk", flat=True))
        self.films = {film.row.pk: film for film in films(titles)}
        self.cans = {
            can.row.pk: can
            for film in self.films.values()
            for carrier in film.carriers
            for can in carrier.cans
            if can.row.pk in numbers
        }
        self.holding = _holding(self.cans.values())
        self.collections = {each.name: each for each in _collections(done)}
        self.said = _said_since(
            {
                subject
                for each in done
                if each["reel"] in self.cans
                for subject in _subjects(self.cans[each["reel"]], _made(each))
            }
        )
        self.tellings: list[custody.Telling] = []
        self.altered: list[Film | Carrier | Can] = []
        self.rows_gone: list[tuple[Film | Carrier | Can, str, Row]] = []
        self.gone: dict[type[Model], set[int]] = {Reel: set(), Element: set(), Title: set()}

    def undo(self, row: Row) -> str:
        """One of OUTCOMES."""
        can, made = self.cans.get(row["reel"]), _made(row)
        if can is None or (made and self._is_used(can, made, row.get("after", self.event.pk))):
            return "kept"  # whole: what people wrote since stands on what was imported
        parts: dict[str, Film | Carrier | Can]
        parts = {"title": can.element.film, "element": can.element, "reel": can}
        whole = True
        for part in description.PARTS:
            if part in parts and part in row["changes"] and part not in made:
                whole &= self._restore(can, part, parts[part], row["changes"][part])
        if made:
            self._take_out(can, made)
            return "removed"
        return "restored" if whole else "kept"

    def _is_used(self, can: Can, made: Sequence[str], after: int) -> bool:
        """Whether anything hangs on what the import made, or anybody described it after that
        event."""
        subjects = list(_subjects(can, made))
        since = (self.said.get(subject, 0) for subject in subjects)
        return not self.holding.isdisjoint(subjects) or any(newest > after for newest in since)

    def _restore(
        self, can: Can, part: str, each: Film | Carrier | Can, fields: dict[str, Any]
    ) -> bool:
        """Put fields back that still say what the import wrote; whether all did."""
        changes, whole = dict[str, Any](), True
        for name, (was, now) in fields.items():
            if isinstance(now, list):
                standing = list(each.rows[name])
                self._take_rows_out(each, name, [row for row in now if row not in (was or [])])
                if each.rows[name] != standing:
                    changes[name] = [standing, list(each.rows[name])]
            elif name == "collection" and isinstance(each, Film):
                whole &= self._move_back(each, was, now, changes)
            elif getattr(each.row, name) != now:
                whole = False
            elif was != now:
                setattr(each.row, name, was)
                each.changed.add(name)
                changes[name] = [now, was]
        if changes:
            self.altered.append(each)
            detail = {"of": part, "changes": changes, "source": f"{SOURCE}{self.event.subject}"}
            own = can.row if part == "reel" else None
            subject = description.subject_of(can.row, part)
            self.tellings.append(custody.Telling(description.MODIFIED, subject, own, detail))
        return whole

    def _move_back(self, film: Film, was: str, now: str, changes: dict[str, Any]) -> bool:
        """Into the collection that it was in, if that is there."""
        if film.collection != now or (was and was not in self.collections):
            return False
        film.row.collection, film.collection = self.collections.get(was), was
        film.changed.add("collection")
        changes["collection"] = [now, was]
        return True

    def _take_rows_out(self, each: Film | Carrier | Can, name: str, rows: list[Row]) -> None:
        for row in rows:
            if row in each.rows[name]:
                each.rows[name] = [other for other in each.rows[name] if other != row]
                self.rows_gone.append((each, name, row))

    def _take_out(self, can: Can, made: Sequence[str]) -> None:
        """The reel, and what was made with it and holds nothing else."""
        carrier, film = can.element, can.element.film
        if "reel" in made:
            carrier.cans.remove(can)
            self.gone[Reel].add(can.row.pk)
            del self.cans[can.row.pk]
        if "element" in made and not carrier.cans:
            film.carriers.remove(carrier)
            self.gone[Element].add(carrier.row.pk)
            if "title" in made and not film.carriers:
                self.gone[Title].add(film.row.pk)

    def write(self) -> None:
        """Let the database hold what is as it was, while all of it is there."""
        standing = self.films.values()
        write_changed(Title, standing)
        write_changed(Element, (carrier for film in standing for carrier in film.carriers))
        write_changed(
            Reel, (can for film in standing for carrier in film.carriers for can in carrier.cans)
        )
        for part in ("title", "element", "reel"):
            self._write_lists(part)

    def _write_lists(self, part: str) -> None:
        kind = {"title": Film, "element": Carrier, "reel": Can}[part]
        owner = {"title": Title, "element": Element, "reel": Reel}[part]
        out: dict[str, list[tuple[int, Row]]] = {}
        for each, name, row in self.rows_gone:
            if isinstance(each, kind):
                out.setdefault(name, []).append((each.row.pk, row))
        for name, wanted in out.items():
            model: Any = owner._meta.get_field(name).related_model
            fields = tuple(wanted[0][1])
            rows = model.objects.filter(**{f"{part}__in": {pk for pk, _ in wanted}})
            there = rows.values_list("pk", f"{part}_id", *fields)
            numbers = [
                pk
                for pk, of, *said in there
                if (of, dict(zip(fields, map(description.plain, said), strict=True))) in wanted
            ]
            model.objects.filter(pk__in=numbers).delete()

    def touched(self) -> list[int]:
        """Reels that stay and read differently."""
        return sorted({can.row.pk for each in self.altered for can in _cans_of(each)})

    def remove(self) -> None:
        """What the import made, from the can to the film."""
        for model, numbers in self.gone.items():
            model._default_manager.filter(pk__in=numbers).delete()


def _made(row: Row) -> list[str]:
    made: list[str] = row.get("made", ["reel"] if row["new"] else [])
    return made


def _subjects(can: Can, made: Iterable[str]) -> Iterator[str]:
    return (description.subject_of(can.row, part) for part in made)


def _cans_of(each: Film | Carrier | Can) -> Iterator[Can]:
    if isinstance(each, Can):
        yield each
    elif isinstance(each, Carrier):
        yield from each.cans
    else:
        for carrier in each.carriers:
            yield from carrier.cans


_GOES_ALONG = {
    "reel": frozenset({"line", "search_lines", "identifiers"}),
    "element": frozenset({"identifiers", "reels"}),
    "title": frozenset({*description.ROWS, "elements"}),
}
"""Relations whose rows go with what they are of, as its description and what is found by it; that
reels and elements are there is seen on the shelf. A relation of an element was given by a person.
"""


def _holding(cans: Iterable[Can]) -> set[str]:
    """Of reels, their elements and titles, those that hold what an import does not make: scans,
    events, drafts, characters ... As `title:7`."""
    there = list(cans)
    found = set[str]()
    for part, model, numbers in (
        ("reel", Reel, {can.row.pk for can in there}),
        ("element", Element, {can.element.row.pk for can in there}),
        ("title", Title, {can.element.film.row.pk for can in there}),
    ):
        for relation in model._meta.related_objects:
            if relation.get_accessor_name() in _GOES_ALONG[part]:
                continue
            field = relation.field.name
            model_of: Any = relation.related_model
            held = model_of._default_manager.filter(**{f"{field}__in": numbers})
            of = held.order_by().values_list(f"{field}_id", flat=True).distinct()
            found |= {f"{part}:{pk}" for pk in of}
    return found


def _collections(done: Sequence[Row]) -> QuerySet[Collection]:
    """Those that films were in before."""
    moved = (each["changes"].get("title", {}).get("collection", [""]) for each in done)
    return Collection.objects.filter(name__in={was for was, *_ in moved if was})


def _said_since(subjects: set[str]) -> dict[str, int]:
    """The newest event of each, but those that tell of rows that were taken back: they are ours."""
    newest: dict[str, int] = {}
    told = Event.objects.filter(subject__in=subjects).order_by("pk")
    for subject, pk, source in told.values_list("subject", "pk", "detail__source"):
        if not str(source or "").startswith(SOURCE):
            newest[subject] = pk
    return newest
