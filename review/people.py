"""How many people approved a take, who of them ran it, and how many each use wants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from archive import roles
from restoration import scenes
from restoration.models import StageRun
from restoration.take_index import TakeIndex
from review import decisions, gate
from review.gate import Approver, StageFacts
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
    stages: tuple[str, ...] = ()
    """Stages of its chain that too few approved by themselves, where the use asks for each."""

    @property
    def are_enough(self) -> bool:
        return len(self.counted) >= self.wanted and not self.stages


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
    by_stage = stages(found, takes) if any(each.asks_stages for each in asking) else {}
    return {
        scene: [_wanted(policy, people, by_stage.get(scene, ())) for policy in asking]
        for scene, people in approvers(found, takes).items()
    }


def _wanted(
    policy: Policy, people: Iterable[Approver], by_stage: Iterable[StageFacts]
) -> PeopleWanted:
    known = list(people)
    lacking = [each.name for each in by_stage if gate.few(policy, each)]
    return PeopleWanted(
        policy.use,
        policy.people,
        tuple(each.name for each in known if gate.counts(policy, each)),
        tuple(each.name for each in known if each.ran and policy.makers == "left out"),
        tuple(lacking) if policy.asks_stages else (),
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


def stages(held: Mapping[int, Approval], takes: TakeIndex) -> dict[int, list[StageFacts]]:
    """The stages of what these approved, and who approved each by itself, by the scene's id.

    One a person: that person's newest word on the take. Of the last stage an approval of the end
    of the chain is one too, since it is of that very take.
    """
    chains = {pk: scenes.chain(each.take, takes=takes) for pk, each in held.items()}
    links = {link.pk for chain in chains.values() for link in chain}
    newest: dict[tuple[int, int, int], Approval] = {}
    found = Approval.everything.filter(scene__in=held, take__in=links)
    found = found.select_related("by", "take", "scene__scan__reel__element__title")
    for word in found.order_by("at", "pk"):
        newest[word.scene_id, word.take_id, word.by_id] = word
    roles.load(word.by for word in newest.values())
    runs = StageRun.objects.filter(take__in=links, requested_by__isnull=False)
    ran = set(runs.values_list("take_id", "requested_by_id"))
    by_take: defaultdict[tuple[int, int], list[Approver]] = defaultdict(list)
    for (scene, take, _), word in newest.items():
        if _is_yes(word):
            by_take[scene, take].append(_approver(word, ran))
    return {
        pk: [
            StageFacts(f"{link.stage} take {link.number}", tuple(by_take[pk, link.pk]))
            for link in chain
        ]
        for pk, chain in chains.items()
    }


def _is_yes(word: Approval) -> bool:
    approved = word.decision == Approval.Decision.APPROVED and word.withdrawn is None
    return approved and word.digest == word.take.digest


def _approver(word: Approval, ran: Collection[tuple[int, int]]) -> Approver:
    """Who approved a stage by itself; they ran it if they asked for that very take."""
    held = tuple(sorted(roles.over(word.by, word.scene.scan.reel)))
    did = (word.take.stage,) if (word.take_id, word.by_id) in ran else ()
    return Approver(name_of(word), held, did)


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
