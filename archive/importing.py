"""Many reels described by one spreadsheet: tried first, told row by row, and taken back if wrong.

A row that names one of our reels (`reel`) changes its description; any other row is found by
collection, title, element and reel number, or made. So the same file can be taken in again: what is
there already is left as it is, and rows that were mended come in.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from archive import custody, description, exchange
from archive.errors import DescriptionRefused
from archive.fixity import sha256_file
from archive.metadata.record import NotARecord, Record
from archive.metadata.spreadsheet import SheetRow, read_rows
from archive.metadata.wording import fold, several
from archive.models import Collection, Element, Event, Reel, Title
from archive.terms import Terms

IMPORTED, TAKEN_BACK = "catalogue import", "catalogue import taken back"
TITLE = {"title": "name", "date": "year", "country": "country", "language": "language",
         "title_notes": "notes", "collection": "collection"}  # fmt: skip
ELEMENT = {"element": "name", "element_notes": "notes"} | {
    name: name for name in description.ELEMENT if name not in ("name", "notes")
}
REEL = {"reel_number": "number", "reel_notes": "notes"} | {
    name: name for name in ("access", "barcode", "location", "footage")
}
LISTS = ("other_titles", "credits", "identifiers", "rights")
COLUMNS = ("reel", *TITLE, *ELEMENT, *REEL, *LISTS, "rights_holder")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row."""

    row: int
    outcome: str
    """new, changed, unchanged or refused."""
    reel: int | None = None
    reasons: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Import:
    """A whole file."""

    number: str
    rows: list[Outcome] = field(default_factory=list)
    dry_run: bool = False

    def counts(self) -> dict[str, int]:
        names = ("new", "changed", "unchanged", "refused")
        return {name: sum(each.outcome == name for each in self.rows) for name in names}

    def as_json(self) -> dict[str, Any]:
        return {"import": None if self.dry_run else self.number, "dry_run": self.dry_run,
                "counts": self.counts(), "rows": [asdict(each) for each in self.rows]}  # fmt: skip


def read_mapping(path: Path) -> dict[str, str]:
    """Their headings to our columns, from a TOML file `[columns]`; "" leaves a column out.

    Raises: NotARecord.
    """
    try:
        columns = tomllib.loads(path.read_text(encoding="utf-8")).get("columns")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NotARecord(f"{path} cannot be read as a mapping: {error}") from error
    if not isinstance(columns, dict):
        raise NotARecord(f'{path}: write "Their heading" = "our column" below [columns]')
    unknown = [each for each in columns.values() if each and each not in COLUMNS]
    if unknown:
        raise NotARecord(f"{path}: no column {unknown[0]!r}; ours are {', '.join(COLUMNS)}")
    return columns


def import_file(
    path: Path, mapping: Mapping[str, str] | None = None, *, by: AbstractBaseUser | None,
    dry_run: bool = False,
) -> Import:  # fmt: skip
    """Take a file in; a refused row leaves no trace and stops no other.

    Raises: NotARecord for the file as a whole, and then nothing was written.
    """
    made = Import(uuid.uuid4().hex[:12], dry_run=dry_run)
    with transaction.atomic():
        done: list[dict[str, Any]] = []
        taking = _Taking(path.name, dict(mapping or {}), by)
        for row in read_rows(path):
            made.rows.append(taking.take(row, done))
        if dry_run:
            transaction.set_rollback(True)
        elif done:
            custody.record(
                kind=IMPORTED,
                agent=custody.person(by) if by is not None else custody.software(),
                subject=f"import:{made.number}",
                detail={"file": path.name, "sha256": sha256_file(path), "rows": made.counts(),
                        "done": done},
            )  # fmt: skip
    return made


class _Taking:
    def __init__(self, name: str, mapping: dict[str, str], by: AbstractBaseUser | None) -> None:
        self.name, self.mapping, self.by, self.terms = name, mapping, by, Terms()

    def take(self, row: SheetRow, done: list[dict[str, Any]]) -> Outcome:
        try:
            with transaction.atomic():
                said = self._ours(row.cells)
                reel, made = _find_or_make(said)
                new = "reel" in made
                changed = exchange.take_in(
                    reel, _record(said), by=self.by, source=self.name, terms=self.terms,
                    parts=("element", "title") if new else description.PARTS,
                )  # fmt: skip
        except DescriptionRefused as error:
            return Outcome(row.number, "refused", reasons=error.reasons)
        if new or changed:
            done.append({"reel": reel.pk, "new": new, "made": made, "changes": changed})
        return Outcome(row.number, "new" if new else "changed" if changed else "unchanged", reel.pk)

    def _ours(self, cells: dict[str, str]) -> dict[str, str]:
        said, unknown = {}, []
        for heading, text in cells.items():
            ours = self.mapping.get(heading, fold(heading).replace(" ", "_"))
            if ours and ours not in COLUMNS:
                unknown.append(heading)
            elif ours:
                said[ours] = text
        if unknown:
            raise NotARecord(
                f"{self.name}: the column {unknown[0]!r} is not known. Name it in a mapping, "
                f'or leave it out there with "". Columns are {", ".join(COLUMNS)}.'
            )
        return said


