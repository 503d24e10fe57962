"""The glossary of a film: kept by people, offered to the next run of the stage transcribe."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from archive.models import Scan, Title
from restoration.editing import lock, tell
from restoration.errors import TranscriptRefused
from restoration.models import Character, GlossaryTerm
from restoration.speech.transcript import unwritable

MOST = 200
"""Terms of a film."""
LONGEST = 80


def terms(title: Title) -> list[GlossaryTerm]:
    """Those that stand, by their spelling."""
    return list(title.glossary.standing().select_related("by").order_by("text"))  # type: ignore[attr-defined]


def offered(title: Title) -> list[str]:
    """What a run is told of: the glossary, and the names of the characters."""
    named = Character.objects.filter(title=title).values_list("name", flat=True)
    return sorted({*(term.text for term in terms(title)), *named}, key=str.casefold)


@transaction.atomic
def add(scan: Scan, text: str, *, by: User) -> GlossaryTerm:
    """Keep a term for the film of that scan; one that stands already is given back.

    Raises: TranscriptRefused
    """
    written = " ".join(text.split())
    if not written or len(written) > LONGEST or unwritable(written):
        raise TranscriptRefused(
            f"Nothing was kept: write a name or word of 1 to {LONGEST} letters."
        )
    lock(scan)
    title = scan.reel.element.title
    standing = GlossaryTerm.objects.standing().filter(title=title)
    if held := standing.filter(text=written).first():
        return held
    if standing.count() >= MOST:
        raise TranscriptRefused(f"Nothing was kept: a glossary holds up to {MOST} terms.")
    made = GlossaryTerm.objects.create(title=title, text=written, by=by)
    tell("glossary term kept", scan, by, {"term": written})
    return made


@transaction.atomic
def withdraw(term: GlossaryTerm, scan: Scan, *, by: User) -> None:
    """Offer it to no further run; earlier runs keep it among their parameters.

    Raises: TranscriptRefused if that was done before.
    """
    lock(scan)
    term.refresh_from_db()
    if term.withdrawn:
        raise TranscriptRefused("This term was taken off before; nothing was changed.")
    term.withdrawn, term.withdrawn_by = timezone.now(), by
    term.save(update_fields=["withdrawn", "withdrawn_by"])
    tell("glossary term withdrawn", scan, by, {"term": term.text})
