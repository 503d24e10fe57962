"""PREMIS 3.0 (loc.gov/standards/premis): a scan as a file, all that happened to it, by whom, and
the rights. Only written: what other archives say happened comes in as they tell it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from lxml import etree

from archive.ledger import EventRecord
from archive.metadata import rights
from archive.metadata.record import Record, ScanRecord
from archive.metadata.xml import add, write

NAMESPACE = "http://www.loc.gov/premis/v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = f"{NAMESPACE} https://www.loc.gov/standards/premis/v3/premis.xsd"
OUTCOMES = "http://id.loc.gov/vocabulary/preservation/eventOutcome"


def write_premis(record: Record, events: Iterable[EventRecord]) -> bytes:
    """A `premis` document with objects, events, agents and rights statements, in this order.

    Args:
        events: of the reel's chain, in order. Their detail goes along as canonical JSON, with the
            digest that the chain binds it by.
    """
    told = list(events)
    root = etree.Element(
        etree.QName(NAMESPACE, "premis"), nsmap={"premis": NAMESPACE, "xsi": XSI}, version="3.0"
    )
    root.set(etree.QName(XSI, "schemaLocation"), SCHEMA)
    _entity(root, record)
    if record.scan is not None:
        _file(root, record.scan, record.address)
    for event in told:
        _event(root, event, record)
    agents = {_agent_name(event): event["agent"] for event in told}
    for name, agent in agents.items():
        made = add(root, "agent")
        _identified(made, "agent", "local", name)
        add(made, "agentName", agent["name"])
        add(made, "agentType", agent["kind"])
        add(made, "agentVersion", agent["version"])
        if not agent["version"]:
            made.remove(made[-1])
    for number, each in enumerate(record.title.get("rights", ()), 1):
        _rights(root, record, number, each)
    return write(root)


def _identified(parent: etree._Element, what: str, kind: str, value: object) -> None:
    made = add(parent, f"{what}Identifier")
    add(made, f"{what}IdentifierType", kind)
    add(made, f"{what}IdentifierValue", value)


def _object(root: etree._Element, kind: str, address: str) -> etree._Element:
    made = add(root, "object")
    made.set(etree.QName(XSI, "type"), f"premis:{kind}")
    _identified(made, "object", "URI", address)
    return made


def _entity(root: etree._Element, record: Record) -> None:
    made = _object(root, "intellectualEntity", record.address)
    for row in (record.element, record.reel):
        for each in row.get("identifiers", ()):
            _identified(made, "object", each["source"], each["value"])
    number = record.reel.get("number")
    add(made, "originalName", record.title["name"] + (f", reel {number}" if number else ""))


def _file(root: etree._Element, scan: ScanRecord, address: str) -> None:
    made = _object(root, "file", f"{address}:scan:{scan.number}")
    facts = (("frames", scan.frames), ("frames per second", scan.rate),
             ("width", scan.width), ("height", scan.height), ("bit depth", scan.bits))  # fmt: skip
    for name, value in facts:
        significant = add(made, "significantProperties")
        add(significant, "significantPropertiesType", name)
        add(significant, "significantPropertiesValue", value)
    characteristics = add(made, "objectCharacteristics")
    fixity = add(characteristics, "fixity")
    add(fixity, "messageDigestAlgorithm", "SHA-256")
    add(fixity, "messageDigest", scan.sha256)
    add(characteristics, "size", scan.bytes)
    designation = add(add(characteristics, "format"), "formatDesignation")
    add(designation, "formatName", scan.kind)
    add(made, "originalName", scan.name)
    relationship = add(made, "relationship")
    add(relationship, "relationshipType", "structural")
    add(relationship, "relationshipSubType", "represents")
    related = add(relationship, "relatedObjectIdentifier")
    add(related, "relatedObjectIdentifierType", "URI")
    add(related, "relatedObjectIdentifierValue", address)


def _event(root: etree._Element, event: EventRecord, record: Record) -> None:
    made = add(root, "event")
    _identified(made, "event", "local", f"{event['chain']}#{event['sequence']}")
    add(made, "eventType", event["kind"])
    add(made, "eventDateTime", event["at"])
    detail = json.dumps(event["detail"], ensure_ascii=False, sort_keys=True)
    add(add(made, "eventDetailInformation"), "eventDetail", detail)
    outcome = add(made, "eventOutcomeInformation")
    add(outcome, "eventOutcome", event["outcome"])
    add(
        add(outcome, "eventOutcomeDetail"),
        "eventOutcomeDetailNote",
        f"SHA-256 of the event: {event['digest']}",
    )
    agent = add(made, "linkingAgentIdentifier")
    add(agent, "linkingAgentIdentifierType", "local")
    add(agent, "linkingAgentIdentifierValue", _agent_name(event))
    linked = add(made, "linkingObjectIdentifier")
    add(linked, "linkingObjectIdentifierType", "URI")
    scan = record.scan
    of_scan = scan is not None and event["subject"] == f"scan:{scan.number}"
    about = f"{record.address}:scan:{scan.number}" if scan and of_scan else record.address
    add(linked, "linkingObjectIdentifierValue", about)


def _agent_name(event: EventRecord) -> str:
    agent = event["agent"]
    return " ".join(filter(None, (agent["kind"], agent["name"], agent["version"])))


def _rights(root: etree._Element, record: Record, number: int, said: dict[str, object]) -> None:
    statement = add(add(root, "rights"), "rightsStatement")
    _identified(statement, "rightsStatement", "URI", f"{record.address}:rights:{number}")
    add(statement, "rightsBasis", "other")
    other = add(statement, "otherRightsInformation")
    document = add(other, "otherRightsDocumentationIdentifier")
    add(document, "otherRightsDocumentationIdentifierType", "URI")
    add(document, "otherRightsDocumentationIdentifierValue", said["statement"])
    add(other, "otherRightsBasis", rights.in_words(str(said["statement"])))
    for name in ("holder", "term", "embargo", "note"):
        if said.get(name):
            add(other, "otherRightsNote", f"{name}: {said[name]}")
    linked = add(statement, "linkingObjectIdentifier")
    add(linked, "linkingObjectIdentifierType", "URI")
    add(linked, "linkingObjectIdentifierValue", record.address)
