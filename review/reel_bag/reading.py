"""A bag of a reel taken in: checked whole before anything is written, written whole or not at all.

Events come into the new reel's chain with their own time and agent; each holds, under `imported`,
its place and digest in the chain that it came from, so that both histories can be held against each
other. People of the other archive who decided are kept as accounts that nobody can log in with.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import bagit
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction

from archive import custody, derived, description, ledger, stored
from archive.bucket import StoreError
from archive.checking import Checked, Checks
from archive.errors import LedgerError
from archive.fixity import scan_digest, sha256_file
from archive.forms import OWN_ROW_FORMS, ROW_FORMS, ScanForm
from archive.ledger import EventRecord
from archive.models import Agent, Collection, Element, Reel, Relation, Scan, Title
from archive.terms import Terms
from archive.upload_places import master_home
from review.reel_bag import (
    DECISIONS,
    DESCRIPTION,
    EVENTS,
    EXAMINATIONS,
    FORMAT,
    NOTES,
    SCAN,
    SCAN_FIELDS,
    TABLES,
    TRANSCRIPTS,
    decided,
    examinations,
    moments,
    notes,
    transcripts,
)
from review.reel_bag.errors import BagRefused
from review.reel_bag.strangers import Strangers, agent_of
from review.reel_bag.takes import check_takes, place_takes
from review.reel_bag.timeline import check_timeline

TAKEN_IN = "reel package taken in"
_OURS = re.compile(r"(title|element) \d+")
"""A relation to a row of the archive that the bag comes from, whose numbers mean nothing here."""


@dataclass(frozen=True, slots=True)
class _Read:
    folder: Path
    """The bag's payload."""
    said: dict[str, Any]
    events: list[EventRecord]
    decisions: dict[str, Any]
    manifest: str
    """SHA-256 of the bag's own list of digests."""
    transcripts: dict[str, Any]
    notes: list[dict[str, Any]]
    examinations: list[dict[str, Any]]


def read_bag(bag: Path, *, by: AbstractBaseUser | None = None) -> Reel:
    """Take a reel in.

    Raises: BagRefused with every reason, and then nothing was written; OSError.
    """
    read = _checked(bag)
    published: list[Path] = []
    try:
        with transaction.atomic():
            reel = _take_in(read, published, by=by)
        for path in published:
            if key := stored.key_of(path):
                stored.keep(key)
        return reel
    except StoreError:
        # It is taken in, and its files are here: `manage.py store_files` goes on.
        raise
    except BaseException:
        for path in published:
            shutil.rmtree(path, ignore_errors=True)
        raise


def _checked(bag: Path) -> _Read:
    logging.getLogger("bagit").setLevel(logging.CRITICAL)
    try:
        bagit.Bag(str(bag)).validate()
        data = bag / "data"
        said = json.loads((data / DESCRIPTION).read_text(encoding="utf-8"))
        if said.get("format") != FORMAT:
            raise BagRefused(f"{bag} is no bag of a reel ({FORMAT}).")
        events, heads = ledger.read_export(data / EVENTS)
        told = (data / DECISIONS).read_text("utf-8") if said["scan"] is not None else "{}"
        read = _Read(
            data, said, events, json.loads(told), _manifest(bag),
            transcripts=_there(data / TRANSCRIPTS, {"transcripts": [], "corrections": []}),
            notes=_there(data / NOTES, []), examinations=_there(data / EXAMINATIONS, []),
        )  # fmt: skip
        wrong = ledger.check_events(events, heads)
        check_takes(data, read.decisions)
        check_timeline(data, said["scan"], read.decisions)
    except (bagit.BagError, LedgerError, OSError, ValueError, KeyError, TypeError,
            AttributeError, RecursionError) as error:  # fmt: skip
        raise BagRefused(f"{bag} cannot be taken in: {error}") from error
    if wrong:
        raise BagRefused(f"{bag} cannot be taken in: {'; '.join(wrong[:5])}")
    return read


