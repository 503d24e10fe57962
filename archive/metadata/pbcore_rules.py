"""What PBCore 2.1 asks of a description document, as its schema (pbcore.org) has it.

Told without the schema, whose repository names no licence: names, their order, how often each may
stand, what must be there, required attributes and the few fixed values. Whoever has the schema
holds documents against that too (`against_schema`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lxml import etree

from archive.metadata.record import NotARecord

NAMESPACE = "http://www.pbcore.org/PBCore/PBCoreNamespace.html"
_LANGUAGES = re.compile(r"([a-z]{3}(;[a-z]{3})*)?")


@dataclass(frozen=True, slots=True)
class Content:
    """What may stand in an element, in this order."""

    order: tuple[str, ...]
    needed: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


def _person(name: str) -> Content:
    return Content((name, f"{name}Role"), (name,), (name,))


def _relation(name: str) -> Content:
    both = (f"{name}Type", f"{name}Identifier")
    return Content(both, both, both)


_RIGHTS = Content(
    ("rightsSummary", "rightsLink", "rightsEmbedded"),
    once=("rightsSummary", "rightsLink", "rightsEmbedded"),
)
_TRACK_ONCE = (
    *("essenceTrackType", "essenceTrackStandard", "essenceTrackEncoding", "essenceTrackDataRate"),
    *("essenceTrackFrameRate", "essenceTrackPlaybackSpeed", "essenceTrackSamplingRate"),
    *("essenceTrackBitDepth", "essenceTrackFrameSize", "essenceTrackAspectRatio"),
    *("essenceTrackTimeStart", "essenceTrackDuration", "essenceTrackLanguage"),
)
_INSTANTIATION = Content(
    (
        *("instantiationIdentifier", "instantiationDate", "instantiationDimensions"),
        *("instantiationPhysical", "instantiationDigital", "instantiationStandard"),
        *("instantiationLocation", "instantiationMediaType", "instantiationGenerations"),
        *("instantiationFileSize", "instantiationTimeStart", "instantiationDuration"),
        *("instantiationDataRate", "instantiationColors", "instantiationTracks"),
        *("instantiationChannelConfiguration", "instantiationLanguage"),
        *("instantiationAlternativeModes", "instantiationEssenceTrack", "instantiationRelation"),
        *("instantiationRights", "instantiationAnnotation", "instantiationPart"),
        "instantiationExtension",
    ),
    needed=("instantiationIdentifier", "instantiationLocation"),
    once=(
        *("instantiationPhysical", "instantiationDigital", "instantiationStandard"),
        *("instantiationLocation", "instantiationMediaType", "instantiationFileSize"),
        *("instantiationTimeStart", "instantiationDuration", "instantiationDataRate"),
        *("instantiationColors", "instantiationTracks", "instantiationChannelConfiguration"),
        *("instantiationLanguage", "instantiationAlternativeModes"),
    ),
)
_DOCUMENT = Content(
    (
        *("pbcoreAssetType", "pbcoreAssetDate", "pbcoreIdentifier", "pbcoreTitle"),
        *("pbcoreSubject", "pbcoreDescription", "pbcoreGenre", "pbcoreRelation", "pbcoreCoverage"),
        *("pbcoreAudienceLevel", "pbcoreAudienceRating", "pbcoreCreator", "pbcoreContributor"),
        *("pbcorePublisher", "pbcoreRightsSummary", "pbcoreInstantiation", "pbcoreAnnotation"),
        *("pbcorePart", "pbcoreExtension"),
    ),
    needed=("pbcoreIdentifier", "pbcoreTitle", "pbcoreDescription"),
)
CONTENTS: dict[str, Content] = {
    "pbcoreDescriptionDocument": _DOCUMENT,
    "pbcorePart": _DOCUMENT,
    "pbcoreInstantiation": _INSTANTIATION,
    "instantiationPart": _INSTANTIATION,
    "pbcoreRelation": _relation("pbcoreRelation"),
    "instantiationRelation": _relation("instantiationRelation"),
    "pbcoreCoverage": Content(
        ("coverage", "coverageType"), ("coverage",), ("coverage", "coverageType")
    ),
    "pbcoreCreator": _person("creator"),
    "pbcoreContributor": _person("contributor"),
    "pbcorePublisher": _person("publisher"),
    "pbcoreRightsSummary": _RIGHTS,
    "instantiationRights": _RIGHTS,
    "instantiationEssenceTrack": Content(
        (
            *("essenceTrackType", "essenceTrackIdentifier", *_TRACK_ONCE[1:]),
            *("essenceTrackAnnotation", "essenceTrackExtension"),
        ),
        once=_TRACK_ONCE,
    ),
}
"""Of every element that holds others, but extensions, which may hold anything."""
_WITH_SOURCE = frozenset({"pbcoreIdentifier", "instantiationIdentifier"})
_WITH_CODES = frozenset({"instantiationLanguage", "essenceTrackLanguage"})


def check_structure(root: etree._Element) -> list[str]:
    """Faults against PBCore's rules, each with its line; empty: none."""
    if root.tag != f"{{{NAMESPACE}}}pbcoreDescriptionDocument":
        return [f"{etree.QName(root).localname} is no pbcoreDescriptionDocument of PBCore 2.1"]
    return list(_faults(root))


