"""One edit of a scan's cuts while it is made: it notes what stood before and what stands after.

Scenes and verdicts are changed through an `Edit` alone, so that `restoration.history` can undo
every edit. All of it happens inside the caller's transaction, with the scan locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from archive import custody
from archive.models import Scan
from restoration.cancelling import cancel_if_open
from restoration.cutting import Piece
from restoration.models import Scene, SceneEdit, StageRun, Verdict

STATE = (
    "start_frame", "end_frame", "kind", "transition", "confidence", "gradual", "marks", "by_hand",
)  # fmt: skip
"""What an edit may change of a scene; its settings are not part of it."""

State = dict[str, Any]


class Edit:
    """Collects the changes of one edit; nothing is in the history before `record`."""

    def __init__(self, scan: Scan, by: User | None) -> None:
        self.scan = scan
        self.by = by
        self.before: dict[str, list[State]] = {"scenes": [], "verdicts": []}
        self.after: dict[str, list[State]] = {"scenes": [], "verdicts": []}

    def retire(self, scenes: Iterable[Scene], because: str) -> None:
        """Take scenes off the reel; their takes and decisions stay on record."""
        gone = list(scenes)
        self.before["scenes"] += [state_of(scene) for scene in gone]
        retire(gone, because=f"{because}{by_whom(self.by)}", by=self.by)

    def place(self, piece: Piece, *, like: Scene | None = None) -> Scene:
        """Put a scene of that range on the reel: the one that was there before, if there was one.

        Args:
            like: The scene that a person edited; a new one takes its settings.
        """
        found = self.scan.scenes.filter(
            start_frame=piece.start_frame, end_frame=piece.end_frame, retired__isnull=False
        )
        scene = found.order_by("-retired").first() or Scene(
            scan=self.scan, settings=like.settings if like else {}
        )
        for name, value in state_of_piece(piece).items():
            setattr(scene, name, value)
        scene.by_hand = like is not None
        scene.retired, scene.retired_because = None, ""
        scene.save()
        self.after["scenes"].append(state_of(scene))
        return scene

    def change(self, scene: Scene, **values: Any) -> None:
        """Change what is said of a scene that stays."""
        self.before["scenes"].append(state_of(scene))
        for name, value in values.items():
            setattr(scene, name, value)
        scene.save(update_fields=list(values))
        self.after["scenes"].append(state_of(scene))

    def judge(self, frame: int, about: str, *, holds: bool) -> None:
        """Keep a person's word on a frame; it replaces an earlier one."""
        known = Verdict.objects.filter(scan=self.scan, frame=frame, about=about).first()
        self.before["verdicts"].append(verdict_state(frame, about, known))
        verdict = known or Verdict(scan=self.scan, frame=frame, about=about)
        verdict.holds, verdict.by, verdict.at = holds, self.by, timezone.now()
        verdict.save()
        self.after["verdicts"].append(verdict_state(frame, about, verdict))

    def record(self, kind: str, words: str, *, frame: int, detail: dict[str, Any]) -> SceneEdit:
        """Write the edit into the scan's history and tell custody.

        What was undone before can then no longer be done again.
        """
        edits = SceneEdit.objects.filter(scan=self.scan)
        edits.filter(undone__isnull=False).update(superseded=True)
        number = (edits.aggregate(last=Max("number"))["last"] or 0) + 1
        written = SceneEdit.objects.create(
            scan=self.scan,
            number=number,
            kind=kind,
            words=words,
            frame=frame,
            before=self.before,
            after=self.after,
            by=self.by,
        )
        tell(kind, self.scan, self.by, detail | {"edit": number})
        return written


def state_of(scene: Scene) -> State:
    return {"id": scene.pk} | {name: getattr(scene, name) for name in STATE}


def state_of_piece(piece: Piece) -> State:
    return {name: getattr(piece, name) for name in STATE if name != "by_hand"}


def verdict_state(frame: int, about: str, verdict: Verdict | None) -> State:
    """`holds` is None where nobody has said anything."""
    return {
        "frame": frame,
        "about": about,
        "holds": verdict.holds if verdict else None,
        "by": verdict.by_id if verdict else None,
        "at": verdict.at.isoformat() if verdict else None,
    }


def lock(scan: Scan) -> None:
    """One edit of a scan's cuts, or publication of a take of it, at a time."""
    Scan.objects.select_for_update(no_key=True).get(pk=scan.pk)


def retire(scenes: list[Scene], *, because: str, by: User | None) -> None:
    if not scenes:
        return
    Scene.objects.filter(pk__in=[scene.pk for scene in scenes]).update(
        retired=Now(), retired_because=because[:400]
    )
    for run in StageRun.objects.filter(scene__in=scenes, status__in=StageRun.OPEN):
        cancel_if_open(run, by=by, because=because)


def by_whom(user: User | None) -> str:
    return f" by {user.get_username()}" if user else ""


def tell(kind: str, scan: Scan, by: User | None, detail: dict[str, Any]) -> None:
    custody.record(
        kind=kind,
        agent=custody.person(by) if by else custody.software(),
        subject=f"scan:{scan.pk}",
        reel=scan.reel,
        detail=detail,
    )
