"""Follows what changes elsewhere: the index is brought up to date in the same transaction."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from dramatiq.errors import DramatiqError

from archive import description
from archive.models import ConditionReport, Element, Fault, Reel, Scan, Title
from restoration import transcripts
from review import tasks
from review.models import Answer, Note
from review.search import index, meaning

log = logging.getLogger(__name__)


@receiver(transcripts.changed)
def spoken(scan: Scan, **_: Any) -> None:
    index.reindex_spoken(scan.reel)
    if meaning.is_offered():
        transaction.on_commit(partial(_ring_for_meaning, scan.reel_id))


def _ring_for_meaning(reel_id: int) -> None:
    """A lost message fails nothing: the next one of the reel, or the command, makes it good."""
    try:
        tasks.learn_meaning.send(reel_id)
    except DramatiqError as error:
        log.warning("reel %s: its new lines are not sought by meaning yet (%s)", reel_id, error)


@receiver(post_save, sender=Scan)
def scanned(instance: Scan, *, created: bool = False, **_: Any) -> None:
    """A new scan is the one that the pages show from now on."""
    if created:
        index.reindex_spoken(instance.reel)


@receiver(post_delete, sender=Scan)
def unscanned(instance: Scan, **_: Any) -> None:
    reel = Reel.objects.filter(pk=instance.reel_id).first()
    if reel is not None:
        index.reindex_spoken(reel)


@receiver([post_save, post_delete], sender=Note)
def noted(instance: Note, **_: Any) -> None:
    index.reindex_notes(instance.scan.reel)


@receiver(post_save, sender=Answer)
def answered(instance: Answer, **_: Any) -> None:
    if instance.text:
        index.reindex_notes(instance.note.scan.reel)


@receiver(post_save, sender=Reel)
@receiver(post_save, sender=Element)
@receiver(post_save, sender=Title)
def described(instance: Reel | Element | Title, raw: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002  (as Django sends it)
    if raw:
        return
    for reel in _reels_of(instance):
        index.reindex_catalogue(reel)


@receiver([post_save, post_delete], sender=ConditionReport)
def examined(instance: ConditionReport, raw: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002  (as Django sends it)
    if not raw:
        index.reindex_catalogue(instance.reel)


@receiver(post_save, sender=Fault)
def fault_found(instance: Fault, raw: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002  (as Django sends it)
    if not raw:
        index.reindex_catalogue(instance.report.reel)


@receiver(description.described)
def described_at_once(reels: list[int], **_: Any) -> None:
    index.reindex_catalogues(reels)


def _reels_of(changed: Reel | Element | Title) -> list[Reel]:
    if isinstance(changed, Reel):
        return [changed]
    reels = Reel.objects.select_related("element__title")
    if isinstance(changed, Element):
        return list(reels.filter(element=changed))
    return list(reels.filter(element__title=changed))
