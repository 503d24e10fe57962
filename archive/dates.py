"""Uncertain dates as archives write them: EDTF (ISO 8601-2:2019), by the library edtf.

It stands here and not among the formats since the library asks Django for settings where it is
installed, and those know no Django. It is loaded when the first date is read: it builds a grammar
then, which every start of a server and every command would wait for.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_OPEN_ENDED = re.compile(r"\A(?P<from>[^/]*)/(?P<to>[^/]*)\Z")
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_ABOUT = {"~": "about ", "?": "perhaps ", "%": "perhaps about "}


class NotADate(ValueError):
    """The text is no EDTF; the message says what to write instead."""


def check_edtf(text: str) -> str:
    """The date as it is kept: white space taken off, an open end written as `..`.

    Raises: NotADate, with a proposal where the text can be understood.
    """
    wanted = text.strip()
    if wanted and not _is_edtf(wanted):
        raise NotADate(_advice(wanted))
    return wanted


@lru_cache(maxsize=10_000)  # a spreadsheet has the same years many times over
def _is_edtf(text: str) -> bool:
    from edtf import EDTFParseException, parse_edtf

    span = _OPEN_ENDED.match(text)
    # The library parses both halves, and fails on an interval that is open to one side.
    if span and ".." in (span["from"], span["to"]):
        ends = [end for end in (span["from"], span["to"]) if end not in ("..", "")]
        return bool(ends) and all(_is_edtf(end) for end in ends)
    try:
        parse_edtf(text)
    except (EDTFParseException, ValueError, TypeError, AttributeError):
        return False
    return _is_in_order(text)


def _is_in_order(text: str) -> bool:
    span = _OPEN_ENDED.match(text)
    if not span:
        return True
    first, last = (_YEAR.search(end) for end in (span["from"], span["to"]))
    return not (first and last and first.group() > last.group())


def _advice(text: str) -> str:
    from edtf import EDTFParseException, text_to_edtf

    proposal = None
    try:
        proposal = text_to_edtf(text)
    except (EDTFParseException, ValueError, TypeError, AttributeError, IndexError):
        proposal = None
    if proposal and proposal != text and _is_edtf(str(proposal)):
        return f"{text!r} is no date in EDTF; write {proposal} if that is what it means."
    return (
        f"{text!r} is no date in EDTF. Write 1926, 1926-05, 1926~ (about), 1926? (uncertain), "
        "192X (the twenties), 1926/1928 (from, to) or [1926,1928] (one of these)."
    )


def last_day(text: str) -> tuple[date, date] | None:
    """The last day that a date covers: as it is written, and the latest that it may mean.

    2030~ ends on 31 December 2030, or a year later. None: it is empty, open-ended or no date.
    """
    from edtf import EDTFParseException, parse_edtf

    wanted = text.strip()
    if not wanted or wanted.endswith(("/", "..")):
        return None
    try:
        found = parse_edtf(wanted)
        as_written, latest = found.upper_strict(), found.upper_fuzzy()
        return date(*as_written[:3]), date(*latest[:3])
    except (EDTFParseException, ValueError, TypeError, AttributeError):
        return None


def first_year(text: str) -> int | None:
    """The earliest year that is named, for sorting and decades; 192X counts as 1920."""
    found = re.search(r"(?<![0-9X])[0-9]{4}(?![0-9])|[0-9]{2,3}X{1,2}", text)
    return int(found.group().replace("X", "0")) if found else None


def in_words(text: str) -> str:
    """For people: "about 1926", "from 1926 to 1928"; what is not known here stays as it is."""
    span = _OPEN_ENDED.match(text)
    if span:
        first, last = span["from"], span["to"]
        if last in ("", ".."):
            return f"from {in_words(first)}"
        if first in ("", ".."):
            return f"until {in_words(last)}"
        return f"from {in_words(first)} to {in_words(last)}"
    if text and text[-1] in _ABOUT and _YEAR.fullmatch(text[:-1]):
        return _ABOUT[text[-1]] + text[:-1]
    if re.fullmatch(r"[0-9]{3}X", text):
        return f"the {text[:3]}0s"
    return text
