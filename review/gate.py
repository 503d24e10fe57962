"""A reel held against the policy of a use: every rule, what was measured, and where it fails. PURE.

Counts come from the takes' maps. Frames are numbered as in the scan; ranges are half-open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from restoration.provenance import Totals
from review import policies
from review.findings import FAILED, OVERRIDDEN, PASSED, UNKNOWN, Finding, Place
from review.findings import outcome as _outcome
from review.frame_ranges import ranges
from review.override import Override
from review.policies import LabelLimit, Policy
from review.rights_rules import RightsFacts, rights_findings
from review.shares import percent

__all__ = [
    "APPROVAL",
    "APPROVED",
    "FAILED",
    "MAP",
    "OVERRIDDEN",
    "PASSED",
    "SCENES",
    "UNKNOWN",
    "Approver",
    "Decision",
    "Finding",
    "FrameCounts",
    "Material",
    "Place",
    "SceneFacts",
    "StageFacts",
    "counts",
    "decide",
    "overridden",
]

SCENES, APPROVAL, MAP = "scenes", "approval", "map"
APPROVED = "approved"
"""Of a transcript: a named person confirmed or wrote every word of it."""


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """The labels of one frame of a take."""

    frame: int
    totals: Totals


@dataclass(frozen=True, slots=True)
class Approver:
    name: str
    roles: tuple[str, ...]
    ran: tuple[str, ...] = ()
    """Stages of the take's chain that they ran themselves."""


@dataclass(frozen=True, slots=True)
class StageFacts:
    """A stage of a scene's chain: such as `repair take 1`, and who approved that very take."""

    name: str
    approvers: tuple[Approver, ...] = ()


@dataclass(frozen=True, slots=True)
class SceneFacts:
    """What is known of a scene as it would leave."""

    number: int
    start_frame: int
    end_frame: int
    totals: Totals | None
    """Of the take that would leave; None if there is no take."""
    frames: Callable[[], Sequence[FrameCounts]]
    """The same frame by frame; empty if it was not counted so. Asked for only if it matters."""
    approvers: tuple[Approver, ...] = ()
    """Different people whose approval of that very take holds."""
    stages: tuple[StageFacts, ...] = ()
    """The stages of its chain, from the scan outwards; only where the policy asks for each."""
    objection: str = ""
    """Why it is not approved, or why its approval no longer holds."""
    unlogged: tuple[str, ...] = ()
    """Stages of its chain that did not record what they did."""


@dataclass(frozen=True, slots=True)
class Material:
    """A reel as it would leave."""

    scenes: tuple[SceneFacts, ...]
    missing: tuple[str, ...] = ()
    """What is not there to leave: no scan, no scenes, frames of no scene; in words."""
    rights: RightsFacts = field(default_factory=RightsFacts)
    transcript: str | None = None
    """APPROVED, or in words what is left; None where there is none, or no rule asks."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a reel may leave for a use, rule by rule."""

    policy: Policy
    findings: tuple[Finding, ...]
    override: Override | None = None

    @property
    def allowed(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome == FAILED)

    @property
    def overridable(self) -> bool:
        """Whether all that stands in the way are rules that a person may override."""
        kinds = self.policy.overridable
        return bool(self.failed) and all(finding.kind in kinds for finding in self.failed)

    @property
    def used_override(self) -> Override | None:
        """The override as far as a rule needed it."""
        rules = tuple(each.rule for each in self.findings if each.outcome == OVERRIDDEN)
        if self.override is None or not rules:
            return None
        measured = {rule: self.override.measured.get(rule, "") for rule in rules}
        return replace(self.override, rules=rules, measured=measured)

    def as_json(self) -> dict[str, Any]:
        """For records: the policy, every rule with what was measured, and the override."""
        used = self.used_override
        return {
            "use": self.policy.use,
            "title": self.policy.title,
            "policy_sha256": self.policy.digest,
            "rules": [finding.as_json() for finding in self.findings],
            "override": used.as_json() if used else None,
        }


def decide(policy: Policy, material: Material, override: Override | None = None) -> Decision:
    """Hold the material against every rule of the policy.

    Args:
        override: counts for the rules that it names, where the policy lets them be overridden.
    """
    found = [
        _all_there(material),
        _approved(policy, material),
        _people(policy, material),
        *_stages(policy, material),
        *(_labels(limit, material.scenes) for limit in policy.labels),
        *_adjustments(policy, material),
        *rights_findings(policy, material.rights),
        *_transcript(policy, material),
        *_map(policy),
    ]
    return overridden(Decision(policy, tuple(found)), override)


