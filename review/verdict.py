"""Whether a reel may leave: every scene approved in its version, and every approval still good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archive.models import Reel, Scan
from restoration import scenes as cuts
from restoration.models import Scene, Take
from restoration.take_index import TakeIndex
from review import decisions
from review.models import Approval
from review.stage_decisions import SaidOfTakes
from review.version_choice import COLOUR, RESTORATION, RESTORED, VersionChoice


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


@dataclass(frozen=True, slots=True)
class Examined:
    """A reel's current scenes, and all that speaks against letting them leave."""

    scenes: list[Scene]
    takes: TakeIndex
    versions: dict[int, str]
    """The version in which each scene is to leave, by the scene's id."""
    approvals: dict[int, Approval]
    """The newest decision on that version; it may be of either kind, or stale."""
    reasons: tuple[Reason, ...]

    def held(self) -> dict[int, Approval]:
        """The approvals that hold, by the scene's id."""
        objected = {each.scene.pk for each in self.reasons if each.scene is not None}
        return {pk: each for pk, each in self.approvals.items() if pk not in objected}


def check(reel: Reel, choice: VersionChoice = RESTORED) -> Verdict:
    """Whether every scene of the reel's current scan has an approval that still holds.

    Args:
        choice: the version that is to leave; the approvals of that version count.
    """
    found = examine(reel, choice)
    reasons = found.reasons + sizes(each.take for each in found.held().values())
    return Verdict(allowed=not reasons, reasons=reasons)


def examine(reel: Reel, choice: VersionChoice = RESTORED) -> Examined:
    """Look at every scene; a fixed number of queries, however many there are."""
    scan = reel.current_scan()
    found = Scene.objects.current().filter(scan=scan).select_related("scan") if scan else []
    wanted = list(found)
    takes = TakeIndex(wanted)
    versions = versions_to_leave(wanted, choice, takes=takes)
    reasons = _missing(reel, scan, wanted)
    if wanted and choice.version not in versions.values():
        reasons.append(Reason(None, None, NOTHING_COLOURED))
    by_version = {name: decisions.current_approvals(wanted, name) for name in {*versions.values()}}
    approvals = {
        pk: by_version[version][pk] for pk, version in versions.items() if pk in by_version[version]
    }
    said = SaidOfTakes(wanted)
    for number, scene in enumerate(wanted, start=1):
        texts = _objections(scene, versions[scene.pk], approvals.get(scene.pk), takes, said)
        reasons += [Reason(scene, number, text) for text in texts]
    return Examined(wanted, takes, versions, approvals, tuple(reasons))


def sizes(takes: Iterable[Take]) -> tuple[Reason, ...]:
    """A film has one size: of the takes that leave, all were enlarged alike, or none."""
    pictures = [take.manifest.get("picture", {}) for take in takes]
    found = {(each["width"], each["height"]) for each in pictures if "width" in each}
    if len(found) < 2:
        return ()
    told = ", ".join(f"{width} x {height}" for width, height in sorted(found))
    text = (
        f"The takes that would leave are of several sizes ({told}). Enlarge the other scenes "
        "alike and approve that, or approve takes that were not enlarged."
    )
    return (Reason(None, None, text),)


def _missing(reel: Reel, scan: Scan | None, wanted: list[Scene]) -> list[Reason]:
    """What keeps the reel as a whole from leaving."""
    if scan is None:
        return [Reason(None, None, f"{reel} has no scan; take one in first.")]
    if not wanted:
        text = (
            f"{reel} has not been split into scenes; run: "
            f"python manage.py process {reel.pk} --stages cuts,deflicker,repair --wait"
        )
        return [Reason(None, None, text)]
    return _gaps(scan, wanted)


def versions_to_leave(
    scenes: list[Scene], choice: VersionChoice, *, takes: TakeIndex | None = None
) -> dict[int, str]:
    """The version in which each scene is to leave, by the scene's id."""
    if choice.version == RESTORATION:
        return {scene.pk: RESTORATION for scene in scenes}
    coloured = cuts.head_takes(scenes, COLOUR, takes=takes)
    return {
        scene.pk: choice.version_of(scene.pk, coloured=scene.pk in coloured) for scene in scenes
    }


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


NOTHING_COLOURED = "No scene would leave in colour; deliver the restoration."
NO_COLOUR = (
    "it has no colour version. Colour it and approve that, let it leave as restored, or deliver "
    "the restoration."
)


def _objections(
    scene: Scene, version: str, approval: Approval | None, takes: TakeIndex, said: SaidOfTakes
) -> list[str]:
    of_colour = version == COLOUR
    if approval is None:
        if cuts.head_takes([scene], version, takes=takes):
            return [f"nobody has approved its {'colour version' if of_colour else 'take'} yet."]
        if of_colour:
            return [NO_COLOUR]
        return ["no take has been made of it yet; process it, then decide."]
    of_it = " of its colour version" if of_colour else ""
    if approval.decision != Approval.Decision.APPROVED:
        who = approval.by.get_username()
        return [f"changes{of_it} were requested by {who}: {approval.reason}"]
    stale = decisions.stale_reasons(approval, takes=takes, said=said)
    if stale:
        return [f"{'the' if of_colour else 'its'} approval{of_it} is stale. {' '.join(stale)}"]
    return []