def _there(path: Path, without: Any) -> Any:
    """What a file of the bag says; earlier bags do not have it."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else without


def _manifest(bag: Path) -> str:
    return sha256_file(bag / "manifest-sha256.txt")


def _take_in(read: _Read, published: list[Path], *, by: AbstractBaseUser | None) -> Reel:
    strangers = Strangers()
    try:
        _refuse_held(read.said["scan"])
        reel = _describe(read.said["description"], read.said.get("element"))
        _about(reel.title.collection, read.said.get("collection"))
        numbers = {f"reel:{read.said['address'].rpartition(':')[2]}": f"reel:{reel.pk}"}
        if read.said["scan"] is not None:
            scan = _scan(reel, read, published)
            numbers[f"scan:{read.said['scan']['number']}"] = f"scan:{scan.pk}"
            numbers |= decided.take_in(scan, read.decisions, strangers)
            place_takes(read.folder, scan.takes.all(), published)
            transcripts.take_in(scan, read.transcripts, strangers)
            notes.take_in(scan, read.notes, strangers)
        examinations.take_in(reel, read.examinations, read.folder, strangers)
        _since(reel, read.said.get("created") or {})
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError,
            DataError, IntegrityError) as error:  # fmt: skip
        raise BagRefused(f"The bag does not say what it should: {error!r}") from error
    agent = custody.person(by) if by is not None else custody.software()
    _tell(reel, read.events, numbers, agent)
    custody.record(
        kind=TAKEN_IN,
        agent=agent,
        subject=f"reel:{reel.pk}",
        reel=reel,
        detail={"of": read.said["address"], "manifest_sha256": read.manifest,
                "events": len(read.events)},
    )  # fmt: skip
    description.described.send(sender=_Read, reels=[reel.pk])
    return Reel.objects.select_related("element__title__collection").get(pk=reel.pk)


def _describe(said: dict[str, dict[str, Any]], number: int | None) -> Reel:
    """Rows of a description, checked as if they were typed; what stands here alike is used.

    Args:
        number: what its element is called there; relations of other elements stay there.
    """
    checks, reasons = Checks(), list[str]()
    parts: dict[str, dict[str, Any]] = {}
    for part, checked, blank in (
        ("title", checks.title, Title()), ("element", checks.element, Element()),
        ("reel", checks.reel, Reel()),
    ):  # fmt: skip
        plain = {name: value for name, value in said[part].items() if name in checked.fields}
        plain.pop("collection", None)
        parts[part], wrong = checked.values(plain, blank)
        reasons += [f"{part}, {each}" for each in wrong]
    rows = _rows(said["title"], checks, reasons)
    of_element = _rows(said["title"], checks, reasons, of_element=number)
    own = _own_rows(said, checks, reasons)
    if reasons:
        raise BagRefused("The description cannot be taken in: " + "; ".join(reasons[:12]))
    title = _title(said["title"], parts["title"], rows)
    whole = {name: parts["element"].get(name, "") for name in description.ELEMENT}
    alike = (each for each in title.elements.filter(**whole) if _is_called(each, own))
    element = next(alike, None)
    if element is None:
        element = Element.objects.create(title=title, **parts["element"])
        _write_own("element", element, own)
    if element.reels.filter(number=parts["reel"]["number"]).exists():
        raise BagRefused(f"{element} has a reel {parts['reel']['number']} already.")
    for _, row in of_element:
        Relation.objects.get_or_create(title=title, **row | {"element": element})
    reel = Reel.objects.create(element=element, **parts["reel"])
    _write_own("reel", reel, own)
    return reel


def _since(reel: Reel, said: Mapping[str, str | None]) -> None:
    """Reel and scan are as old as they were there; earlier bags do not say it."""
    if when := said.get("reel"):
        Reel.objects.filter(pk=reel.pk).update(created=moments.read(when))
    if when := said.get("scan"):
        reel.scans.update(created=moments.read(when))


def _about(collection: Collection | None, said: dict[str, str] | None) -> None:
    """What the other archive says of the collection, where nobody here said anything."""
    if collection is not None and said and not collection.description:
        collection.description = str(said["description"])
        collection.save(update_fields=["description"])


def _rows(
    title: dict[str, Any], checks: Checks, reasons: list[str], *, of_element: int | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """What the title has several of; or else the relations of that element of it."""
    found = []
    for name in ROW_FORMS:
        for row in title.get(name, []):
            if row.get("element_id") != of_element or (of_element and name != "relations"):
                continue
            plain = {
                key: _as_said_here(key, value) for key, value in row.items() if key != "element_id"
            }
            kept, wrong = checks.row(name, plain)
            reasons += [f"{name}, {each}" for each in wrong]
            found.append((name, kept))
    return found


def _own_rows(
    said: dict[str, dict[str, Any]], checks: Checks, reasons: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Of element and reel, by the list's name; earlier bags say nothing of them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for listed, (part, name, _) in description.OWN_ROWS.items():
        found[listed] = []
        for row in said[part].get(name, []):
            kept, wrong = checks.row(listed, row)
            reasons += [f"{part} {name}, {each}" for each in wrong]
            found[listed].append(kept)
    return found


def _is_called(element: Element, own: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether the lists of an element here say what the bag's do."""
    return all(
        description.rows_of(getattr(element, name).all(), fields)
        == [{field: row[field] for field in fields} for row in own[listed]]
        for listed, (part, name, fields) in description.OWN_ROWS.items()
        if part == "element"
    )


