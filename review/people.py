"""How many people approved a take, who of them ran it, and how many each use wants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from archive import roles
from restoration import scenes
from restoration.models import StageRun
from restoration.take_index import TakeIndex
from review import decisions, gate
from review.gate import Approver
from review.models import Approval
from review.policies import Policy
from review.uses import policies


@dataclass(frozen=True, slots=True)
class PeopleWanted:
    """What one use wants of the people who approve a scene."""

    use: str
    wanted: int
    counted: tuple[str, ...]
    """Names of those who count."""
    ran: tuple[str, ...]
    """Names of those who approved and do not count, since they ran it."""

    @property
    def are_enough(self) -> bool:
        return len(self.counted) >= self.wanted


def people_wanted(approval: Approval | None) -> list[PeopleWanted]:
    """For each use that asks who approved, how far a scene is: of the approval that holds."""
    return wanted_by_scene([approval]).get(approval.scene_id, []) if approval else []


def wanted_by_scene(held: Iterable[Approval]) -> dict[int, list[PeopleWanted]]:
    """`people_wanted` of approvals of many scenes, by the scene's id; a fixed number of queries."""
    asking = [policy for policy in policies().values() if policy.asks_who]
    found = {each.scene_id: each for each in held if each.decision == Approval.Decision.APPROVED}
    if not asking or not found:
        return {}
    takes = TakeIndex([each.scene for each in found.values()])
    return {
        scene: [_wanted(policy, people) for policy in asking]
        for scene, people in approvers(found, takes).items()
    }


def _wanted(policy: Policy, people: Iterable[Approver]) -> PeopleWanted:
    known = list(people)
    return PeopleWanted(
        policy.use,
        policy.people,
        tuple(each.name for each in known if gate.counts(policy, each)),
        tuple(each.name for each in known if each.ran and policy.makers == "left out"),
    )


def approvers(
    held: Mapping[int, Approval], takes: TakeIndex | None = None
) -> dict[int, list[Approver]]:
    """All who approved the very takes of these approvals, by the scene's id."""
    ran = _who_ran(held.values(), takes)
    return {
        pk: [
            Approver(
                name_of(each),
                tuple(sorted(roles.over(each.by, each.scene.scan.reel))),
                ran[each.take_id].get(each.by_id, ()),
            )
            for each in agreeing
        ]
        for pk, agreeing in decisions.approvals_that_agree(held.values()).items()
    }


def name_of(approval: Approval) -> str:
    return approval.by.get_full_name() or approval.by.get_username()


def _who_ran(
    held: Iterable[Approval], takes: TakeIndex | None
) -> dict[int, dict[int, tuple[str, ...]]]:
    """By the take's id and the person's: the stages of its chain whose runs they asked for."""
    chains = {each.take_id: scenes.chain(each.take, takes=takes) for each in held}
    links = {link.pk for chain in chains.values() for link in chain}
    by_take: defaultdict[int, set[int]] = defaultdict(set)
    runs = StageRun.objects.filter(take__in=links, requested_by__isnull=False)
    for take, person in runs.values_list("take_id", "requested_by_id"):
        by_take[take].add(person)
    found: dict[int, dict[int, tuple[str, ...]]] = {}
    for take, chain in chains.items():
        ran = found.setdefault(take, {})
        for link in reversed(chain):
            for person in by_take[link.pk]:
                ran[person] = (*ran.get(person, ()), link.stage)
    return found
