"""Rows of a CSV or XLSX file as texts. Formulas are never computed: they stay the text they are."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from archive.metadata.record import NotARecord

MOST_BYTES = 200 << 20
"""Of a file, and of what an XLSX file unpacks to."""
MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One line; `number` as the spreadsheet counts it, the headings being line 1."""

    number: int
    cells: dict[str, str]


def read_rows(path: Path) -> Iterator[SheetRow]:
    """The lines of the first sheet below its headings; empty ones are passed over.

    Raises: NotARecord if it is neither, too large, or its headings are missing or come twice.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise NotARecord(f"{path.name} is larger than {MOST_BYTES >> 20} MB; part it.")
        lines = _xlsx(path) if path.suffix.lower() == ".xlsx" else _csv(path)
        yield from _below_headings(path, lines)
    except (OSError, UnicodeDecodeError, csv.Error, zipfile.BadZipFile, KeyError,
            InvalidFileException) as error:  # fmt: skip
        raise NotARecord(f"{path.name} cannot be read as CSV (UTF-8) or XLSX: {error}") from error


def _below_headings(path: Path, lines: Iterator[list[str]]) -> Iterator[SheetRow]:
    headings = [each.strip() for each in next(lines, [])]
    named = [each for each in headings if each]
    if not named or len(named) > MOST_COLUMNS:
        raise NotARecord(f"{path.name} has no headings in its first line, or over {MOST_COLUMNS}.")
    twice = sorted({each for each in named if named.count(each) > 1})
    if twice:
        raise NotARecord(f"{path.name} has the heading {twice[0]!r} twice.")
    for number, line in enumerate(lines, 2):
        cells = {
            heading: cell.strip()
            for heading, cell in zip(headings, line, strict=False)
            if heading and cell.strip()
        }
        if cells:
            yield SheetRow(number, cells)


def _csv(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = max(",;\t", key=first.count)
        yield from csv.reader(file, delimiter=delimiter, strict=True)


def _xlsx(path: Path) -> Iterator[list[str]]:
    try:
        yield from _first_sheet(path)
    except NotARecord:
        raise
    except Exception as error:
        # The libraries promise no error of their own for a file that is broken: zlib's, the XML
        # parser's, NotImplementedError, IndexError, TypeError and more were met.
        words = f"{path.name} cannot be read as XLSX: save it again, or send it as CSV ({error})."
        raise NotARecord(words) from error


def _first_sheet(path: Path) -> Iterator[list[str]]:
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if sum(each.file_size for each in packed.infolist()) > MOST_BYTES:
            raise NotARecord(f"{path.name} unpacks to more than {MOST_BYTES >> 20} MB; part it.")
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    try:
        for line in book.worksheets[0].iter_rows(values_only=True):
            yield [_text(cell) for cell in line]
    finally:
        book.close()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
