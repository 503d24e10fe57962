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

from archive import custody, roles
from archive.fixity import sha256_file
from archive.import_batch import COLUMNS, ELEMENT, REEL, TITLE, Asked, Batches, Outcome
from archive.metadata.record import NotARecord
from archive.metadata.spreadsheet import SheetRow, read_rows
from archive.metadata.wording import fold
from archive.models import Agent, Collection, Event
from archive.taking_back import OUTCOMES, take_rows_back

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
def take_back(
    number: str, *, by: AbstractBaseUser | None, progress: Callable[[int], None] = _say_nothing
) -> dict[str, int]:
    """Undo an import: what it made and nobody used since goes, what it changed and nobody changed
    since is as it was. The rest stays and is counted.

    Args:
        progress: told after some hundred rows how many were gone through.

    Raises: NotARecord if there is no such import, or it was taken back.
    """
    event, counts = standing(number), dict.fromkeys(OUTCOMES, 0)
    agent = custody.person(by) if by is not None else custody.software()
    gone = 0
    while gone < len(event.detail["done"]):
        gone += take_part_back(event, gone, counts, agent=agent)
        progress(gone)
    record_taken_back(event, counts, agent=agent)
    return counts


def standing(number: str) -> Event:
    """The import of that number. Raises: NotARecord if none is, or it was taken back."""
    subject = f"import:{number}"
    event = Event.objects.filter(kind=IMPORTED, subject=subject).first()
    if event is None or Event.objects.filter(kind=TAKEN_BACK, subject=subject).exists():
        raise NotARecord(f"There is no import {number} that stands.")
    return event


def take_part_back(event: Event, gone: int, counts: dict[str, int], *, agent: Agent) -> int:
    """The next BATCH rows from the end on, in the caller's transaction; how many those were.

    Args:
        gone: rows from the end that were taken back already.
        counts: what rows came to is added there.
    """
    done = event.detail["done"]
    rows = done[max(0, len(done) - gone - BATCH) : len(done) - gone]
    for outcome, rows_of_it in take_rows_back(rows, event, agent=agent).items():
        counts[outcome] += rows_of_it
    return len(rows)


def record_taken_back(event: Event, counts: dict[str, int], *, agent: Agent) -> None:
    """Let it stand in the chain of custody that an import was taken back, and what that came to."""
    custody.record(kind=TAKEN_BACK, agent=agent, subject=event.subject, detail=counts)


def told(rows: Iterable[Outcome]) -> Iterator[str]:
    """Refused rows in words."""
    for each in rows:
        if each.outcome == "refused":
            yield f"row {each.row}: {'; '.join(each.reasons)}"
