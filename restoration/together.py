"""Corrections of many lines in one act: one person, one word in custody, one undo."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from archive.models import Scan
from restoration import transcripts
from restoration.editing import lock, tell
from restoration.errors import TranscriptRefused
from restoration.models import Transcript, TranscriptCorrection
from restoration.transcripts import Change, change_told

MOST = 500
"""Lines in one act: what a person can still look over."""


@transaction.atomic
def correct(
    transcript: Transcript, changes: Sequence[Change], *, about: str, by: User
) -> list[TranscriptCorrection]:
    """Make all of these changes, or none.

    Args:
        about: what is done, in words: “cat” to “dog”.

    Raises: TranscriptRefused if there are none or too many, or one does not fit.
    """
    if not changes:
        raise TranscriptRefused("Nothing was changed: no line was chosen.")
    if len(changes) > MOST:
        raise TranscriptRefused(
            f"Nothing was changed: {len(changes)} lines are more than {MOST} in one act."
        )
    lock(transcript.scan)
    laid = transcripts.layered(transcript)
    act = uuid4()
    made = [transcripts.drafted(transcript, laid, each, by=by) for each in changes]
    for row in made:
        row.act, row.about = act, about[:200]
    TranscriptCorrection.objects.bulk_create(made, batch_size=500)
    for row in made:
        transcripts.fit(laid, row, transcript)
    _tell("transcript lines changed together", made, by)
    transcripts.changed.send(sender=Transcript, scan=transcript.scan)
    return made


@transaction.atomic
def withdraw(scan: Scan, act: UUID, *, by: User) -> list[TranscriptCorrection]:
    """Take back all of an act that still stands.

    Raises: TranscriptRefused if that was done before.
    """
    lock(scan)
    rows = list(TranscriptCorrection.objects.standing().of_scan(scan).filter(act=act))
    if not rows:
        raise TranscriptRefused("This was taken back before; nothing was changed.")
    now = timezone.now()
    TranscriptCorrection.objects.filter(pk__in=[row.pk for row in rows]).update(
        withdrawn=now, withdrawn_by=by
    )
    _tell("transcript lines taken back together", rows, by)
    transcripts.changed.send(sender=Transcript, scan=scan)
    return rows


def _tell(kind: str, rows: Sequence[TranscriptCorrection], by: User) -> None:
    """One event for the act, with every line in it."""
    detail = {
        "act": str(rows[0].act),
        "about": rows[0].about,
        "transcript": rows[0].transcript_id,
        "count": len(rows),
        "changes": [change_told(row) for row in rows],
    }
    tell(kind, rows[0].scan, by, detail)


@transaction.atomic
def undo(scan: Scan, *, by: User) -> TranscriptCorrection:
    """Take back the person's own newest correction, with all that were made in one act with it.

    Raises: TranscriptRefused if they have none.
    """
    own = TranscriptCorrection.objects.standing().of_scan(scan).filter(by=by).last()
    if own is None:
        raise TranscriptRefused("There is nothing of yours to undo in this transcript.")
    if own.act is None:
        return transcripts.withdraw(own, by=by)
    return withdraw(scan, own.act, by=by)[-1]