def _write_own(part: str, owner: Element | Reel, own: dict[str, list[dict[str, Any]]]) -> None:
    for listed, rows in own.items():
        if description.OWN_ROWS[listed].part == part:
            for row in rows:
                OWN_ROW_FORMS[listed][0].objects.create(**{part: owner}, **row)


def _as_said_here(name: str, value: Any) -> Any:
    if name == "to" and _OURS.fullmatch(str(value)):
        return f"{value} of the archive that it came from"
    return value


def _title(
    said: dict[str, Any], parts: dict[str, Any], rows: list[tuple[str, dict[str, Any]]]
) -> Title:
    name = str(said.get("collection") or "")
    collection = Collection.objects.get_or_create(name=name)[0] if name else None
    wanted = {each: said.get(each) for each in (*description.TITLE, *description.ROWS)}
    wanted["relations"] = _of_title(wanted["relations"] or [])
    for known in Title.objects.filter(name=parts["name"], collection=collection):
        if _as_told(known) == wanted:
            return known
    title = Title.objects.create(collection=collection, **parts)
    for kind, row in rows:
        ROW_FORMS[kind][0].objects.create(title=title, **row)
    return title


def _as_told(title: Title) -> dict[str, Any]:
    told = {name: description.plain(getattr(title, name)) for name in description.TITLE}
    rows = {
        name: description.rows_of(getattr(title, name).all(), fields)
        for name, fields in description.ROWS.items()
    }
    return told | rows | {"relations": _of_title(rows["relations"])}


def _of_title(relations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those of one element, whose number means nothing elsewhere."""
    return [each for each in relations if not each.get("element_id")]


def _refuse_held(scan: dict[str, Any] | None) -> None:
    held = Scan.objects.filter(sha256=scan["sha256"]).first() if scan is not None else None
    if held is not None:
        raise BagRefused(f"These bytes are held already, as {held}.")


def _scan(reel: Reel, read: _Read, published: list[Path]) -> Scan:
    said = read.said["scan"]
    digest, name = str(said["sha256"]), Path(str(said["name"])).name
    if not re.fullmatch(r"[0-9a-f]{64}", digest) or name in ("", ".", ".."):
        raise BagRefused("The bag's scan has no digest or no name.")
    facts, wrong = Checked(ScanForm, Terms()).values(read.said["description"]["scan"], Scan())
    if wrong:
        raise BagRefused("The scan cannot be taken in: " + "; ".join(wrong))
    path = master_home() / digest[:16] / name
    source = read.folder / SCAN / name
    has_film = source.exists()
    if has_film:
        _copy(source, path, digest, published)
    _copy_tables(read.folder / TABLES, digest, published)
    return Scan.objects.create(
        reel=reel, path=str(path), derived=derived.key_for(digest), **facts,
        **({} if has_film else {"derivatives": Scan.Derivatives.FAILED, "derivatives_error": (
            f"The package came without the film. Put it at {path}, then run: "
            f"python manage.py ingest --derivatives {reel.pk}")}),
        **{each: said[each] for each in SCAN_FIELDS},
    )  # fmt: skip


def _copy(source: Path, path: Path, digest: str, published: list[Path]) -> None:
    if path.exists():
        raise BagRefused(f"{path} is there already; move it away, then take the bag in again.")
    published.append(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, path)
    else:
        shutil.copyfile(source, path)
    if scan_digest(path) != digest:
        raise BagRefused("The bag's film is not what its own record says.")


def _copy_tables(tables: Path, digest: str, published: list[Path]) -> None:
    if not tables.is_dir():
        return
    staging = derived.Staging(derived.key_for(digest))
    for name in (derived.FRAMES, derived.FRAMEMD5, derived.MANIFEST):
        if (tables / name).is_file():
            shutil.copyfile(tables / name, staging.path / name)
    published.append(staging.final)
    staging.publish()


def _tell(reel: Reel, events: list[EventRecord], numbers: Mapping[str, str], taking: Agent) -> None:
    agents: dict[tuple[str, str, str], Agent] = {}
    told = []
    for event in events:
        who = event["agent"]
        key = (who["kind"], who["name"], who["version"])
        if key not in agents:
            agents[key] = agent_of(*key)
        origin = {"chain": event["chain"], "sequence": event["sequence"],
                  "digest": event["digest"], "subject": event["subject"]}  # fmt: skip
        told.append(
            custody.Telling(
                event["kind"],
                numbers.get(event["subject"], event["subject"]),
                reel,
                {**event["detail"], "imported": origin},
                event["outcome"],
                datetime.fromisoformat(event["at"]),
                agents[key],
            )
        )
    custody.record_all(told, agent=taking)


__all__ = ["TAKEN_IN", "read_bag"]