def overridden(decision: Decision, override: Override | None) -> Decision:
    """The decision with the rules passed over that the override names, where the policy lets it."""
    policy = decision.policy
    found = tuple(_override(each, policy, override) for each in decision.findings)
    return Decision(policy, found, override)


def _override(finding: Finding, policy: Policy, override: Override | None) -> Finding:
    if override is None or finding.outcome != FAILED or finding.kind not in policy.overridable:
        return finding
    if finding.rule not in override.rules:
        return finding
    return replace(finding, outcome=OVERRIDDEN)


def _whole(scenes: Iterable[SceneFacts]) -> tuple[Place, ...]:
    return tuple(Place(scene.number, ((scene.start_frame, scene.end_frame),)) for scene in scenes)


def _all_there(material: Material) -> Finding:
    without = [scene for scene in material.scenes if scene.totals is None]
    there = len(material.scenes) - len(without)
    measured = f"{there} of {len(material.scenes)} scenes have a take"
    return Finding(
        "every frame is there",
        SCENES,
        "each frame belongs to a scene with a take",
        " ".join([measured, *material.missing]),
        _outcome(passed=not without and not material.missing and there > 0),
        _whole(without),
    )


def _approved(policy: Policy, material: Material) -> Finding:
    without = [scene for scene in material.scenes if scene.objection and scene.totals is not None]
    marked = policy.unapproved == "marked"
    count = len(material.scenes) - sum(1 for scene in material.scenes if scene.objection)
    measured = f"{count} of {len(material.scenes)} scenes"
    if marked and without:
        measured += f"; {len(without)} marked as not approved"
    return Finding(
        "approval",
        APPROVAL,
        "what nobody approved is marked" if marked else "each scene has an approval that holds",
        measured,
        _outcome(passed=marked or not without),
        () if marked else _whole(without),
    )


def counts(policy: Policy, approver: Approver) -> bool:
    """Whether this person is one of those whom the policy wants."""
    wanted = set(policy.roles)
    in_role = not wanted or bool(wanted & set(approver.roles))
    return in_role and not (policy.makers == "left out" and approver.ran)


def _people(policy: Policy, material: Material) -> Finding:
    def counted(scene: SceneFacts) -> list[str]:
        return [each.name for each in scene.approvers if counts(policy, each)]

    # Scenes without any approval are the matter of the rule before.
    approved = [scene for scene in material.scenes if not scene.objection]
    few = [scene for scene in approved if len(counted(scene)) < policy.people]
    names = sorted({name for scene in approved for name in counted(scene)})
    least = min((len(counted(scene)) for scene in approved), default=0)
    of = f" ({' or '.join(policy.roles)})" if policy.roles else ""
    of += ", not counting who ran it" if policy.makers == "left out" else ""
    # Where it does not matter who, the newest alone was asked for.
    found = f"{least}" if policy.asks_who or not least else f"{least} or more"
    measured = f"{found}: {', '.join(names)}" if names else found
    return Finding(
        "people who approved",
        policies.PEOPLE,
        f"at least {policy.people} for each scene{of}",
        measured + _left_out(policy, approved),
        _outcome(passed=not few) if approved else UNKNOWN,
        _whole(few),
    )


def few(policy: Policy, stage: StageFacts) -> bool:
    """Whether fewer people than the policy wants approved this stage by itself."""
    return sum(counts(policy, each) for each in stage.approvers) < policy.people


def _stages(policy: Policy, material: Material) -> list[Finding]:
    if not policy.asks_stages:
        return []
    # As of people: scenes without any approval are the matter of another rule.
    approved = [scene for scene in material.scenes if not scene.objection]
    lacking = {
        scene.number: names
        for scene in approved
        if (names := [stage.name for stage in scene.stages if few(policy, stage)])
    }
    told = [f"scene {number} lacks {', '.join(names)}" for number, names in lacking.items()]
    return [
        Finding(
            "each stage approved",
            policies.PEOPLE,
            f"at least {policy.people} for the take of each stage by itself",
            "; ".join(told) or f"all of {len(approved)} scenes",
            _outcome(passed=not lacking) if approved else UNKNOWN,
            _whole(scene for scene in approved if scene.number in lacking),
        )
    ]


def _left_out(policy: Policy, scenes: Sequence[SceneFacts]) -> str:
    """Who approved what they had run themselves, where that does not count."""
    if policy.makers != "left out":
        return ""
    ran = {each.name: each.ran for scene in scenes for each in scene.approvers if each.ran}
    told = [f"{name} ran {' and '.join(ran[name])}" for name in sorted(ran)]
    return f" ({'; '.join(told)})" if told else ""


