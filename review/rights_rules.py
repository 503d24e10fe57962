"""The rules on rights: statements, restrictions by use and territory, embargo. PURE."""

from __future__ import annotations

from dataclasses import dataclass

from archive.metadata.wording import fold
from review import policies
from review.findings import FAILED, UNKNOWN, Finding, outcome
from review.policies import Policy
from review.restrictions import ANY, Clause, in_the_way

EMBARGO = "embargo"
"""Of no kind that a policy may let a person override."""


@dataclass(frozen=True, slots=True)
class RightsFacts:
    """What the catalogue says of a title's rights today."""

    statements: tuple[str, ...] = ()
    """Addresses."""
    embargo: str | None = None
    """The day until which nothing of the title may leave; None: there is none."""
    clauses: tuple[Clause, ...] = ()
    """What is allowed or not, by use and territory, as far as it is in force."""
    territories: tuple[str, ...] = ()
    """That the title's restrictions name, in force or not."""
    unknown_uses: tuple[str, ...] = ()
    """Uses that the policy names and the catalogue's vocabulary has not."""


def rights_findings(policy: Policy, facts: RightsFacts) -> list[Finding]:
    """The rules on rights that the policy has; an embargo always counts."""
    return [*_embargo(facts), *_statements(policy, facts), *_restrictions(policy, facts)]


def _embargo(facts: RightsFacts) -> list[Finding]:
    if facts.embargo is None:
        return []
    limit, measured = "no title under embargo", f"an embargo until {facts.embargo}"
    advice = "Nobody can override an embargo; if it is over, change it in the catalogue."
    return [Finding("embargo", EMBARGO, limit, measured, FAILED, advice=advice)]


def _statements(policy: Policy, facts: RightsFacts) -> list[Finding]:
    if not policy.rights_refused and not policy.rights_recorded:
        return []
    refused = {_address(each) for each in policy.rights_refused}
    wrong = [each for each in facts.statements if _address(each) in refused]
    passed = not wrong and bool(facts.statements or not policy.rights_recorded)
    limit = "no statement that rules this use out" if policy.rights_refused else "a statement"
    if policy.rights_refused and policy.rights_recorded:
        limit = f"a statement, and {limit}"
    measured = ", ".join(wrong or facts.statements) or "no statement in the catalogue"
    held = UNKNOWN if passed and not facts.statements else outcome(passed=passed)
    advice = f"Clear the rights, then change the catalogue{_or_override(policy)}."
    return [Finding("rights", policies.RIGHTS, limit, measured, held, advice=advice)]


def _restrictions(policy: Policy, facts: RightsFacts) -> list[Finding]:
    of_any = any(clause.use == ANY for clause in facts.clauses)
    if not policy.rights_uses and not of_any and not policy.territory:
        return []
    limit = f"{' and '.join(policy.rights_uses) or 'any use'} not ruled out by the catalogue"
    places = (policy.territory,) if policy.territory else policy.rights_territories
    if places:
        limit += f" in {' and '.join(places)}"
    if wrong := _wrong_territory(policy, facts):
        return [_of_uses(limit, wrong, FAILED, _WHERE)]
    if facts.unknown_uses:
        named = ", ".join(facts.unknown_uses)
        measured = f"the catalogue's vocabulary of uses has no {named}"
        advice = "Mend rights_uses of the policy, or add the word under Terms."
        return [_of_uses(limit, measured, FAILED, advice)]
    found = in_the_way(policy.rights_uses, places, facts.clauses)
    measured = "; ".join(clause.words for clause in found or facts.clauses)
    if not facts.clauses:
        return [_of_uses(limit, "no restriction in the catalogue", UNKNOWN, "")]
    advice = _what_to_do(policy, found) if found else ""
    return [_of_uses(limit, measured, outcome(passed=not found), advice)]


_WHERE = "Choose a territory that the catalogue names, or write down there first what holds in it."


def _wrong_territory(policy: Policy, facts: RightsFacts) -> str:
    """Why the territory of an order does not count; a slip of the pen must open nothing."""
    if not policy.territory:
        return ""
    place, own = fold(policy.territory), policy.rights_territories
    if own and place not in {fold(each) for each in own}:
        return f"this use goes to {' and '.join(own)} alone"
    if not own and place not in {fold(each) for each in facts.territories}:
        named = ", ".join(facts.territories) or "none"
        return f"the catalogue says nothing of {policy.territory} (it names {named})"
    return ""


def _what_to_do(policy: Policy, found: list[Clause]) -> str:
    anywhere = not policy.rights_territories and not policy.territory
    somewhere = anywhere and all(clause.territory for clause in found)
    elsewhere = (
        " For one other territory, name it with the delivery; for several, deliver for a use of "
        "the archive's own that names them (rights_territories)."
        if somewhere
        else ""
    )
    return f"Clear it with the holder, then change the catalogue{_or_override(policy)}.{elsewhere}"


def _or_override(policy: Policy) -> str:
    may = policies.RIGHTS in policy.overridable
    return "; or an archivist overrides it by name, with a reason" if may else ""


def _of_uses(limit: str, measured: str, held: str, advice: str) -> Finding:
    return Finding("uses and territories", policies.RIGHTS, limit, measured, held, advice=advice)


def _address(statement: str) -> str:
    """Without what does not tell statements apart: http or https, a slash at the end."""
    return statement.removeprefix("https://").removeprefix("http://").rstrip("/").lower()
