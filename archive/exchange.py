"""A reel's description given out in the formats of others, and taken in from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from archive import custody, description, roles
from archive.errors import DescriptionRefused
from archive.forms import LISTED, ROW_FORMS, DescriptionForm, ElementForm, ReelForm, TitleForm
from archive.metadata.dublin_core import read_dublin_core, write_dublin_core
from archive.metadata.mets import write_mets
from archive.metadata.pbcore import faults_of, read_pbcore, write_pbcore
from archive.metadata.premis import write_premis
from archive.metadata.record import NotARecord, Record, ScanRecord
from archive.metadata.wording import several
from archive.metadata.xml import parse
from archive.models import Collection, Reel, Scan, Term
from archive.terms import Terms

OUT: dict[str, Callable[[Reel], bytes]] = {
    "pbcore": lambda reel: _held_against_schema(write_pbcore(record_of(reel))),
    "dc": lambda reel: write_dublin_core(record_of(reel)),
    "premis": lambda reel: write_premis(record_of(reel), custody.records(custody.reel_chain(reel))),
    "mets": lambda reel: write_mets(record_of(reel), custody.records(custody.reel_chain(reel))),
}
"""What a reel's description is given out as."""
STAFF_ONLY = frozenset({"premis", "mets"})
"""Formats that tell of the work in the house."""


def schema() -> Path | None:
    """The published schema of PBCore, where this archive has it."""
    return Path(settings.PBCORE_XSD) if settings.PBCORE_XSD else None


def _held_against_schema(document: bytes) -> bytes:
    """Raises: NotARecord if it would leave against the schema."""
    if faults := faults_of(document, schema()):
        raise NotARecord("It would be no valid PBCore 2.1: " + "; ".join(faults[:8]))
    return document


def record_of(reel: Reel) -> Record:
    said = description.describe(reel)
    title = said["title"] | {
        "language_codes": _codes(said["title"]["language"]),
        "relations": [
            {"kind": each["kind"], "to": each["to"], "is_of_element": bool(each["element_id"])}
            for each in said["title"]["relations"]
            if each["element_id"] in (None, reel.element_id)
        ],
    }
    scan = reel.current_scan()
    return Record(
        f"urn:reelproof:reel:{reel.pk}",
        title,
        said["element"],
        said["reel"],
        _scan_record(scan, said["scan"]) if scan else None,
    )


def _codes(languages: str) -> list[str]:
    known = dict(Term.objects.filter(vocabulary="language").values_list("label", "code"))
    return [known[each] for each in several(languages) if each in known]


def _scan_record(scan: Scan, facts: dict[str, str]) -> ScanRecord:
    return ScanRecord(
        number=scan.pk,
        name=PurePath(scan.path).name,
        sha256=scan.sha256,
        bytes=scan.bytes,
        frames=scan.frames,
        rate=str(scan.rate),
        seconds=float(scan.frames / scan.rate),
        width=scan.width,
        height=scan.height,
        bits=scan.bit_depth,
        kind=_kind(scan),
        facts=facts,
    )


def _kind(scan: Scan) -> str:
    container = str(scan.mediainfo.get("container", "") if scan.mediainfo else "")
    suffix = PurePath(scan.path).suffix.lstrip(".").lower()
    known = {"mkv": "video/x-matroska", "mov": "video/quicktime", "mp4": "video/mp4",
             "mxf": "application/mxf", "avi": "video/x-msvideo", "webm": "video/webm"}  # fmt: skip
    if scan.kind == Scan.Kind.SEQUENCE:
        return "image sequence"
    return known.get(suffix, container or "application/octet-stream")


def read(data: bytes) -> Record:
    """What a file of another system says, PBCore or Dublin Core.

    Raises: NotARecord.
    """
    root = parse(data)
    return read_pbcore(data, schema()) if "PBCore" in str(root.tag) else read_dublin_core(data)


@transaction.atomic
def take_in(
    reel: Reel,
    record: Record,
    *,
    by: AbstractBaseUser | None,
    source: str,
    terms: Terms | None = None,
    parts: tuple[str, ...] = description.PARTS,
) -> Any:
    """Let a record say what the reel's description says; what it leaves out stays.

    Args:
        terms: the vocabularies, where many records are taken in.
        parts: those whose changes are told as events.

    Rows (credits, rights ...) are added to those that are there, never taken away. Returns what
    changed. Raises: DescriptionRefused with every reason, and then nothing was written.
    """
    before = description.describe(reel)
    terms, reasons = terms or Terms(), list[str]()
    title = dict(record.title)
    if name := title.pop("collection", ""):
        kept_in = Collection.objects.get_or_create(name=name)[0]
        reasons += _refused_move(reel, kept_in, by)
        title["collection"] = kept_in.pk
    for name, rows in ((name, title.pop(name, [])) for name in ROW_FORMS):
        for number, row in enumerate(rows, 1):
            reasons += _add_row(reel, name, number, row, terms)
    for name, (part, field, _) in description.OWN_ROWS.items():
        said = record.reel if part == "reel" else record.element
        for number, row in enumerate(said.get(field, ()), 1):
            reasons += _add_row(reel, name, number, row, terms)
    wanted = ((ElementForm, reel.element, record.element), (ReelForm, reel, record.reel),
             (TitleForm, reel.title, title))  # fmt: skip
    for form, instance, said in wanted:
        reasons += _fill(form, instance, said, terms)
    if reasons:
        raise DescriptionRefused(reasons)
    return description.record_changes(
        Reel.objects.get(pk=reel.pk), before, by=by, source=source, parts=parts
    )


def _refused_move(reel: Reel, kept_in: Collection, by: AbstractBaseUser | None) -> list[str]:
    """Why a person does not put the film into that collection, by their role there."""
    if by is None or not roles.of(by).there or kept_in.pk == reel.title.collection_id:
        return []
    if roles.may_within(by, "archive.describe", kept_in.pk):
        return []
    return [f"collection: you do not describe films of {kept_in}"]


def _fill(form: Any, instance: Any, said: dict[str, Any], terms: Terms) -> list[str]:
    """Write the fields that the record names; empty ones say nothing."""
    current = {name: getattr(instance, name) for name in form._meta.fields}
    if "collection" in current:
        current["collection"] = instance.collection_id
    known = {name: value for name, value in said.items() if name in current and value}
    filled = form(current | known, instance=instance, terms=terms)
    if not filled.is_valid():
        return [f"{name}: {' '.join(map(str, what))}" for name, what in filled.errors.items()]
    filled.save()
    return []


def _add_row(reel: Reel, name: str, number: int, row: dict[str, Any], terms: Terms) -> list[str]:
    model, form, heading = LISTED[name]
    if row.get("is_of_element"):
        row = row | {"element": reel.element_id}
    part = description.part_of(name)
    owner = {part: description.row_of(reel, part)}
    typed: DescriptionForm = form(row, instance=model(**owner), terms=terms)
    if not typed.is_valid():
        return [
            f"{heading}, {number}, {field}: {' '.join(map(str, what))}"
            for field, what in typed.errors.items()
        ]
    same = {field: typed.cleaned_data[field] for field in typed.cleaned_data}
    if not model.objects.filter(**owner, **same).exists():
        typed.save()
    return []


__all__ = ["OUT", "STAFF_ONLY", "NotARecord", "read", "record_of", "schema", "take_in"]
