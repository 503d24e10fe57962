"""Approve the scenes of a reel at once, after a sample of them was approved one by one.

The person who does it has approved every scene of the sample; the rest must be waiting for a
decision, and up to date. Each approval is bound to its take's digest and names the batch; the rule
and the sample are recorded with that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from archive.fixity import digest_json
from archive.models import Scan
from restoration import scenes
from restoration.models import Scene
from restoration.take_index import TakeIndex
from review import decisions
from review.errors import DecisionRefused
from review.frame_ranges import listed
from review.models import Approval, ApprovalBatch
from review.sampling import rule_in_words, sample
from review.shares import machine_share
from review.standing import Standing, State, standings

EVERY, MOST = 5, 3
"""The rule that a page begins with."""


@dataclass(frozen=True, slots=True)
class Member:
    """A scene with a take, as the rule sees it."""

    number: int
    standing: Standing
    share: float
    is_sampled: bool
    is_seen: bool
    """The person has approved it by itself, and that holds."""
    obstacle: str = ""
    """Why it is not approved with the others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be approved, and what has to be looked at before."""

    scan: Scan
    version: str
    every: int
    most: int
    members: list[Member] = field(default_factory=list)

    @property
    def sampled(self) -> list[Member]:
        return [each for each in self.members if each.is_sampled]

    @property
    def missing(self) -> list[Member]:
        """Of the sample, what the person has not approved."""
        return [each for each in self.sampled if not each.is_seen]

    @property
    def rest(self) -> list[Member]:
        """What would be approved."""
        return [each for each in self.members if _waits(each) and not each.is_sampled]

    @property
    def left_out(self) -> list[Member]:
        return [each for each in self.members if each.obstacle and not each.is_sampled]

    @property
    def words(self) -> str:
        return rule_in_words(self.every, self.most)

    @property
    def digest(self) -> str:
        """Of all that the decision speaks of."""
        rows = [
            [each.standing.scene.pk, each.standing.take.digest, each.is_sampled, _waits(each)]
            for each in self.members
            if each.standing.take is not None
        ]
        return digest_json({"every": self.every, "most": self.most, "rows": rows})


def _waits(member: Member) -> bool:
    return member.standing.state == State.REVIEW and not member.obstacle


def plan(scan: Scan, person: Any, *, every: int = EVERY, most: int = MOST, version: str) -> Plan:
    """How a rule falls on a reel's scenes as they stand; a fixed number of queries.

    Raises: DecisionRefused for a rule that is none.
    """
    wanted = list(Scene.objects.current().filter(scan=scan).select_related("scan"))
    found = [(n, each) for n, each in enumerate(standings(wanted, version), start=1) if each.take]
    plane = "colour" if version == scenes.COLOUR else "structure"
    shares = [machine_share(each.take.totals, plane) for _, each in found if each.take]
    try:
        chosen = set(sample(shares, every=every, most=most))
    except ValueError as error:
        raise DecisionRefused(f"Nothing was approved: {error}.") from error
    takes = TakeIndex(wanted)
    members = [
        Member(
            number,
            standing,
            shares[place],
            place in chosen,
            _is_seen(standing, person),
            _obstacle(standing, takes),
        )
        for place, (number, standing) in enumerate(found)
    ]
    return Plan(scan, version, every, most, members)


def _is_seen(standing: Standing, person: Any) -> bool:
    decision = standing.decision
    return (
        standing.state == State.APPROVED
        and decision is not None
        and decision.by_id == person.pk
        and decision.batch_id is None
    )


def _obstacle(standing: Standing, takes: TakeIndex) -> str:
    if standing.state in (State.APPROVED, State.REVIEW):
        assert standing.take is not None
        outdated = scenes.outdated(standing.scene, standing.take, takes=takes)
        return "; ".join(outdated) if standing.state == State.REVIEW else ""
    words = [f"{word.take.stage} take {word.take.number}" for word in standing.sent_back]
    alone = f": {', '.join(words)} by itself" if words else ""
    return f"{standing.state.label}{alone}"


@transaction.atomic
def approve(
    scan: Scan, *, by: Any, every: int, most: int, version: str, seen: str
) -> list[Approval]:
    """Approve all that waits, by the rule; all of it or nothing.

    Args:
        seen: `Plan.digest` of what the person had before them.

    Raises: NotAllowed, DecisionRefused.
    """
    list(Scene.objects.select_for_update().filter(scan=scan, retired__isnull=True).order_by("pk"))
    planned = plan(scan, by, every=every, most=most, version=version)
    if planned.missing:
        numbers = listed([each.number for each in planned.missing])
        raise DecisionRefused(
            f"Nothing was approved: look at scene {numbers} first, and approve each by itself."
        )
    if planned.digest != seen:
        raise DecisionRefused(
            "Nothing was approved: takes or decisions of this reel have changed since you opened "
            "the page. Look at what is listed now, then approve."
        )
    if not planned.rest:
        raise DecisionRefused("Nothing was approved: no other scene waits for a decision.")
    batch = ApprovalBatch.objects.create(
        scan=scan, every=every, most=most, by=by, sampled=[_looked(e) for e in planned.sampled]
    )
    numbers = listed([each.number for each in planned.sampled])
    words = f"In a batch: {planned.words} looked at (scene {numbers})."
    made = []
    for each in planned.rest:
        take = each.standing.take
        assert take is not None
        made.append(
            decisions.approve(
                each.standing.scene, take, by=by, comment=words, digest=take.digest, batch=batch
            )
        )
    return made


def _looked(member: Member) -> dict[str, Any]:
    decision = member.standing.decision
    assert decision is not None
    return {
        "scene": member.number,
        "approval": decision.pk,
        "take": decision.take_id,
        "digest": decision.digest,
    }