def _find_or_make(said: dict[str, str]) -> tuple[Reel, list[str]]:
    """The reel that a row names, and which of reel, element and title it had to make."""
    if number := said.get("reel"):
        found = Reel.objects.filter(pk=int(number)).first() if number.isdecimal() else None
        if found is None:
            raise DescriptionRefused([f"reel: there is no reel {number} in this archive"])
        return _whole(found.pk), []
    name, number = said.get("title", ""), said.get("reel_number", "")
    if not name or len(name) > 400:
        raise DescriptionRefused(["title: name the film, or our reel in the column reel"])
    if number and not (number.isdecimal() and 0 < int(number) < 10_000):
        raise DescriptionRefused([f"reel_number: {number!r} is no number of a reel"])
    kept_in = said.get("collection", "")
    collection = Collection.objects.get_or_create(name=kept_in)[0] if kept_in else None
    title = Title.objects.filter(name=name, collection=collection).order_by("pk").first()
    made = []
    if title is None:
        title = Title.objects.create(name=name, collection=collection)
        made.append("title")
    element = title.elements.filter(name=said.get("element", "")).first()
    if element is None:
        element = Element.objects.create(title=title, name=said.get("element", ""))
        made.append("element")
    last = element.reels.aggregate(last=Max("number"))["last"] or 0
    wanted = int(number) if number else last or 1
    found = element.reels.filter(number=wanted).first()
    if found is None:
        made.append("reel")
    reel = found or Reel.objects.create(element=element, number=wanted)
    return _whole(reel.pk), made


def _whole(pk: int) -> Reel:
    return Reel.objects.select_related("element__title__collection").get(pk=pk)


def _record(said: dict[str, str]) -> Record:
    title: dict[str, Any] = _renamed(said, TITLE)
    title["variants"] = [
        {"name": name, "kind": "", "language": ""} for name in several(said.get("other_titles", ""))
    ]
    title["credits"] = [
        {"role": role, "name": name, "note": ""} for role, name in _pairs(said.get("credits", ""))
    ]
    title["identifiers"] = [
        {"source": source, "value": value} for source, value in _pairs(said.get("identifiers", ""))
    ]
    title["rights"] = [
        {"statement": each, "holder": said.get("rights_holder", ""), "term": "", "note": ""}
        for each in several(said.get("rights", ""))
    ]
    return Record("", title, _renamed(said, ELEMENT), _renamed(said, REEL))


def _renamed(said: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    return {field: said[column] for column, field in names.items() if column in said}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """ "director: Anna Moe; camera: Per Lie" in pairs; what has no colon is its own fault."""
    for part in several(text):
        first, _, second = part.partition(":")
        yield first.strip(), second.strip()


@transaction.atomic
def take_back(number: str, *, by: AbstractBaseUser | None) -> dict[str, int]:
    """Undo an import: what it made and nobody used since goes, what it changed and nobody changed
    since is as it was. The rest stays and is counted.

    Raises: NotARecord if there is no such import, or it was taken back.
    """
    subject = f"import:{number}"
    event = Event.objects.filter(kind=IMPORTED, subject=subject).first()
    if event is None or Event.objects.filter(kind=TAKEN_BACK, subject=subject).exists():
        raise NotARecord(f"There is no import {number} that stands.")
    counts = {"restored": 0, "removed": 0, "kept": 0}
    for each in reversed(event.detail["done"]):
        counts[_undo(each, event, by)] += 1
    agent = custody.person(by) if by is not None else custody.software()
    custody.record(kind=TAKEN_BACK, agent=agent, subject=subject, detail=counts)
    return counts


def _undo(each: dict[str, Any], event: Event, by: AbstractBaseUser | None) -> str:
    if not Reel.objects.filter(pk=each["reel"]).exists():
        return "kept"
    reel = _whole(each["reel"])
    made = each.get("made", ["reel"] if each["new"] else [])
    if made and _used_since(reel, event, made):
        return "kept"  # whole: what people wrote since stands on what was imported
    before = description.describe(reel)
    rows = {"title": reel.title, "element": reel.element, "reel": reel}
    whole = [
        _restore(rows[part], name, was, now)
        for part, fields in each["changes"].items()
        if part in rows and part not in made
        for name, (was, now) in fields.items()
    ]
    parts = tuple(part for part in description.PARTS if part not in made)
    source = f"taken back, {event.subject}"
    description.record_changes(_whole(reel.pk), before, by=by, source=source, parts=parts)
    if made:
        _remove(reel, made)
        return "removed"
    return "restored" if all(whole) else "kept"


def _used_since(reel: Reel, event: Event, made: list[str]) -> bool:
    """Whether anything hangs on the reel, or anybody described what the import made after it."""
    subjects = [description.subject_of(reel, part) for part in made]
    return (
        reel.scans.exists()
        or reel.events.exists()
        or reel.conditions.exists()
        or Event.objects.filter(subject__in=subjects, pk__gt=event.pk).exists()
    )


def _restore(row: Any, name: str, was: Any, now: Any) -> bool:
    """Put one field back, if it still says what the import wrote."""
    if isinstance(now, list):
        for each in now:
            if each not in (was or []):
                getattr(row, name).filter(**each).delete()
        return True
    if name == "collection":
        return False
    if getattr(row, name) != now:
        return False
    setattr(row, name, was)
    row.save(update_fields=[name])
    return True


def _remove(reel: Reel, made: list[str]) -> None:
    """Remove a reel that holds nothing, and what was made with it and holds nothing else."""
    element, title = reel.element, reel.title
    if "reel" in made:
        reel.delete()
    if "element" in made and not element.reels.exists():
        element.delete()
        if "title" in made and not title.elements.exists():
            title.delete()


def told(rows: Iterable[Outcome]) -> Iterator[str]:
    """Refused rows in words."""
    for each in rows:
        if each.outcome == "refused":
            yield f"row {each.row}: {'; '.join(each.reasons)}"
