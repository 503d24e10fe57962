"""METS 1.12 (loc.gov/standards/mets): a reel as one document that holds its description, all that
happened to it and its rights, and says how they hang together. Written by metsrw, the library of
Archivematica, around our Dublin Core, PBCore and PREMIS. Only written.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import metsrw
from lxml import etree

from archive.ledger import EventRecord
from archive.metadata.dublin_core import write_dublin_core
from archive.metadata.pbcore import write_pbcore
from archive.metadata.premis import NAMESPACE, write_premis
from archive.metadata.record import NotARecord, Record, ScanRecord
from archive.metadata.xml import parse

_REELS = uuid.UUID("6b0f2f5e-6f3c-5d0a-9a3b-2f6f5f0c7a51")
"""The name space in which a scan's digest is its file's UUID: the same in each document."""


def write_mets(record: Record, events: Iterable[EventRecord]) -> bytes:
    """A `mets` document: one folder for the reel, in it the newest scan.

    Args:
        events: of the reel's chain, in order.

    Raises: NotARecord if there is no scan: METS tells of files.
    """
    if record.scan is None:
        raise NotARecord("METS tells of files, and this reel has none; take PBCore or PREMIS.")
    file = _file(record.scan)
    folder = metsrw.FSEntry(
        path="reel", label=record.title["name"], type="Directory", children=[file]
    )
    folder.add_dublin_core(parse(write_dublin_core(record)))
    folder.add_dmdsec(parse(write_pbcore(record)), "OTHER", othermdtype="PBCore")
    for each in parse(write_premis(record, events)):
        _add_premis(file, each)
    document = metsrw.METSDocument()
    document.objid = record.address
    document.append_file(folder)
    written: bytes = document.tostring(fully_qualified=True)
    return written


def _file(scan: ScanRecord) -> metsrw.FSEntry:
    return metsrw.FSEntry(
        path=f"reel/{scan.name}",
        label=scan.name,
        file_uuid=str(uuid.uuid5(_REELS, scan.sha256)),
        checksum=scan.sha256,
        checksumtype="SHA-256",
    )


def _add_premis(entry: metsrw.FSEntry, part: etree._Element) -> None:
    part.set("version", "3.0")
    add = {
        "object": entry.add_premis_object,
        "event": entry.add_premis_event,
        "agent": entry.add_premis_agent,
        "rights": entry.add_premis_rights,
    }
    name = etree.QName(part)
    if name.namespace == NAMESPACE and name.localname in add:
        add[name.localname](part)
