"""Approve a take, ask for changes, withdraw; and whether a decision still holds.

Each decision binds a person to the digest of one take's manifest. It is written together with its
custody event in one transaction, under a lock on the scene, so that two people cannot both decide
on what the other has just replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from archive import custody, roles
from restoration import scenes
from restoration.models import Scene, Take
from restoration.scenes import RESTORATION
from restoration.take_index import TakeIndex
from review import stage_decisions
from review.errors import DecisionRefused, NotAllowed
from review.models import Approval, ApprovalBatch
from review.stage_decisions import SaidOfTakes, as_sentence, sent_back_in_words


@transaction.atomic
def approve(
    scene: Scene,
    take: Take,
    *,
    by: Any,
    comment: str = "",
    digest: str | None = None,
    seen: int | None = None,
    batch: ApprovalBatch | None = None,
    alone: bool = False,
) -> Approval:
    """Approve the take that stands at the end of the scene's chain, or one stage's take alone.

    Args:
        digest: What the person saw; refused if it is not the take's.
        seen: The number of the newest decision that the person saw, 0 for none; refused if
            somebody else has decided since. Not given: that is not asked.
        batch: With which others it is approved.
        alone: Of this stage's take, which may stand anywhere in the chain; `seen` is then about
            decisions on that take.

    Raises: NotAllowed, DecisionRefused; also for a take that is no longer what a run would give,
        of which an approval would be stale from the start, and for the end of a chain of which a
        stage was sent back by itself.
    """
    saw = _Saw(digest, seen)
    return _decide(
        scene,
        take,
        by=by,
        decision=Approval.Decision.APPROVED,
        reason=comment,
        saw=saw,
        batch=batch,
        alone=alone,
    )


@transaction.atomic
def request_changes(
    scene: Scene,
    take: Take,
    *,
    by: Any,
    reason: str,
    digest: str | None = None,
    seen: int | None = None,
    alone: bool = False,
) -> Approval:
    """Send the take back with a reason; `digest`, `seen` and `alone` as for `approve`.

    Raises: NotAllowed, DecisionRefused.
    """
    if not reason.strip():
        raise DecisionRefused("Nothing was recorded: say what should change, then send it again.")
    saw = _Saw(digest, seen)
    changes = Approval.Decision.CHANGES
    return _decide(scene, take, by=by, decision=changes, reason=reason, saw=saw, alone=alone)


@transaction.atomic
def withdraw(approval: Approval, *, by: Any) -> Approval:
    """Take a decision back; the scene then has none.

    Raises: NotAllowed, DecisionRefused if it was withdrawn before.
    """
    _require(by, "review.decide", approval.scene, "withdraw a decision")
    approval = Approval.everything.select_for_update().get(pk=approval.pk)
    if approval.withdrawn is not None:
        raise DecisionRefused("This decision was withdrawn before; nothing was changed.")
    approval.withdrawn = timezone.now()
    approval.withdrawn_by = by
    approval.save(update_fields=["withdrawn", "withdrawn_by"])
    of_stage = {"of": "stage"} if approval.alone else {}
    _record("decision withdrawn", approval, by=by, decision=approval.decision, **of_stage)
    return approval


def current_approval(scene: Scene, version: str = RESTORATION) -> Approval | None:
    """The newest decision on a version, of either kind; None if that one was withdrawn.

    It may be stale: ask `stale_reasons`.
    """
    found = scene.approvals.filter(take__version=version).select_related("take", "by", "scene")
    newest = found.order_by("-at", "-pk").first()
    return newest if newest is not None and newest.withdrawn is None else None


def current_approvals(scenes: Iterable[Scene], version: str = RESTORATION) -> dict[int, Approval]:
    """`current_approval` of many scenes, by their ids, in one query."""
    newest: dict[int, Approval] = {}
    found = Approval.objects.filter(scene__in=scenes, take__version=version)
    found = found.select_related("take", "by", "scene")
    for approval in found.order_by("at", "pk"):
        newest[approval.scene_id] = approval
    return {scene: approval for scene, approval in newest.items() if approval.withdrawn is None}


def approvals_that_agree(approvals: Iterable[Approval]) -> dict[int, list[Approval]]:
    """All approvals of the very take that each of these approved, by the scene's id.

    One a person, that person's newest decision on the scene's version, and none withdrawn; the
    newest first. One query, and one for the people's roles.
    """
    asked = {approval.scene_id: approval for approval in approvals}
    newest: dict[tuple[int, str, int], Approval] = {}
    found = Approval.objects.filter(scene__in=asked).select_related(
        "take", "by", "scene__scan__reel__element__title"
    )
    for other in found.order_by("at", "pk"):
        newest[other.scene_id, other.take.version, other.by_id] = other
    roles.load(each.by for each in newest.values())
    agreeing: dict[int, list[Approval]] = {scene: [] for scene in asked}
    for other in sorted(newest.values(), key=lambda each: (each.at, each.pk), reverse=True):
        wanted = asked[other.scene_id]
        same = (other.take_id, other.digest) == (wanted.take_id, wanted.digest)
        approved = other.decision == Approval.Decision.APPROVED and other.withdrawn is None
        if same and approved:
            agreeing[other.scene_id].append(other)
    return agreeing


def is_approved(scene: Scene, version: str = RESTORATION) -> bool:
    """Whether what stands at the end of the scene's chain is approved, and still as it was."""
    approval = current_approval(scene, version)
    return (
        approval is not None
        and approval.decision == Approval.Decision.APPROVED
        and not stale_reasons(approval)
    )


