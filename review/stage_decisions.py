"""Decisions on single stages of a scene: what was said of each take of a chain, if it holds.

A stage's take is approved or sent back by itself, bound to its digest as any decision. That it was
approved lets nothing leave: gates ask for the end of the chain. That it was sent back, and not made
anew since, keeps whatever stands on it from being approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import TextChoices

from restoration import scenes as cuts
from restoration.models import Scene, Take
from restoration.take_index import TakeIndex
from review.models import Approval


class StageState(TextChoices):
    REVIEW = "review", "to review"
    APPROVED = "approved", "approved"
    CHANGES = "changes", "changes requested"
    STALE = "stale", "decision is stale"


TONES = {
    StageState.REVIEW: "attend",
    StageState.APPROVED: "good",
    StageState.CHANGES: "warn",
    StageState.STALE: "warn",
}


class SaidOfTakes:
    """The newest word on every take of these scenes, of either kind; asked for once, if at all."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self._scenes = {scene.pk for scene in scenes}

    def newest(self, scene: Scene, take: Take) -> Approval | None:
        """Whatever it says, withdrawn or not."""
        return self._newest.get((scene.pk, take.pk))

    def of(self, scene: Scene, take: Take) -> Approval | None:
        """The newest word on a take; None if that one was withdrawn, or speaks of another digest.

        Changes asked of the version that once ended with the take were asked of that picture as a
        whole: they are no word on the stage.
        """
        word = self.newest(scene, take)
        if word is None or word.withdrawn is not None or word.digest != take.digest:
            return None
        is_word = word.alone or word.decision == Approval.Decision.APPROVED
        return word if is_word else None

    @cached_property
    def _newest(self) -> dict[tuple[int, int], Approval]:
        found = Approval.everything.filter(scene__in=self._scenes).select_related("by", "take")
        return {(each.scene_id, each.take_id): each for each in found.order_by("at", "pk")}


@dataclass(frozen=True, slots=True)
class StageStanding:
    """Where one stage of a chain stands by itself."""

    take: Take
    state: StageState
    decision: Approval | None
    reasons: list[str]
    """Why the decision no longer speaks of what stands."""
    before: Take | None
    """What it was made on; None: the scan."""

    @property
    def tone(self) -> str:
        return TONES[self.state]


def of_chain(
    scene: Scene,
    head: Take,
    *,
    takes: TakeIndex | None = None,
    said: SaidOfTakes | None = None,
) -> list[StageStanding]:
    """The stages that a scene's version was made by, from the scan outwards."""
    takes, said = takes or TakeIndex([scene]), said or SaidOfTakes([scene])
    links = cuts.chain(head, takes=takes)
    return [
        _standing(scene, link, before, takes, said)
        for link, before in zip(links, [None, *links], strict=False)
    ]


def _standing(
    scene: Scene, take: Take, before: Take | None, takes: TakeIndex, said: SaidOfTakes
) -> StageStanding:
    word = said.of(scene, take)
    if word is None:
        return StageStanding(take, StageState.REVIEW, None, [], before)
    reasons = [as_sentence(each) for each in cuts.outdated(scene, take, takes=takes)]
    state = StageState.STALE if reasons else StageState(word.decision)
    return StageStanding(take, state, word, reasons, before)


def sent_back(scene: Scene, head: Take, takes: TakeIndex, said: SaidOfTakes) -> list[Approval]:
    """Words that send a stage of this chain back, and hold: it was not made anew since."""
    words = [said.of(scene, link) for link in cuts.chain(head, takes=takes)]
    return [
        word
        for word in words
        if word is not None
        and word.decision == Approval.Decision.CHANGES
        and not cuts.outdated(scene, word.take, takes=takes)
    ]


def sent_back_in_words(word: Approval) -> str:
    """Such as `Repair take 1 was sent back by itself by vera: dust.`"""
    made = f"{word.take.stage.capitalize()} take {word.take.number}"
    return f"{made} was sent back by itself by {word.by}: {word.reason.rstrip('.')}."


def stale_reasons(word: Approval, takes: TakeIndex) -> list[str]:
    """Why a word on a stage no longer speaks of what stands, in words; empty if it does."""
    outdated = cuts.outdated(word.scene, word.take, takes=takes)
    if outdated:
        return [as_sentence(each) for each in outdated]
    if chain_with(word.scene, word.take, takes) is not None:
        return []
    head = cuts.head_takes([word.scene], word.take.version, takes=takes).get(word.scene_id)
    if head is None:
        return []
    who = takes.changers.of_take(head)
    return [f"{head.stage.capitalize()} take {head.number} stands now, made without it{who}."]


def chain_with(scene: Scene, take: Take, takes: TakeIndex) -> list[Take] | None:
    """The chain that stands and has this take in it; None if no version has."""
    for version in (take.version, cuts.COLOUR):
        head = cuts.head_takes([scene], version, takes=takes).get(scene.pk)
        links = cuts.chain(head, takes=takes) if head is not None else []
        if take in links:
            return links
    return None


def stage_address(take: Take) -> dict[str, str]:
    """What the address of a scene's page asks for, to show a stage beside what it was made on."""
    before = {"against": str(take.input_take_id)} if take.input_take_id else {}
    return {"take": str(take.pk), "of": "stage"} | before


def as_sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
