"""Rows of a CSV, XLSX or ODS file as texts. Formulas are never computed.

Of an XLSX file they stay the text they are, of an ODS file the value that was saved beside them is
taken.
"""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from defusedxml.ElementTree import iterparse
from python_calamine import CalamineError, CalamineWorkbook

from archive.metadata.record import NotARecord

MOST_BYTES = 200 << 20
"""Of a file, and of what an XLSX file unpacks to."""
MOST_COLUMNS = 200
MOST_CELLS = 20 << 20
"""Of a sheet's used rectangle: ODS writes `the same cell a million times` in a few bytes."""


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
        read = {".xlsx": _xlsx, ".ods": _ods}.get(path.suffix.lower(), _csv)
        yield from _below_headings(path, read(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NotARecord(
            f"{path.name} cannot be read as CSV (UTF-8), XLSX or ODS: {error}"
        ) from error


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
    return _in_our_words(path, "XLSX", _first_sheet(path))


def _ods(path: Path) -> Iterator[list[str]]:
    return _in_our_words(path, "ODS", _first_ods_sheet(path))


BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(CalamineError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, EOFError),
    *(ArithmeticError, NotImplementedError, RuntimeError, AssertionError, OSError),
)
"""What a broken file was met to raise, or can: the libraries promise no error of their own. The
XML parser's is a SyntaxError, what it refuses a ValueError."""


def _in_our_words(path: Path, kind: str, lines: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from lines
    except NotARecord:
        raise
    except BROKEN as error:
        words = f"{path.name} cannot be read as {kind}: save it again, or send it as CSV ({error})."
        raise NotARecord(words) from error


def _first_sheet(path: Path) -> Iterator[list[str]]:
    # Here, since every start of a server would load it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    data = _packed(path)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    except InvalidFileException as error:
        raise ValueError(str(error)) from error
    try:
        for line in book.worksheets[0].iter_rows(values_only=True):
            yield [_text(cell) for cell in line]
    finally:
        book.close()


def _packed(path: Path) -> bytes:
    """A file that is a ZIP. Raises: NotARecord if it unpacks to too much."""
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if sum(each.file_size for each in packed.infolist()) > MOST_BYTES:
            raise NotARecord(f"{path.name} unpacks to more than {MOST_BYTES >> 20} MB; part it.")
    return data


def _first_ods_sheet(path: Path) -> Iterator[list[str]]:
    data = _packed(path)
    with zipfile.ZipFile(io.BytesIO(data)) as packed, packed.open("content.xml") as content:
        if _cells(content) > MOST_CELLS:
            raise NotARecord(f"{path.name} has a sheet with too many cells; take out empty ones.")
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        for line in book.get_sheet_by_index(0).to_python(skip_empty_area=False):
            yield [_text(cell) for cell in line]


_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def _cells(content: IO[bytes]) -> int:
    """Cells of the largest rectangle from a sheet's first cell to its last used ones.

    Raises: ParseError or DefusedXmlException, both a ValueError or SyntaxError.
    """
    most, rows, columns, width = 0, 0, 0, 0
    for _, each in iterparse(content, forbid_dtd=True):
        match each.tag.removeprefix(_TABLE):
            case "table-cell" | "covered-table-cell":
                columns += int(each.get(f"{_TABLE}number-columns-repeated", "1"))
                width = max(width, columns) if len(each) else width
                each.clear()
            case "table-row":
                rows += int(each.get(f"{_TABLE}number-rows-repeated", "1"))
                used, columns = bool(width), 0
                most = max(most, rows * width) if used else most
                each.clear()
            case "table":
                rows = columns = width = 0
    return most


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