def stale_reasons(
    approval: Approval, *, takes: TakeIndex | None = None, said: SaidOfTakes | None = None
) -> list[str]:
    """Why a decision no longer speaks of what stands, in words; empty if it does.

    Args:
        takes: Those of the scene, if the caller has them at hand.
        said: What was said of them, likewise.
    """
    known = takes or TakeIndex([approval.scene])
    if approval.alone:
        moved = [*_moved_cut(approval), *_another_digest(approval)]
        return moved or stage_decisions.stale_reasons(approval, known)
    outdated = scenes.outdated(approval.scene, approval.take, takes=known)
    return [
        *_moved_cut(approval),
        *_another_digest(approval),
        *_another_take(approval, known),
        *(as_sentence(reason) for reason in outdated),
        *_sent_back(approval, known, said or SaidOfTakes([approval.scene])),
    ]


def lost_approvals(scene: Scene, version: str = RESTORATION) -> list[Approval]:
    """Decisions on frames of this scene that an edit of the cuts left behind, newest first."""
    return lost_by_scene([scene], version)[scene.pk]


def lost_by_scene(scenes: Iterable[Scene], version: str = RESTORATION) -> dict[int, list[Approval]]:
    """`lost_approvals` of many scenes, by their ids, in one query."""
    wanted = list(scenes)
    found = Approval.objects.filter(
        scene__scan__in={scene.scan_id for scene in wanted},
        scene__retired__isnull=False,
        take__version=version,
    ).select_related("take", "by", "scene")
    newest: dict[int, Approval] = {}
    for approval in found.order_by("at", "pk"):
        newest[approval.scene_id] = approval
    standing = [approval for approval in newest.values() if approval.withdrawn is None]
    standing.sort(key=lambda approval: approval.at, reverse=True)
    return {
        scene.pk: [
            approval
            for approval in standing
            if approval.scene.scan_id == scene.scan_id
            and approval.scene.start_frame < scene.end_frame
            and approval.scene.end_frame > scene.start_frame
        ]
        for scene in wanted
    }


@dataclass(frozen=True, slots=True)
class _Saw:
    """What a person had before them: the take's digest, the newest decision's number."""

    digest: str | None
    decision: int | None


def _decide(
    scene: Scene,
    take: Take,
    *,
    by: Any,
    decision: str,
    reason: str,
    saw: _Saw,
    batch: ApprovalBatch | None = None,
    alone: bool = False,
) -> Approval:
    _require(by, "review.decide", scene, "decide on a take")
    # Lock first: a cut moved between the check and the write would leave a decision on nothing.
    scene = Scene.objects.select_for_update().select_related("scan").get(pk=scene.pk)
    if scene.retired is not None:
        raise DecisionRefused(
            "Nothing was recorded: the cuts of this scene were changed meanwhile "
            f"({scene.retired_because or 'edited'}). Open the reel and decide on the new scene."
        )
    _require_standing(scene, take, saw, alone=alone)
    _require_seen(scene, take, saw, by, alone=alone)
    if decision == Approval.Decision.APPROVED:
        _require_up_to_date(scene, take, alone=alone)
    approval = Approval.objects.create(
        scene=scene,
        take=take,
        digest=take.digest,
        decision=decision,
        reason=reason.strip(),
        by=by,
        batch=batch,
        alone=alone,
    )
    kind = "approval" if decision == Approval.Decision.APPROVED else "changes requested"
    kind = f"stage {kind}" if alone else kind
    detail = {"comment": approval.reason} | ({"batch": str(batch.pk)} if batch else {})
    detail |= {"of": "stage"} if alone else {}
    _record(kind, approval, by=by, **detail)
    return approval


