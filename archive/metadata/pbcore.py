"""PBCore 2.1 (pbcore.org): a title as an asset, its element and its scan as instantiations.

What the schema has no element for goes into notes and annotations with a type of ours, and is read
back from there, so that a description comes back as it left.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from archive.metadata.pbcore_rules import NAMESPACE, against_schema, check_structure
from archive.metadata.record import NotARecord, Record, ScanRecord
from archive.metadata.wording import several
from archive.metadata.xml import add, parse, said, write

SCHEMA = f"{NAMESPACE} https://raw.githubusercontent.com/WGBH/PBCore_2.1/master/pbcore-2.1.xsd"
CREATORS = frozenset({"director", "producer", "writer", "production company"})
PUBLISHERS = frozenset({"distributor"})
_ELEMENT_NOTES = (
    *("name", "base", "stock", "edge_code", "tint", "sound", "aspect", "running_speed", "notes"),
)
_REEL_NOTES = ("number", "footage", "notes")
_OURS = "Reelproof "


def write_pbcore(record: Record) -> bytes:
    """The record as a `pbcoreDescriptionDocument`. Location, barcode and access stay in
    the house.
    """
    root = etree.Element(
        etree.QName(NAMESPACE, "pbcoreDescriptionDocument"), nsmap={None: NAMESPACE}
    )
    root.set("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", SCHEMA)
    title = record.title
    add(root, "pbcoreAssetType", "Film")
    if title.get("year"):
        add(root, "pbcoreAssetDate", title["year"], dateType="created", annotation="EDTF")
    add(root, "pbcoreIdentifier", record.address, source="Reelproof")
    for each in title.get("identifiers", ()):
        add(root, "pbcoreIdentifier", each["value"], source=each["source"])
    add(root, "pbcoreTitle", title["name"], titleType="Main")
    for each in title.get("variants", ()):
        add(root, "pbcoreTitle", each["name"], titleType=each["kind"] or "alternative title",
            annotation=each["language"])  # fmt: skip
    # The schema asks for a description; an empty one would say that there is one.
    add(root, "pbcoreDescription", title.get("notes") or "Not described yet.")
    _relations(root, "pbcoreRelation", title, of_element=False)
    for country in several(str(title.get("country", ""))):
        coverage = add(root, "pbcoreCoverage")
        add(coverage, "coverage", country, annotation="country of production")
        add(coverage, "coverageType", "Spatial")
    _credits(root, title.get("credits", ()))
    _rights(root, title)
    _physical(root, record)
    if record.scan is not None:
        _digital(root, record.scan, record.address)
    if title.get("collection"):
        add(root, "pbcoreAnnotation", title["collection"], annotationType="collection")
    return write(root)


def _relations(
    parent: etree._Element, name: str, title: dict[str, Any], *, of_element: bool
) -> None:
    for each in title.get("relations", ()):
        if bool(each.get("is_of_element")) == of_element:
            relation = add(parent, name)
            add(relation, f"{name}Type", each["kind"])
            add(relation, f"{name}Identifier", each["to"])


def _read_relations(
    root: etree._Element, path: str, name: str, *, of_element: bool
) -> Iterator[dict[str, Any]]:
    for each in root.iterfind(path):
        yield {
            "kind": said(each.find(f"{{*}}{name}Type")),
            "to": said(each.find(f"{{*}}{name}Identifier")),
            "is_of_element": of_element,
        }


def _credits(root: etree._Element, credits: Any) -> None:
    kinds = (("Creator", CREATORS), ("Contributor", None), ("Publisher", PUBLISHERS))
    for kind, roles in kinds:
        for each in credits:
            is_other = each["role"] not in CREATORS | PUBLISHERS
            if each["role"] in roles if roles is not None else is_other:
                row = add(root, f"pbcore{kind}")
                add(row, kind.lower(), each["name"], annotation=each["note"])
                add(row, f"{kind.lower()}Role", each["role"])


def _rights(root: etree._Element, title: dict[str, Any]) -> None:
    for each in title.get("rights", ()):
        summary = add(root, "pbcoreRightsSummary")
        told = "; ".join(
            f"{name}={each[name]}" for name in ("holder", "term", "note") if each[name]
        )
        add(summary, "rightsSummary", told or each["statement"], source=each["statement"])
    for each in title.get("restrictions", ()):
        summary = add(root, "pbcoreRightsSummary")
        where = each["territory"] or "everywhere"
        word = "allowed" if each["is_allowed"] else "not allowed"
        until = f", until {each['until']}" if each["until"] else ""
        note = f" ({each['note']})" if each["note"] else ""
        add(summary, "rightsSummary", f"{each['use']}, {where}: {word}{until}{note}",
            source="restriction")  # fmt: skip


def _physical(root: etree._Element, record: Record) -> None:
    element, reel = record.element, record.reel
    made = add(root, "pbcoreInstantiation")
    add(made, "instantiationIdentifier", f"{record.address}:carrier", source="Reelproof")
    for part, row in (("element", element), ("reel", reel)):
        for each in row.get("identifiers", ()):
            add(made, "instantiationIdentifier", each["value"], source=each["source"],
                annotation=f"{_OURS}{part}")  # fmt: skip
    add(
        made,
        "instantiationPhysical",
        f"{element['gauge']} film" if element.get("gauge") else "Film",
    )
    add(made, "instantiationLocation", "held by the archive")
    add(made, "instantiationMediaType", "Moving Image")
    if element.get("generation"):
        add(made, "instantiationGenerations", element["generation"])
    if element.get("colour"):
        add(made, "instantiationColors", element["colour"])
    if codes := record.title.get("language_codes"):
        add(made, "instantiationLanguage", ";".join(codes))
    _relations(made, "instantiationRelation", record.title, of_element=True)
    for part, names, row in (("element", _ELEMENT_NOTES, element), ("reel", _REEL_NOTES, reel)):
        for name in names:
            if row.get(name) not in (None, ""):
                add(made, "instantiationAnnotation", row[name],
                    annotationType=f"{_OURS}{part} {name}")  # fmt: skip


def _digital(root: etree._Element, scan: ScanRecord, address: str) -> None:
    made = add(root, "pbcoreInstantiation")
    add(made, "instantiationIdentifier", f"{address}:scan:{scan.number}", source="Reelproof")
    add(made, "instantiationIdentifier", scan.sha256, source="SHA-256")
    if scan.facts.get("scanned"):
        add(made, "instantiationDate", scan.facts["scanned"], dateType="digitized")
    add(made, "instantiationDimensions", f"{scan.width}x{scan.height}", unitsOfMeasure="pixels")
    add(made, "instantiationDigital", scan.kind)
    add(made, "instantiationLocation", scan.name)
    add(made, "instantiationMediaType", "Moving Image")
    add(made, "instantiationGenerations", "Master")
    add(made, "instantiationFileSize", scan.bytes, unitsOfMeasure="bytes")
    add(made, "instantiationDuration", f"{scan.seconds:.3f}", annotation=f"{scan.frames} frames")
    track = add(made, "instantiationEssenceTrack")
    add(track, "essenceTrackType", "Video")
    add(track, "essenceTrackFrameRate", scan.rate, unitsOfMeasure="fps")
    add(track, "essenceTrackBitDepth", scan.bits)
    add(track, "essenceTrackFrameSize", f"{scan.width}x{scan.height}")
    for name in ("scanner", "operator", "remarks"):
        if scan.facts.get(name):
            add(made, "instantiationAnnotation", scan.facts[name],
                annotationType=f"{_OURS}scan {name}")  # fmt: skip


def faults_of(data: bytes, schema: Path | None = None) -> list[str]:
    """What is wrong with a document as PBCore 2.1, by our rules and by the schema if it is given.

    Raises: NotARecord if it is no XML, or the schema none.
    """
    root = parse(data)
    return check_structure(root) + (against_schema(root, schema) if schema is not None else [])


def read_pbcore(data: bytes, schema: Path | None = None) -> Record:
    """A description from PBCore; what the catalogue has no field for is left out.

    Args:
        schema: the published one, if this archive has it.
    Raises: NotARecord, naming every fault of the structure.
    """
    root = parse(data)
    if faults := faults_of(data, schema):
        raise NotARecord("It is no valid PBCore 2.1: " + "; ".join(faults[:8]))
    names = {each.get("titleType") or "": said(each) for each in root.iterfind("{*}pbcoreTitle")}
    main = names.get("Main") or said(root.find("{*}pbcoreTitle"))
    title: dict[str, Any] = {
        "name": main,
        "year": said(root.find("{*}pbcoreAssetDate")),
        "notes": _notes(root),
        "country": "; ".join(_countries(root)),
        "language": "; ".join(several(said(root.find(".//{*}instantiationLanguage")))),
        "collection": _annotated(root, "pbcoreAnnotation").get("collection", ""),
        "variants": [
            {"name": said(each), "kind": each.get("titleType", ""),
             "language": each.get("annotation", "")}
            for each in root.iterfind("{*}pbcoreTitle")
            if said(each) != main
        ],
        "credits": list(_read_credits(root)),
        "identifiers": [
            {"source": each.get("source", ""), "value": said(each)}
            for each in root.iterfind("{*}pbcoreIdentifier")
            if each.get("source") != "Reelproof"
        ],
        "relations": [
            *_read_relations(root, "{*}pbcoreRelation", "pbcoreRelation", of_element=False),
            *_read_carrier_relations(root),
        ],
        "rights": list(_read_rights(root)),
    }  # fmt: skip
    own = [
        said(each)
        for each in root.iterfind("{*}pbcoreIdentifier")
        if each.get("source") == "Reelproof"
    ]
    element, reel = _read_physical(root)
    return Record(own[0] if own else "", title, element, reel)


def _read_carrier_relations(root: etree._Element) -> Iterator[dict[str, Any]]:
    """Those of the first physical instantiation, which is the record's element."""
    for each in root.iterfind("{*}pbcoreInstantiation"):
        if each.find("{*}instantiationPhysical") is not None:
            name = "instantiationRelation"
            yield from _read_relations(each, f"{{*}}{name}", name, of_element=True)
            return


