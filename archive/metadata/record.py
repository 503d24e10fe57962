"""A reel's description as values that files are made of and read into. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
"""One credit, identifier and so on: the fields that `archive.description.ROWS` names; of a relation
`is_of_element` in place of the element's number, True for the record's own element."""


class NotARecord(ValueError):
    """A file is not what it should be; the message says what is wrong and, if it can, where."""


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """What a file of the reel is, as it was measured."""

    number: int
    name: str
    """The file's or folder's own name, without its place."""
    sha256: str
    bytes: int
    frames: int
    rate: str
    """Frames a second: "18", "24000/1001"."""
    seconds: float
    width: int
    height: int
    bits: int
    kind: str
    facts: dict[str, str] = field(default_factory=dict)
    """scanner, scanned, operator, remarks."""


@dataclass(frozen=True, slots=True)
class Record:
    """A reel with its title, element and newest scan."""

    address: str
    """What others may call it by: a URI of this installation, such as `urn:reelproof:reel:7`."""
    title: dict[str, Any]
    element: dict[str, Any] = field(default_factory=dict)
    reel: dict[str, Any] = field(default_factory=dict)
    scan: ScanRecord | None = None
