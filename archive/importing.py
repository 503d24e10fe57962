"""Many reels described by one spreadsheet: tried first, told row by row, and taken back if wrong.

A row that names one of our reels (`reel`) changes its description; any other row is found by
collection, title, element and reel number, or made. So the same file can be taken in again: what is
there already is left as it is, and rows that were mended come in.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from archive import custody, description, roles
from archive.describing import read_anew
from archive.fixity import sha256_file
from archive.import_batch import COLUMNS, ELEMENT, REEL, TITLE, Asked, Batches, Outcome
from archive.metadata.record import NotARecord
from archive.metadata.spreadsheet import SheetRow, read_rows
from archive.metadata.wording import fold
from archive.models import Agent, Collection, Event, Reel

RIGHT = "archive.import_catalogue"
IMPORTED, TAKEN_BACK = "catalogue import", "catalogue import taken back"
BATCH = 500
"""Rows that are written at once."""


@dataclass(slots=True)
class Import:
    """A whole file."""

    number: str
    rows: list[Outcome] = field(default_factory=list)
    dry_run: bool = False
    done: list[dict[str, Any]] = field(default_factory=list)
    """What taking it back needs: `reel`, `new`, `made` and `changes`, each [before, after]."""

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


def _say_nothing(rows: int) -> None:
    pass


def import_file(
    path: Path, mapping: Mapping[str, str] | None = None, *, by: AbstractBaseUser | None,
    dry_run: bool = False, progress: Callable[[int], None] = _say_nothing,
) -> Import:  # fmt: skip
    """Take a file in; a refused row leaves no trace and stops no other.

    Args:
        progress: told after each batch how many rows were gone through.

    Raises: NotARecord for the file as a whole, and then nothing was written.
    """
    return _take(
        rows_of(path, mapping or {}), path.name,
        lambda: {"file": path.name, "sha256": sha256_file(path)},
        by=by, dry_run=dry_run, progress=progress,
    )  # fmt: skip


def rows_of(path: Path, mapping: Mapping[str, str]) -> Iterator[Asked]:
    """A file's rows by our columns' names.

    Args:
        mapping: their headings to our columns; "" leaves a column out.

    Raises: NotARecord.
    """
    return (_ours(path.name, row, mapping) for row in read_rows(path))


def may_import(user: Any) -> bool:
    """A table reaches films of every collection: who is less than an archivist in one of them
    takes none in."""
    given = set(roles.of(user).there.values())
    return bool(user.has_perm(RIGHT) and (user.is_superuser or not given - {roles.ARCHIVIST}))


def edit_many(
    reels: Iterable[int], column: str, value: str, *, by: AbstractBaseUser, empty: bool = False,
    dry_run: bool = False,
) -> Import:  # fmt: skip
    """Let one column say one thing of many reels, as a spreadsheet of them would; it is told,
    checked and taken back as an import is.

    Args:
        empty: it is to say nothing; a value beside it is refused.

    Raises: NotARecord for a column that is none of EDITABLE, for no value unless it is emptied.
    """
    if column not in EDITABLE or bool(value.strip()) == empty:
        raise NotARecord("Choose a field, and say what it should be, or that it is emptied.")
    asked = (
        Asked(number, {"reel": str(pk), column: value.strip()})
        for number, pk in enumerate(reels, 1)
    )
    about = {"bulk_edit": column} | ({"emptied": True} if empty else {"value": value.strip()})
    return _take(asked, "bulk edit", lambda: about, by=by, dry_run=dry_run)


def may_set(column: str, value: str, *, by: Any) -> bool:
    """By roles in collections: films go into those alone in which the person describes."""
    if column != "collection" or not roles.of(by).there:
        return True
    known = Collection.objects.filter(name=value.strip()).first() if value.strip() else None
    return roles.may_within(by, "archive.describe", known.pk if known else None)


EDITABLE = tuple(each for each in (*TITLE, *ELEMENT, *REEL) if each not in ("title", "reel_number"))
"""Columns that several reels can share."""


def _take(
    asked: Iterator[Asked],
    source: str,
    about: Callable[[], dict[str, Any]],
    *,
    by: AbstractBaseUser | None,
    dry_run: bool,
    progress: Callable[[int], None] = _say_nothing,
) -> Import:
    made = Import(uuid.uuid4().hex[:12], dry_run=dry_run)
    with transaction.atomic():
        agent = custody.person(by) if by is not None else custody.software()
        batches = Batches(source, agent, is_tried=dry_run)
        for batch in _by_hundreds(asked):
            made.rows += batches.take(batch)
            progress(len(made.rows))
        made.done = batches.done
        if dry_run:
            transaction.set_rollback(True)
        elif made.done:
            record_import(made.number, about(), made.counts(), made.done, agent=agent)
    return made


def record_import(
    number: str, about: dict[str, Any], rows: dict[str, int], done: list[dict[str, Any]], *,
    agent: Agent,
) -> None:  # fmt: skip
    """Let it stand in the chain of custody, with what taking it back needs.

    Args:
        done: in the rows' order; `after`, where it is there, is the newest event when a row had
            been written: what somebody said of it later keeps it. Else it is this event.
    """
    custody.record(
        kind=IMPORTED,
        agent=agent,
        subject=f"import:{number}",
        detail={**about, "rows": rows, "done": done},
    )


def _ours(name: str, row: SheetRow, mapping: Mapping[str, str]) -> Asked:
    """A row by our columns' names. Raises: NotARecord for a heading that nothing is known of."""
    said, unknown = {}, []
    for heading, text in row.cells.items():
        ours = mapping.get(heading, fold(heading).replace(" ", "_"))
        if ours and ours not in COLUMNS:
            unknown.append(heading)
        elif ours:
            said[ours] = text
    if unknown:
        raise NotARecord(
            f"{name}: the column {unknown[0]!r} is not known. Name it in a mapping, "
            f'or leave it out there with "". Columns are {", ".join(COLUMNS)}.'
        )
    return Asked(row.number, said)


def _by_hundreds(rows: Iterator[Asked]) -> Iterator[list[Asked]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


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
    reel = read_anew(each["reel"])
    made = each.get("made", ["reel"] if each["new"] else [])
    if made and _used_since(reel, each.get("after", event.pk), made):
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
    description.record_changes(read_anew(reel.pk), before, by=by, source=source, parts=parts)
    if made:
        _remove(reel, made)
        return "removed"
    return "restored" if all(whole) else "kept"


def _used_since(reel: Reel, event: int, made: list[str]) -> bool:
    """Whether anything hangs on the reel, or anybody described what the import made after that
    event."""
    subjects = [description.subject_of(reel, part) for part in made]
    return (
        reel.scans.exists()
        or reel.events.exists()
        or reel.conditions.exists()
        or Event.objects.filter(subject__in=subjects, pk__gt=event).exists()
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