def _notes(root: etree._Element) -> str:
    found = root.find("{*}pbcoreDescription")
    text = (found.text or "").strip() if found is not None else ""
    return "" if text == "Not described yet." else text


def _countries(root: etree._Element) -> Iterator[str]:
    for each in root.iterfind("{*}pbcoreCoverage"):
        if said(each.find("{*}coverageType")) == "Spatial":
            yield said(each.find("{*}coverage"))


def _read_credits(root: etree._Element) -> Iterator[dict[str, str]]:
    for kind in ("Creator", "Contributor", "Publisher"):
        for each in root.iterfind(f"{{*}}pbcore{kind}"):
            name = each.find(f"{{*}}{kind.lower()}")
            role = said(each.find(f"{{*}}{kind.lower()}Role"))
            note = name.get("annotation", "") if name is not None else ""
            yield {"role": role or "other role", "name": said(name), "note": note}


def _read_rights(root: etree._Element) -> Iterator[dict[str, Any]]:
    for each in root.iterfind("{*}pbcoreRightsSummary/{*}rightsSummary"):
        address = each.get("source", "")
        if not address.startswith(("http://", "https://")):
            continue
        told = dict(part.split("=", 1) for part in said(each).split("; ") if "=" in part)
        known = {name: told.get(name, "") for name in ("holder", "term", "note")}
        if not told and said(each) != address:
            known["note"] = said(each)
        yield {"statement": address, **known, "embargo": None}


