"""Where a scene stands: what was made of it, what was decided, and what is under way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import TextChoices

from restoration import scenes as cuts
from restoration.models import Scene, StageRun, Take
from restoration.take_index import TakeIndex
from review import decisions, stage_decisions
from review.models import Approval
from review.stage_decisions import SaidOfTakes, sent_back_in_words


class State(TextChoices):
    UNTOUCHED = "untouched", "no take yet"
    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    FAILED = "failed", "run failed"
    REVIEW = "review", "to review"
    CHANGES = "changes", "changes requested"
    STALE = "stale", "decision is stale"
    APPROVED = "approved", "approved"


TONES = {
    State.WAITING: "busy",
    State.RUNNING: "busy",
    State.FAILED: "bad",
    State.REVIEW: "attend",
    State.CHANGES: "warn",
    State.STALE: "warn",
    State.APPROVED: "good",
}


@dataclass(frozen=True, slots=True)
class Standing:
    scene: Scene
    state: State
    take: Take | None
    decision: Approval | None
    reasons: list[str]
    """Why the decision is stale, or what decision an edit of the cuts left behind."""
    run: StageRun | None
    """The newest run, if it has not ended well."""
    sent_back: tuple[Approval, ...] = ()
    """Words that send single stages of the take's chain back, and hold."""

    @property
    def still(self) -> int:
        """The frame that stands for the scene: its middle."""
        return (self.scene.start_frame + self.scene.end_frame) // 2

    @property
    def told(self) -> list[str]:
        """The reasons, and which stages were sent back by themselves."""
        words = [sent_back_in_words(word) for word in self.sent_back]
        return [*self.reasons, *(each for each in words if each not in self.reasons)]

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "")


def standing_of(scene: Scene, version: str = cuts.RESTORATION) -> Standing:
    return standings([scene], version)[0]


def standings(
    scenes: Iterable[Scene], version: str = cuts.RESTORATION, *, takes: TakeIndex | None = None
) -> list[Standing]:
    """Where a version of each of these scenes stands, in their order; a fixed number of queries.

    Another table that is asked here needs a trigger as the others have (`review.stored_standings`).

    Args:
        takes: Those of the scenes, if the caller has them at hand.
    """
    wanted = list(scenes)
    takes = takes or TakeIndex(wanted)
    heads = cuts.head_takes(wanted, version, takes=takes)
    approvals = decisions.current_approvals(wanted, version)
    runs = _open_runs(wanted, version)
    lost = decisions.lost_by_scene(wanted, version)
    said = SaidOfTakes(wanted)
    return [
        _standing(
            scene,
            heads.get(scene.pk),
            approvals.get(scene.pk),
            runs.get(scene.pk),
            lost[scene.pk],
            takes,
            said,
        )
        for scene in wanted
    ]


def _standing(
    scene: Scene,
    take: Take | None,
    decision: Approval | None,
    run: StageRun | None,
    lost: list[Approval],
    takes: TakeIndex,
    said: SaidOfTakes,
) -> Standing:
    reasons = (
        decisions.stale_reasons(decision, takes=takes, said=said)
        if decision
        else [_lost(each) for each in lost]
    )
    back = tuple(stage_decisions.sent_back(scene, take, takes, said)) if take else ()
    state = _state(take, decision, reasons, run)
    if back and state in (State.REVIEW, State.STALE, State.APPROVED):
        state = State.CHANGES  # It waits for whoever runs that stage, not for a decision.
    return Standing(scene, state, take, decision, reasons, run, back)


def _lost(approval: Approval) -> str:
    first, last = approval.scene.start_frame, approval.scene.end_frame - 1
    return (
        f"{approval.by} had {approval.get_decision_display()} for frames {first} to {last}; "
        f"since then: {approval.scene.retired_because or 'the cuts were edited'}."
    )


def _state(
    take: Take | None, decision: Approval | None, reasons: list[str], run: StageRun | None
) -> State:
    if run is not None and run.status == StageRun.Status.RUNNING:
        return State.RUNNING
    if run is not None and run.status == StageRun.Status.QUEUED:
        return State.WAITING
    if run is not None and run.status == StageRun.Status.FAILED:
        return State.FAILED
    if reasons:
        return State.STALE
    if decision is not None:
        approved = decision.decision == Approval.Decision.APPROVED
        return State.APPROVED if approved else State.CHANGES
    return State.REVIEW if take is not None else State.UNTOUCHED


def _open_runs(scenes: Sequence[Scene], version: str) -> dict[int, StageRun]:
    """The version's newest run of each scene, unless it is done or was cancelled."""
    found = StageRun.objects.filter(scene__in=scenes).of_version(version)
    ended = {StageRun.Status.DONE, StageRun.Status.CANCELLED}
    newest = found.order_by("scene_id", "-pk").distinct("scene_id")
    return {run.scene_id: run for run in newest if run.scene_id and run.status not in ended}
