"""Whether a reel may leave for a use at this moment: its approvals, and the policy of the use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from archive.models import Reel
from restoration import scenes as cuts
from restoration.models import Scene, Take
from restoration.take_index import TakeIndex
from review import gate, people, verdict
from review.gate import Approver, Decision, Finding
from review.material import make_material, transcript_state
from review.models import Approval
from review.override import Override, takes_digest
from review.policies import Policy
from review.title_rights import rights_facts
from review.uses import policy_for
from review.verdict import Examined, Reason, Verdict
from review.version_choice import RESTORED, VersionChoice


@dataclass(frozen=True, slots=True)
class Gate:
    """A reel held against the policy of a use."""

    verdict: Verdict
    """Whether it may leave, and all that stands in the way."""
    decision: Decision
    """The same rule by rule."""
    objections: tuple[Reason, ...] = ()
    """What is missing, or not approved, whatever the use."""
    unapproved: dict[int, str] = field(default_factory=dict)
    """Why scenes that leave marked are not approved, by their ids."""
    leaving: Mapping[int, Take] = field(default_factory=dict)
    """The take that would leave, by the scene's id."""
    approved: Mapping[int, Approval] = field(default_factory=dict)
    """The newest approval of that take, where there is one that holds, by the scene's id."""
    takes: str = ""
    """What an override of it is bound to: `override.takes_digest` of the takes that would leave."""


def hold(
    reel: Reel,
    use: str,
    *,
    choice: VersionChoice = RESTORED,
    override: Override | None = None,
) -> Gate:
    """Hold a reel as it stands against the policy of a use.

    Args:
        choice: the version that is to leave.
        override: counts while takes and measures are those that it was given for.
    Raises: UnknownUse, PoliciesUnreadable.
    """
    policy = policy_for(use)
    found = verdict.examine(reel, choice)
    objections = {each.scene.pk: each.text for each in found.reasons if each.scene is not None}
    held = found.held()
    marks = policy.unapproved == "marked"
    leaving = _heads(found) | {pk: each.take for pk, each in held.items()}
    # What nobody approved leaves only where it is marked; else it stands in the way by itself.
    together = leaving.values() if marks else [each.take for each in held.values()]
    found = replace(found, reasons=found.reasons + verdict.sizes(together))
    material = make_material(
        found,
        leaving=leaving,
        approvers=_approvers(policy, held, found.takes),
        stages=people.stages(held, found.takes) if policy.asks_stages else {},
        rights=rights_facts(reel, policy),
        transcript=transcript_state(reel) if policy.transcript == "approved" else None,
        in_colour=choice.version != RESTORED.version,
    )
    takes = takes_digest(leaving[s.pk].digest for s in found.scenes if s.pk in leaving)
    decision = gate.decide(policy, material)
    if override is not None:
        measured = {finding.rule: finding.measured for finding in decision.findings}
        decision = gate.overridden(decision, override.still(measured, takes))
    spared = {pk: text for pk, text in objections.items() if marks and pk in leaving}
    reasons = [each for each in found.reasons if each.scene is None or each.scene.pk not in spared]
    reasons += _told(decision, found.scenes)
    reasons += _lapsed(decision, override)
    allowed = decision.allowed and not reasons
    return Gate(
        Verdict(allowed, tuple(reasons)), decision, found.reasons, spared, leaving, held, takes
    )


def _lapsed(decision: Decision, override: Override | None) -> Iterator[Reason]:
    """That an override was given for something else, where a rule that it names fails."""
    if override is not None and any(each.rule in override.rules for each in decision.failed):
        text = (
            f"The override of {override.by} was given for other takes or other measures, so it no "
            "longer counts. Look at what is there now and give it anew."
        )
        yield Reason(None, None, text)


def _heads(found: Examined) -> dict[int, Take]:
    """What stands at the end of each scene's chain, in the version in which it is to leave."""
    by_version = {
        version: cuts.head_takes(found.scenes, version, takes=found.takes)
        for version in {*found.versions.values()}
    }
    return {
        pk: by_version[version][pk]
        for pk, version in found.versions.items()
        if pk in by_version[version]
    }


def _approvers(
    policy: Policy, held: Mapping[int, Approval], takes: TakeIndex
) -> dict[int, list[Approver]]:
    """Who approved each scene: all of them, and their roles, only where the policy counts them."""
    if not policy.asks_who:
        return {pk: [Approver(people.name_of(each), ())] for pk, each in held.items()}
    return people.approvers(held, takes)


def _told(decision: Decision, scenes: Sequence[Scene]) -> Iterator[Reason]:
    """Failed rules of the policy as reasons; those on approvals and takes have theirs already."""
    for finding in decision.failed:
        if finding.kind in (gate.SCENES, gate.APPROVAL):
            continue
        if not finding.where:
            yield Reason(None, None, _words(finding, decision.policy.use))
        for place in finding.where:
            words = _words(finding, decision.policy.use)
            yield Reason(scenes[place.scene - 1], place.scene, f"{words} In {place.spoken}.")


def _words(finding: Finding, use: str) -> str:
    advice = f" {finding.advice}" if finding.advice else ""
    return f"{finding.rule}: {use} allows {finding.limit}; measured {finding.measured}.{advice}"
