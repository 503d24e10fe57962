"""XML of strangers read safely, and our own written: no entities, no network, no huge trees."""

from __future__ import annotations

from lxml import etree

from archive.metadata.record import NotARecord

LIMIT = 20 * 1024 * 1024
"""Bytes; a description is far smaller."""


def parse(data: bytes) -> etree._Element:
    """The root of a document.

    Raises: NotARecord if it is too large, no XML, or declares a document type: nothing that we
    read needs one, and entities are how XML is used to attack.
    """
    if len(data) > LIMIT:
        raise NotARecord(f"It is larger than {LIMIT >> 20} MB, too large for a description.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotARecord(f"It is no XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise NotARecord("It declares a document type; take the line <!DOCTYPE ...> out.")
    return root


def add(
    parent: etree._Element, name: str, text: object = None, **attributes: object
) -> etree._Element:
    """A child in the parent's namespace; attributes that are empty are left out."""
    child = etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, name))
    if text not in (None, ""):
        child.text = str(text)
    for key, value in attributes.items():
        if value not in (None, ""):
            child.set(key, str(value))
    return child


def write(root: etree._Element) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def said(element: etree._Element | None) -> str:
    return " ".join((element.text or "").split()) if element is not None else ""