def _annotated(parent: etree._Element, name: str) -> dict[str, str]:
    return {
        each.get("annotationType", ""): (each.text or "").strip()
        for each in parent.iterfind(f"{{*}}{name}")
    }


def _read_physical(root: etree._Element) -> tuple[dict[str, Any], dict[str, Any]]:
    for each in root.iterfind("{*}pbcoreInstantiation"):
        physical = each.find("{*}instantiationPhysical")
        if physical is None:
            continue
        notes = _annotated(each, "instantiationAnnotation")
        gauge = said(physical).removesuffix(" film")
        element: dict[str, Any] = {
            "gauge": "" if gauge == "Film" else gauge,
            "generation": said(each.find("{*}instantiationGenerations")),
            "colour": said(each.find("{*}instantiationColors")),
        }
        element |= _ours(notes, "element", _ELEMENT_NOTES)
        reel: dict[str, Any] = _ours(notes, "reel", _REEL_NOTES)
        called = list(_read_called(each))
        return (
            element | {"identifiers": [row for is_of_reel, row in called if not is_of_reel]},
            reel | {"identifiers": [row for is_of_reel, row in called if is_of_reel]},
        )
    return {}, {}


def _read_called(instantiation: etree._Element) -> Iterator[tuple[bool, dict[str, str]]]:
    """What a carrier is called elsewhere, each with whether it is the reel; others' documents
    know no reels, and name an element.
    """
    for each in instantiation.iterfind("{*}instantiationIdentifier"):
        if each.get("source") != "Reelproof":
            row = {"source": each.get("source", ""), "value": said(each)}
            yield each.get("annotation") == f"{_OURS}reel", row


def _ours(notes: dict[str, str], part: str, names: tuple[str, ...]) -> dict[str, str]:
    return {name: notes.get(f"{_OURS}{part} {name}", "") for name in names}
