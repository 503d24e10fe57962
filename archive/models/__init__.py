"""What we hold: titles on carriers, their scans, and everything that ever happened to them."""

from archive.models.access_token import AccessToken, StoredAnswer
from archive.models.catalogue import Collection, CollectionMember, Element, Reel, Rights, Title
from archive.models.description import (
    ConditionReport,
    Credit,
    DescriptionDraft,
    ElementIdentifier,
    Fault,
    Identifier,
    ReelIdentifier,
    Relation,
    Restriction,
    Term,
    Variant,
)
from archive.models.event import Agent, Event
from archive.models.fixity import FixityCheck, FixitySchedule, SecondCopy
from archive.models.import_job import ImportedPart, ImportedRow, ImportJob
from archive.models.institution_account import InstitutionAccount
from archive.models.line import CODED, CatalogueChange, CatalogueLine, FacetValue
from archive.models.reading import Reading
from archive.models.role import CollectionRole
from archive.models.scan import Scan
from archive.models.stored_file import StoredFile
from archive.models.trash import TrashedReel
from archive.models.upload import Upload, UploadedFrame
from archive.models.webhook import Webhook, WebhookMessage

__all__ = [
    "CODED",
    "AccessToken",
    "Agent",
    "CatalogueChange",
    "CatalogueLine",
    "Collection",
    "CollectionMember",
    "CollectionRole",
    "ConditionReport",
    "Credit",
    "DescriptionDraft",
    "Element",
    "ElementIdentifier",
    "Event",
    "FacetValue",
    "Fault",
    "FixityCheck",
    "FixitySchedule",
    "Identifier",
    "ImportJob",
    "ImportedPart",
    "ImportedRow",
    "InstitutionAccount",
    "Reading",
    "Reel",
    "ReelIdentifier",
    "Relation",
    "Restriction",
    "Rights",
    "Scan",
    "SecondCopy",
    "StoredAnswer",
    "StoredFile",
    "Term",
    "Title",
    "TrashedReel",
    "Upload",
    "UploadedFrame",
    "Variant",
    "Webhook",
    "WebhookMessage",
]