def _require_standing(scene: Scene, take: Take, saw: _Saw, *, alone: bool) -> None:
    """That the take is what the person saw, and still stands where they saw it."""
    head = scenes.head_take(scene, take.version)
    if alone:
        stands = stage_decisions.chain_with(scene, take, TakeIndex([scene])) is not None
    else:
        stands = head is not None and head.pk == take.pk
    if stands and saw.digest in (None, take.digest):
        return
    now = f"{head.stage} take {head.number}" if head else "no take"
    where = ", made without it" if alone and not stands else ""
    raise DecisionRefused(
        f"Nothing was recorded: you were looking at {take.stage} take {take.number}, and now "
        f"{now} stands at the end of this scene{where}. Look at it, then decide."
    )


def newest_word(scene: Scene, take: Take, *, alone: bool) -> Approval | None:
    """What somebody who decides has to have seen: the newest decision on the take's version, or,
    for a decision on a stage alone, on that take."""
    if alone:
        found = Approval.everything.filter(scene=scene, take=take)
    else:
        found = Approval.objects.filter(scene=scene, take__version=take.version)
    return found.select_related("by").order_by("-at", "-pk").first()


def _require_seen(scene: Scene, take: Take, saw: _Saw, by: Any, *, alone: bool) -> None:
    """Two people decide at once: the second is told what the first decided, and decides again."""
    newest = newest_word(scene, take, alone=alone)
    if saw.decision is None or newest is None or newest.pk == saw.decision or newest.by == by:
        return
    what = newest.get_decision_display()
    said = f": {newest.reason}" if newest.reason else ""
    at = f"{timezone.localtime(newest.at):%H:%M}"
    raise DecisionRefused(
        f"Nothing was recorded: {newest.by} decided at {at}, after "
        f"you had opened the page ({what}{said}). Look at it, then decide again."
    )


def _require_up_to_date(scene: Scene, take: Take, *, alone: bool) -> None:
    takes = TakeIndex([scene])
    outdated = scenes.outdated(scene, take, takes=takes)
    if outdated:
        raise DecisionRefused(
            f"Nothing was recorded: {take.stage} take {take.number} is out of date already, and an "
            f"approval of it would be stale at once: {'; '.join(outdated)}. Run it again and "
            "decide on what comes of that, or take back what changed."
        )
    if alone:
        return
    words = stage_decisions.sent_back(scene, take, takes, SaidOfTakes([scene]))
    if earlier := [word for word in words if word.take_id != take.pk]:
        told = " ".join(sent_back_in_words(word) for word in earlier)
        raise DecisionRefused(
            f"Nothing was recorded: {told} What stands on it is not approved before that stage is "
            "made anew, or approved by itself, or that decision is withdrawn."
        )


def _record(kind: str, approval: Approval, *, by: Any, **detail: str) -> None:
    scene = approval.scene
    custody.record(
        kind=kind,
        agent=custody.person(by),
        subject=f"take:{approval.take_id}",
        reel=scene.scan.reel,
        detail={
            "scene": scene.pk,
            "start_frame": scene.start_frame,
            "end_frame": scene.end_frame,
            "stage": approval.take.stage,
            "version": approval.take.version,
            "number": approval.take.number,
            "digest": approval.digest,
            **detail,
        },
    )


def _require(by: Any, permission: str, scene: Scene, action: str) -> None:
    if not by.has_perm(permission, scene.scan.reel):
        raise NotAllowed(
            f"{by.get_username()} may not {action}; nothing was changed. "
            "An archivist or an administrator can give you the role for it."
        )


def _moved_cut(approval: Approval) -> list[str]:
    scene, take = approval.scene, approval.take
    if scene.retired is not None:
        return [f"The cuts of this scene were changed: {scene.retired_because or 'edited'}."]
    if (scene.start_frame, scene.end_frame) != (take.start_frame, take.end_frame):
        return ["The scene no longer covers the frames of this take."]
    return []


def _another_digest(approval: Approval) -> list[str]:
    if approval.take.digest != approval.digest:
        return ["The take's manifest is not the one that was decided on."]
    return []


def _sent_back(approval: Approval, takes: TakeIndex, said: SaidOfTakes) -> list[str]:
    """Of an approval: stages of what it approved that were sent back by themselves."""
    if approval.decision != Approval.Decision.APPROVED or approval.scene.retired is not None:
        return []
    words = stage_decisions.sent_back(approval.scene, approval.take, takes, said)
    return [sent_back_in_words(word) for word in words]


def _another_take(approval: Approval, takes: TakeIndex) -> list[str]:
    if approval.take.digest != approval.digest or approval.scene.retired is not None:
        return []
    version = approval.take.version
    head = scenes.head_takes([approval.scene], version, takes=takes).get(approval.scene_id)
    # Of a newer take of the same stage `outdated` tells.
    if head is None or head.pk == approval.take_id or head.stage == approval.take.stage:
        return []
    made = f"{head.stage.capitalize()} take {head.number}"
    return [f"{made} now stands at the end of this scene{takes.changers.of_take(head)}."]