def _faults(element: etree._Element) -> Iterator[str]:
    name = etree.QName(element).localname
    content = CONTENTS.get(name)
    if content is None:
        yield from _faults_of_text(element, name)
        return
    yield from _in_order(element, content)
    for child in element:
        if etree.QName(child).localname in content.order:
            yield from _faults(child)


def _in_order(parent: etree._Element, content: Content) -> Iterator[str]:
    names = [etree.QName(child).localname for child in parent]
    for name in names:
        if name not in content.order:
            yield f"line {parent.sourceline}: {name} does not belong here"
    known = [name for name in names if name in content.order]
    places = [content.order.index(name) for name in known]
    for name, place, before in zip(known[1:], places[1:], places, strict=False):
        if place < before:
            yield f"line {parent.sourceline}: {name} comes too late"
    for name in content.needed:
        if name not in names:
            yield f"line {parent.sourceline}: {name} is missing"
    for name in content.once:
        if names.count(name) > 1:
            yield f"line {parent.sourceline}: {name} may stand once"


def _faults_of_text(element: etree._Element, name: str) -> Iterator[str]:
    text = element.text or ""
    if name in _WITH_SOURCE and element.get("source") is None:
        yield f"line {element.sourceline}: {name} names no source"
    if name in _WITH_CODES and not _LANGUAGES.fullmatch(text):
        yield f"line {element.sourceline}: {name} is no list of codes such as nor;swe"
    if name == "coverageType" and text not in ("Spatial", "Temporal"):
        yield f"line {element.sourceline}: coverageType is Spatial or Temporal, not {text[:40]!r}"


def against_schema(document: etree._Element, schema: Path) -> list[str]:
    """What the published schema says against a document, each with its line; empty: nothing.

    Raises: NotARecord if the schema cannot be read as one.
    """
    published = _published(schema, _stamp(schema))
    if published.validate(document):
        return []
    return [f"line {each.line}: {each.message}" for each in published.error_log]


def _stamp(schema: Path) -> int:
    try:
        return schema.stat().st_mtime_ns
    except OSError as error:
        raise NotARecord(
            f"The schema {schema} cannot be read ({error.strerror}); mend PBCORE_XSD, or leave it "
            "out to have documents held against our own rules alone."
        ) from error


@lru_cache(maxsize=2)
def _published(schema: Path, stamp: int) -> etree.XMLSchema:
    """Args: stamp: when the file was changed, so that another one is read anew."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    try:
        return etree.XMLSchema(etree.parse(str(schema), parser))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise NotARecord(f"{schema} is no XML schema: {error}") from error
