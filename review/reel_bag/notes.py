"""Notes on a reel's frames in its bag, with their drawings and threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archive.models import Scan
from review import drawings
from review.models import Answer, Note
from review.reel_bag import moments
from review.reel_bag.errors import BagRefused
from review.reel_bag.strangers import Strangers
from review.search import index


def notes_of(scan: Scan) -> list[dict[str, Any]]:
    notes = Note.objects.filter(scan=scan).select_related("by", "guest", "resolved_by")
    return [
        {"frames": [each.start_frame, each.end_frame], "text": each.text, "drawing": each.drawing,
         "by": each.author, "at": moments.told(each.at), "resolved": moments.told(each.resolved),
         "resolved_by": moments.name_of(each.resolved_by),
         "answers": [
             {"kind": answer.kind, "text": answer.text, "by": answer.by.get_username(),
              "at": moments.told(answer.at)}
             for answer in each.answers.all()
         ]}
        for each in notes.prefetch_related("answers__by").order_by("pk")
    ]  # fmt: skip


def take_in(scan: Scan, said: Sequence[dict[str, Any]], strangers: Strangers) -> None:
    """Keep notes as they were there. Nobody here is called on by them, and whoever was a guest
    there stands as somebody of the other archive.

    Raises: BagRefused, KeyError, TypeError, ValueError.
    """
    notes = Note.objects.bulk_create([_note(scan, each, strangers) for each in said])
    answers = Answer.objects.bulk_create(
        Answer(note=note, kind=each["kind"], text=each["text"], by=strangers.account(each["by"]))
        for note, whole in zip(notes, said, strict=True)
        for each in whole["answers"]
    )
    _date(Note, notes, said)
    _date(Answer, answers, [each for whole in said for each in whole["answers"]])
    index.reindex_notes(scan.reel)


def _note(scan: Scan, said: dict[str, Any], strangers: Strangers) -> Note:
    start, end = said["frames"]
    if not 0 <= start < end <= scan.frames:
        raise BagRefused(f"A note is on the frames {start} to {end}, which the scan does not have.")
    shapes = drawings.parse(list(said["drawing"]), width=scan.width, height=scan.height)
    return Note(
        scan=scan, start_frame=start, end_frame=end, text=said["text"],
        drawing=[shape.as_json() for shape in shapes], by=strangers.account(said["by"]),
        resolved=moments.read_or_none(said["resolved"]),
        resolved_by=strangers.account_or_none(said["resolved_by"]),
    )  # fmt: skip


def _date(model: Any, rows: Sequence[Any], said: Sequence[dict[str, Any]]) -> None:
    for row, each in zip(rows, said, strict=True):
        row.at = moments.read(each["at"])
    model.objects.bulk_update(rows, ["at"], batch_size=500)
