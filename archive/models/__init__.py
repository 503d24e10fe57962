"""What we hold: titles on carriers, their scans, and everything that ever happened to them."""

from archive.models.catalogue import Collection, Element, Reel, Rights, Title
from archive.models.description import (
    ConditionReport,
    Credit,
    Fault,
    Identifier,
    Relation,
    Restriction,
    Term,
    Variant,
)
from archive.models.event import Agent, Event
from archive.models.fixity import FixityCheck
from archive.models.scan import Scan
from archive.models.upload import Upload, UploadedFrame

__all__ = [
    "Agent",
    "Collection",
    "ConditionReport",
    "Credit",
    "Element",
    "Event",
    "Fault",
    "FixityCheck",
    "Identifier",
    "Reel",
    "Relation",
    "Restriction",
    "Rights",
    "Scan",
    "Term",
    "Title",
    "Upload",
    "UploadedFrame",
    "Variant",
]
