"""ASC CDL files: one correction out of or into .cc (one), .ccc (several) and .cdl (decisions)."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring as parse_safely

from restoration.stages.grade.cdl import Cdl, Three

NAMESPACE = "urn:ASC:CDL:v1.2"
LARGEST = 256 * 1024
"""Bytes; a correction is a few hundred."""


class CdlFileError(ValueError):
    """What is wrong with the file, and what to do."""


def read_cdl(data: bytes) -> Cdl:
    """The first correction of a .cc, .ccc or .cdl file in UTF-8, of any release.

    Raises: CdlFileError for what is no CDL, or holds a value that none may hold.
    """
    root = _parse(_text(data))
    found = [node for node in root.iter() if _name(node) == "colorcorrection"]
    if not found:
        raise CdlFileError("there is no ColorCorrection in it; choose a .cc, .ccc or .cdl file")
    sop, sat = _child(found[0], "sopnode"), _child(found[0], "satnode")
    if sop is None and sat is None:
        raise CdlFileError("its ColorCorrection has neither SOPNode nor SatNode; nothing to do")
    try:
        return Cdl(
            slope=_three(sop, "slope", (1.0, 1.0, 1.0)),
            offset=_three(sop, "offset", (0.0, 0.0, 0.0)),
            power=_three(sop, "power", (1.0, 1.0, 1.0)),
            saturation=_one(sat, "saturation"),
        )
    except ValueError as error:
        raise CdlFileError(f"its values cannot be used: {error}") from error


def write_cdl(cdl: Cdl, *, name: str, description: str = "", decisions: bool = False) -> bytes:
    """A .cc file, or a .cdl with one decision.

    Args:
        name: the correction's id.
        decisions: write a ColorDecisionList instead of a single ColorCorrection.
    """
    correction = ET.Element("ColorCorrection", id=name)
    sop = ET.SubElement(correction, "SOPNode")
    if description:
        ET.SubElement(sop, "Description").text = description
    for tag, values in (("Slope", cdl.slope), ("Offset", cdl.offset), ("Power", cdl.power)):
        ET.SubElement(sop, tag).text = " ".join(f"{value:.6f}" for value in values)
    sat = ET.SubElement(correction, "SatNode")
    ET.SubElement(sat, "Saturation").text = f"{cdl.saturation:.6f}"
    root = correction
    if decisions:
        root = ET.Element("ColorDecisionList")
        ET.SubElement(root, "ColorDecision").append(correction)
    root.set("xmlns", NAMESPACE)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _text(data: bytes) -> str:
    """The file's text, free of declarations."""
    if len(data) > LARGEST:
        raise CdlFileError(f"this file has {len(data)} bytes; an ASC CDL file has a few hundred")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CdlFileError("this file is not in UTF-8; save it again as XML in UTF-8") from error
    if "<!" in text.replace("<!--", ""):
        # Neither entities nor document types belong into a CDL, and both can be used for harm.
        raise CdlFileError("this file declares a document type, which no ASC CDL file does")
    return text


def _parse(text: str) -> ET.Element:
    try:
        # Text, not bytes: what was looked at is what is parsed, whatever encoding it declares.
        root: ET.Element = parse_safely(text, forbid_dtd=True)
        return root
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise CdlFileError(f"this is no XML ({error}); choose a .cc, .ccc or .cdl file") from error


def _name(node: ET.Element) -> str:
    """Without its namespace; releases differ in SatNode and SATNode."""
    return node.tag.rpartition("}")[2].lower()


def _child(node: ET.Element | None, name: str) -> ET.Element | None:
    return next((child for child in node or () if _name(child) == name), None)


def _three(node: ET.Element | None, name: str, usual: Three) -> Three:
    found = _child(node, name)
    if found is None:
        return usual
    values = [float(part) for part in (found.text or "").split()]
    if len(values) != 3:
        raise ValueError(f"{name} wants three numbers, not {found.text!r}")
    return values[0], values[1], values[2]


def _one(node: ET.Element | None, name: str) -> float:
    found = _child(node, name)
    return float(found.text or "") if found is not None else 1.0
