"""Undo and redo of edits of a scan's cuts.

The history belongs to the scan, not to a person or a page: it survives a reload, and of two people
who edit at once each sees what the other did. Whoever undoes names the edit that is meant; if
another stands at the end by then, nothing is changed (compare-and-swap).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from archive.models import Scan
from restoration.editing import STATE, State, by_whom, lock, retire, tell
from restoration.errors import SceneError
from restoration.models import Scene, SceneEdit, Verdict


def edit_to_undo(scan: Scan) -> SceneEdit | None:
    """The newest edit that stands."""
    return _edits(scan).filter(undone__isnull=True).last()


def edit_to_redo(scan: Scan) -> SceneEdit | None:
    """The edit that was undone last, unless another one was made since."""
    return _edits(scan).filter(undone__isnull=False, superseded=False).first()


def undo(scan: Scan, edit: int, *, by: User | None = None) -> SceneEdit:
    """Bring back what stood before an edit: the same scenes, with their takes and decisions.

    Args:
        edit: Primary key of the edit that the person saw at the end of the history.

    Raises: SceneError if another edit stands there now, or there is none.
    """
    with transaction.atomic():
        lock(scan)
        last = _the_one_meant(edit_to_undo(scan), edit, "undone", scan)
        because = f"“{last.words}” was undone{by_whom(by)}"
        _swap(scan, away=last.after, back=last.before, because=because, by=by)
        last.undone, last.undone_by = timezone.now(), by
        last.save(update_fields=["undone", "undone_by"])
        tell("scene edit undone", scan, by, {"edit": last.number, "words": last.words})
        return last


def redo(scan: Scan, edit: int, *, by: User | None = None) -> SceneEdit:
    """Do again what was undone last.

    Raises: SceneError if that is another edit by now, or there is none.
    """
    with transaction.atomic():
        lock(scan)
        next_one = _the_one_meant(edit_to_redo(scan), edit, "done again", scan)
        because = f"{next_one.words}{by_whom(by)}"
        _swap(scan, away=next_one.before, back=next_one.after, because=because, by=by)
        next_one.undone, next_one.undone_by = None, None
        next_one.save(update_fields=["undone", "undone_by"])
        tell("scene edit redone", scan, by, {"edit": next_one.number, "words": next_one.words})
        return next_one


def _edits(scan: Scan) -> Any:
    return SceneEdit.objects.filter(scan=scan).select_related("by", "undone_by").order_by("number")


def _the_one_meant(found: SceneEdit | None, meant: int, done: str, scan: Scan) -> SceneEdit:
    if found is not None and found.pk == meant:
        return found
    newest = SceneEdit.objects.filter(scan=scan).select_related("by", "undone_by").last()
    if newest is None:
        raise SceneError(f"nothing was {done}: nobody has edited these cuts yet")
    if newest.undone and newest.undone_by:
        since = f"{newest.undone_by} has undone “{newest.words}”"
    else:
        since = f"the last edit is “{newest.words}”{by_whom(newest.by)}"
    raise SceneError(f"nothing was {done}: {since} meanwhile; look again")


def _swap(
    scan: Scan,
    *,
    away: Mapping[str, list[State]],
    back: Mapping[str, list[State]],
    because: str,
    by: User | None,
) -> None:
    """Replace the scenes and verdicts of one side of an edit by those of the other."""
    standing = {scene.pk: scene for scene in scan.scenes.current()}
    leaving = {state["id"]: state for state in away["scenes"]}
    for pk, state in leaving.items():
        scene = standing.get(pk)
        if scene is None or scene.start_frame != state["start_frame"]:
            raise SceneError("the scenes of that edit were replaced meanwhile; look again")
    returning = {state["id"]: state for state in back["scenes"]}
    gone = [standing[pk] for pk in leaving if pk not in returning]
    retire(gone, because=because, by=by)
    for pk, state in returning.items():
        values = {name: state[name] for name in STATE}
        Scene.objects.filter(pk=pk).update(**values, retired=None, retired_because="")
    _restore_verdicts(scan, back["verdicts"])


def _restore_verdicts(scan: Scan, states: Iterable[State]) -> None:
    for state in states:
        place = {"scan": scan, "frame": state["frame"], "about": state["about"]}
        if state["holds"] is None:
            Verdict.objects.filter(**place).delete()
            continue
        said = {"holds": state["holds"], "by_id": state["by"]}
        at = datetime.fromisoformat(state["at"])
        Verdict.objects.update_or_create(**place, defaults=said | {"at": at})
