"""Whether a reel may leave: every scene approved, and every approval still good."""

from __future__ import annotations

from dataclasses import dataclass

from archive.models import Reel, Scan
from restoration import scenes as cuts
from restoration.models import Scene
from restoration.take_index import TakeIndex
from review import decisions
from review.models import Approval


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a reel may not leave; `scene` is None where it is about the reel as a whole."""

    scene: Scene | None
    number: int | None
    """The scene's place in the reel, from 1."""
    text: str

    def __str__(self) -> str:
        if self.scene is None:
            return self.text
        first, last = self.scene.start_frame, self.scene.end_frame - 1
        return f"Scene {self.number} (frames {first} to {last}): {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    reasons: tuple[Reason, ...] = ()


def check(reel: Reel) -> Verdict:
    """Whether every scene of the reel's current scan has an approval that still holds.

    A fixed number of queries, however many scenes there are.
    """
    scan = reel.current_scan()
    if scan is None:
        return refusal(f"{reel} has no scan; take one in first.")
    wanted = list(Scene.objects.current().filter(scan=scan).select_related("scan"))
    if not wanted:
        return refusal(
            f"{reel} has not been split into scenes; run: "
            f"python manage.py process {reel.pk} --stages cuts,deflicker,repair --wait"
        )
    reasons = [*_gaps(scan, wanted)]
    takes = TakeIndex(wanted)
    approvals = decisions.current_approvals(wanted)
    for number, scene in enumerate(wanted, start=1):
        texts = _objections(scene, approvals.get(scene.pk), takes)
        reasons += [Reason(scene, number, text) for text in texts]
    return Verdict(allowed=not reasons, reasons=tuple(reasons))


def refusal(text: str) -> Verdict:
    return Verdict(allowed=False, reasons=(Reason(None, None, text),))


def _gaps(scan: Scan, wanted: list[Scene]) -> list[Reason]:
    """Frames that no scene covers: a deliverable without them would be another film."""
    reasons, reached = [], 0
    for scene in [*wanted, None]:
        start = scene.start_frame if scene is not None else scan.frames
        if start != reached:
            text = f"Frames {reached} to {start - 1} belong to no scene; split the reel again."
            reasons.append(Reason(None, None, text))
        reached = scene.end_frame if scene is not None else start
    return reasons


def _objections(scene: Scene, approval: Approval | None, takes: TakeIndex) -> list[str]:
    if approval is None:
        if not cuts.head_takes([scene], takes=takes):
            return ["no take has been made of it yet; process it, then decide."]
        return ["nobody has approved its take yet."]
    if approval.decision != Approval.Decision.APPROVED:
        who = approval.by.get_username()
        return [f"changes were requested by {who}: {approval.reason}"]
    stale = decisions.stale_reasons(approval, takes=takes)
    if stale:
        return [f"its approval is stale. {' '.join(stale)}"]
    return []
