"""Dublin Core, the fifteen elements in an `oai_dc:dc` document: little, but read everywhere."""

from __future__ import annotations

from typing import Any

from lxml import etree

from archive.metadata.record import NotARecord, Record
from archive.metadata.wording import several
from archive.metadata.xml import parse, said, write

DC = "http://purl.org/dc/elements/1.1/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
ELEMENTS = (
    *("title", "creator", "subject", "description", "publisher", "contributor", "date", "type"),
    *("format", "identifier", "source", "language", "relation", "coverage", "rights"),
)
_CARRIERS = ("element", "reel")
_CREATORS = frozenset({"director", "producer", "writer", "production company"})


def write_dublin_core(record: Record) -> bytes:
    root = etree.Element(etree.QName(OAI_DC, "dc"), nsmap={"oai_dc": OAI_DC, "dc": DC})
    root.set(
        "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
        f"{OAI_DC} http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
    )
    for name, text in _said(record):
        if text:
            etree.SubElement(root, etree.QName(DC, name)).text = text
    return write(root)


def _said(record: Record) -> list[tuple[str, str]]:
    title, element = record.title, record.element
    found = [("title", title["name"])]
    found += [("title", each["name"]) for each in title.get("variants", ())]
    for each in title.get("credits", ()):
        kind = "creator" if each["role"] in _CREATORS else "contributor"
        name = "publisher" if each["role"] == "distributor" else kind
        found.append((name, f"{each['name']} ({each['role']})"))
    found += [("description", title.get("notes", "")), ("date", title.get("year", ""))]
    found.append(("type", "MovingImage"))
    found += [("format", element.get(name, "")) for name in ("gauge", "colour", "sound")]
    found.append(("identifier", record.address))
    found += [
        ("identifier", f"{each['source']}: {each['value']}")
        for each in title.get("identifiers", ())
    ]
    found += [
        ("identifier", f"{part} / {each['source']}: {each['value']}")
        for part, row in zip(_CARRIERS, (element, record.reel), strict=True)
        for each in row.get("identifiers", ())
    ]
    found += [("language", code) for code in title.get("language_codes", ())]
    found += [("relation", f"{each['kind']}: {each['to']}") for each in title.get("relations", ())]
    found += [("coverage", each) for each in several(title.get("country", ""))]
    found += [("rights", each["statement"]) for each in title.get("rights", ())]
    return found


def read_dublin_core(data: bytes) -> Record:
    """A title from Dublin Core, wherever in the document its elements stand.

    "Anna Moe (director)" is read as a name and a role. Raises: NotARecord.
    """
    root = parse(data)
    found: dict[str, list[str]] = {
        name: [text for each in root.iter(f"{{{DC}}}{name}") if (text := said(each))]
        for name in ELEMENTS
    }
    if not found["title"]:
        raise NotARecord(f"It has no title of Dublin Core (namespace {DC}).")
    title: dict[str, Any] = {
        "name": found["title"][0],
        "variants": [{"name": name, "kind": "", "language": ""} for name in found["title"][1:]],
        "notes": "\n".join(found["description"]),
        "year": (found["date"] or [""])[0],
        "country": "; ".join(found["coverage"]),
        "language": "; ".join(found["language"]),
        "credits": [
            _credit(text, role)
            for name, role in (
                ("creator", "other role"), ("contributor", "other role"),
                ("publisher", "distributor"),
            )
            for text in found[name]
        ],
        "identifiers": _called(found["identifier"], ""),
        "relations": [_relation(text) for text in found["relation"]],
        "rights": [
            {"statement": text, "holder": "", "term": "", "embargo": None, "note": ""}
            for text in found["rights"]
            if text.startswith(("http://", "https://"))
        ],
    }  # fmt: skip
    own = [each for each in found["identifier"] if each.startswith("urn:reelproof:")]
    element, reel = ({"identifiers": _called(found["identifier"], part)} for part in _CARRIERS)
    return Record(own[0] if own else "", title, element, reel)


def _credit(text: str, role: str) -> dict[str, str]:
    name, opening, rest = text.rpartition(" (")
    if opening and rest.endswith(")"):
        return {"name": name, "role": rest[:-1], "note": ""}
    return {"name": text, "role": role, "note": ""}


def _called(texts: list[str], part: str) -> list[dict[str, str]]:
    """Identifiers of the title, or of the element or reel, which say so before their source."""
    found = []
    for text in texts:
        of, slash, rest = text.partition(" / ")
        of, text = (of, rest) if slash and of in _CARRIERS else ("", text)
        if of == part and not text.startswith("urn:reelproof:"):
            found.append(_identifier(text))
    return found


def _identifier(text: str) -> dict[str, str]:
    source, colon, value = text.partition(": ")
    return {"source": source if colon else "local identifier", "value": value or text}


def _relation(text: str) -> dict[str, str]:
    kind, colon, to = text.partition(": ")
    return {"kind": kind if colon else "part of", "to": to or text}
