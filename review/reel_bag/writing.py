"""A reel written out as a bag."""

from __future__ import annotations

import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import bagit
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from archive import custody, derived, description, exchange, ledger
from archive.fixity import scan_digest, sha256_file
from archive.models import Collection, Reel, Scan
from restoration.models import Transcript
from review.reel_bag import (
    DECISIONS,
    DESCRIPTION,
    EVENTS,
    EXAMINATIONS,
    FORMAT,
    LINES,
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
from review.reel_bag.takes import write_takes
from review.reel_bag.timeline import write_timeline
from review.search import index
from review.spoken import newest_with_lines

WRITTEN = "replication"
"""PREMIS' word for a copy of it all."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into the bag besides what is known of the reel."""

    scan: bool = False
    """The film, compared with its digest."""
    takes: bool = False
    """Pictures and maps of all takes, compared with theirs."""
    timeline: str = ""
    """The use for which the timeline is made; empty: none."""


def write_bag(
    reel: Reel, folder: Path, wanted: Wanted = Wanted(), *, by: AbstractBaseUser | None = None
) -> Path:
    """Write all that is known of a reel into a new folder, as a bag; the event names its digest.

    Args:
        folder: must not be there; it appears whole or not at all.

    Raises: BagRefused, OSError.
    """
    if folder.exists():
        raise BagRefused(f"{folder} is there already; name a folder that is not.")
    logging.getLogger("bagit").setLevel(logging.WARNING)
    making = folder.with_name(f".{folder.name}-being-made")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        with transaction.atomic():
            _write_known(reel, making)
            scan = reel.current_scan()
            if scan is not None:
                _copy_scan(scan, making, with_scan=wanted.scan)
                if wanted.takes:
                    write_takes(scan, making)
                if wanted.timeline:
                    write_timeline(reel, scan, making, use=wanted.timeline)
            bagit.make_bag(str(making), _facts(reel), checksums=["sha256"])
            _record(reel, folder, making, wanted, by=by)
        os.replace(making, folder)  # noqa: PTH105 - a folder, not a file
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _facts(reel: Reel) -> dict[str, str]:
    return {
        "External-Description": " ".join(str(reel).split()),
        "External-Identifier": f"urn:reelproof:reel:{reel.pk}",
        "Internal-Sender-Description": f"{FORMAT}: data/{DESCRIPTION} says what it is.",
    }


def _record(
    reel: Reel, folder: Path, bag: Path, wanted: Wanted, *, by: AbstractBaseUser | None
) -> None:
    custody.record(
        kind=WRITTEN,
        agent=custody.person(by) if by is not None else custody.software(),
        subject=f"reel:{reel.pk}",
        reel=reel,
        detail={
            "format": FORMAT,
            "name": folder.name,
            "with_scan": wanted.scan,
            "with_takes": wanted.takes,
            "timeline": wanted.timeline,
            "manifest_sha256": sha256_file(bag / "manifest-sha256.txt"),
        },
    )


def _write_known(reel: Reel, folder: Path) -> None:
    scan = reel.current_scan()
    for kind, give_out in exchange.OUT.items():
        if kind != "mets" or scan is not None:
            (folder / f"{kind}.xml").write_bytes(give_out(reel))
    about: dict[str, Any] = {
        "format": FORMAT,
        "address": f"urn:reelproof:reel:{reel.pk}",
        "description": description.describe(reel),
        "created": {
            "reel": moments.told(reel.created),
            "scan": scan and moments.told(scan.created),
        },
        "element": reel.element_id,
        "collection": _about(reel.title.collection),
        "scan": _scan(scan) if scan is not None else None,
    }
    _write_json(folder / DESCRIPTION, about)
    chain = custody.reel_chain(reel)
    heads = {name: head for name, head in custody.chain_heads(reel).items() if name == chain}
    ledger.write_export(folder / EVENTS, custody.records(chain), heads)
    _write_json(folder / EXAMINATIONS, examinations.examinations_of(reel))
    examinations.write_photographs(reel, folder)
    if scan is not None:
        _write_json(folder / TRANSCRIPTS, transcripts.transcripts_of(scan))
        _write_json(folder / NOTES, notes.notes_of(scan))
        _write_json(folder / DECISIONS, decided.decisions_of(scan))
        spoken = newest_with_lines(scan)
        if spoken is not None:
            _write_json(folder / LINES, lines_of(spoken))


def _about(collection: Collection | None) -> dict[str, str] | None:
    if collection is None:
        return None
    return {"name": collection.name, "description": collection.description}


def _scan(scan: Scan) -> dict[str, Any]:
    return {
        "number": scan.pk,
        "name": Path(scan.path).name,
        **{name: getattr(scan, name) for name in SCAN_FIELDS},
    }


def lines_of(transcript: Transcript) -> dict[str, Any]:
    """What is said as it stands, line by line, with whether a person answers for it."""
    said = ("text", "frames", "speaker", "language", "checked", "doubtful", "kind")
    lines = [asdict(entry) for entry in index.spoken(transcript)]
    return {
        "source": transcript.source,
        "maker": transcript.maker,
        "language": transcript.language,
        "lines": [{name: line[name] for name in said} for line in lines],
    }


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def _copy_scan(scan: Scan, folder: Path, *, with_scan: bool) -> None:
    tables = derived.tables(scan)
    for name in (derived.FRAMES, derived.FRAMEMD5, derived.MANIFEST):
        if scan.derived and (tables / name).is_file():
            (folder / TABLES).mkdir(exist_ok=True)
            shutil.copyfile(tables / name, folder / TABLES / name)
    if not with_scan:
        return
    source, target = Path(scan.path), folder / SCAN / Path(scan.path).name
    target.parent.mkdir()
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    if scan_digest(target) != scan.sha256:
        raise BagRefused(
            f"{source} is no longer what was taken into custody; run: python manage.py check_fixity"
        )