def _count(limit: LabelLimit, totals: Totals) -> int:
    counts = totals.structure if limit.plane == "structure" else totals.colour
    return sum(counts[label] for label in limit.labels)


def _labels(limit: LabelLimit, scenes: Sequence[SceneFacts]) -> Finding:
    measured = [scene for scene in scenes if scene.totals is not None]
    if limit.of == "reel":
        found = _per_reel(limit, measured)
    elif limit.of == "scene":
        found = _per_scene(limit, measured)
    else:
        found = _per_frame(limit, measured)
    words, where = found
    text = f"at most {percent(limit.at_most)}" if limit.at_most else "none"
    outcome = _outcome(passed=not where) if measured else UNKNOWN
    return Finding(limit.name, policies.LABELS, text, words, outcome, where)


_Found = tuple[str, tuple[Place, ...]]


def _share(limit: LabelLimit, totals: Totals) -> float:
    return _count(limit, totals) / max(1, totals.pixels)


def _per_reel(limit: LabelLimit, scenes: Sequence[SceneFacts]) -> _Found:
    added = sum((scene.totals for scene in scenes if scene.totals is not None), Totals())
    share = _share(limit, added)
    where = [_occurs(limit, scene) for scene in scenes] if share > limit.at_most else []
    return percent(share), tuple(place for place in where if place.frames)


def _per_scene(limit: LabelLimit, scenes: Sequence[SceneFacts]) -> _Found:
    shares = {scene.number: _share(limit, scene.totals or Totals()) for scene in scenes}
    if not shares:
        return "no scene was measured", ()
    worst = max(shares, key=lambda number: shares[number])
    over = [scene for scene in scenes if shares[scene.number] > limit.at_most]
    words = percent(shares[worst]) + (f" in scene {worst}" if shares[worst] else "")
    return words, tuple(_occurs(limit, scene) for scene in over)


def _per_frame(limit: LabelLimit, scenes: Sequence[SceneFacts]) -> _Found:
    worst, at, where, uncounted = 0.0, "", [], []
    for scene in scenes:
        if scene.totals is None or not _count(limit, scene.totals):
            continue
        counts = scene.frames()
        if sum(_count(limit, each.totals) for each in counts) != _count(limit, scene.totals):
            uncounted.append(scene)  # lost, or not of this take: nothing is taken on trust
            continue
        for each in counts:
            if (share := _share(limit, each.totals)) > worst:
                worst, at = share, f" in frame {each.frame}"
        over = [each.frame for each in counts if _share(limit, each.totals) > limit.at_most]
        if over:
            where.append(Place(scene.number, ranges(over)))
    words = f"{percent(worst)}{at}"
    if uncounted:
        listed = ", ".join(str(scene.number) for scene in uncounted)
        words += f"; the frames of scene {listed} were not counted one by one"
    found = sorted([*where, *_whole(uncounted)], key=lambda place: place.scene)
    return words, tuple(found)


def _occurs(limit: LabelLimit, scene: SceneFacts) -> Place:
    """The frames of a scene in which the labels occur; all of them if that is unknown."""
    if scene.totals is None or not _count(limit, scene.totals):
        return Place(scene.number, ())
    frames = [each.frame for each in scene.frames() if _count(limit, each.totals)]
    return Place(scene.number, ranges(frames) or ((scene.start_frame, scene.end_frame),))


def _adjustments(policy: Policy, material: Material) -> list[Finding]:
    if policy.adjustments != "logged":
        return []
    unlogged = [scene for scene in material.scenes if scene.unlogged]
    names = sorted({name for scene in unlogged for name in scene.unlogged})
    return [
        Finding(
            "adjustments",
            policies.ADJUSTMENTS,
            "each stage recorded its parameters and what it did",
            f"not recorded by {', '.join(names)}" if names else "all recorded",
            _outcome(passed=not unlogged),
            _whole(unlogged),
        )
    ]


def _transcript(policy: Policy, material: Material) -> list[Finding]:
    if policy.transcript != "approved":
        return []
    kind, limit = policies.TRANSCRIPT, "a person answers for every word, where there is one"
    if material.transcript is None:
        return [Finding("transcript", kind, limit, "not measured", UNKNOWN)]
    passed = material.transcript == APPROVED
    return [Finding("transcript", kind, limit, material.transcript, _outcome(passed=passed))]


def _map(policy: Policy) -> list[Finding]:
    if policy.maps != "enclosed":
        return []
    return [Finding("map", MAP, "enclosed in every format", "written by the delivery", PASSED)]
