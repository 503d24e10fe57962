"""What the catalogue says of a use in a territory stands in the way of a delivery, or does not."""

from __future__ import annotations

from typing import Any

import pytest

from review.override import Override
from review.policies import PolicyError, parse_policy, within
from review.restrictions import ANY, Clause, in_the_way
from review.rights_rules import RightsFacts, rights_findings

WORDS = {"title": "a use", "says": "What it asks."}


def clause(use: str, territory: str = ANY, *, allowed: bool = False) -> Clause:
    word = "allowed" if allowed else "not allowed"
    return Clause(use, territory, allowed, f"{use or 'any use'} {territory}: {word}")


NO_TELLY = clause("broadcast")
NO_TELLY_IN_NORWAY = clause("broadcast", "Norway")
NOTHING = clause(ANY)
TELLY = clause("broadcast", allowed=True)
TELLY_IN_NORWAY = clause("broadcast", "Norway", allowed=True)
ALL_IN_NORWAY = clause(ANY, "Norway", allowed=True)
EVERYTHING = clause(ANY, allowed=True)


@pytest.mark.parametrize(
    ("uses", "places", "said", "left"),
    [
        (["broadcast"], [], [NO_TELLY], [NO_TELLY]),
        (["Broadcast"], [], [NO_TELLY], [NO_TELLY]),
        (["exhibition"], [], [NO_TELLY], []),
        (["exhibition"], [], [NOTHING], [NOTHING]),
        ([], [], [NO_TELLY], []),
        ([], [], [NOTHING], [NOTHING]),
        (["broadcast"], [], [NO_TELLY_IN_NORWAY], [NO_TELLY_IN_NORWAY]),
        (["broadcast"], ["Sweden"], [NO_TELLY_IN_NORWAY], []),
        (["broadcast"], ["Sweden", "norway"], [NO_TELLY_IN_NORWAY], [NO_TELLY_IN_NORWAY]),
        (["broadcast"], [], [NOTHING, TELLY], []),
        (["broadcast", "online"], [], [NOTHING, TELLY], [NOTHING]),
        (["broadcast"], [], [NO_TELLY, TELLY], [NO_TELLY]),
        (["broadcast"], [], [NO_TELLY, TELLY_IN_NORWAY], [NO_TELLY]),
        (["broadcast"], ["Norway"], [NO_TELLY, TELLY_IN_NORWAY], []),
        (["broadcast"], ["Norway"], [NO_TELLY, ALL_IN_NORWAY], [NO_TELLY]),
        (["broadcast"], ["Norway"], [NOTHING, ALL_IN_NORWAY], []),
        (["broadcast"], [], [NO_TELLY_IN_NORWAY, EVERYTHING], [NO_TELLY_IN_NORWAY]),
        (["broadcast"], [], [TELLY, EVERYTHING], []),
    ],
)
def test_what_says_more_outdoes_what_says_less_and_no_outdoes_yes(
    uses: list[str], places: list[str], said: list[Clause], left: list[Clause]
) -> None:
    assert in_the_way(uses, places, said) == left


def finding(written: dict[str, Any], *said: Clause, unknown: tuple[str, ...] = ()) -> Any:
    facts = RightsFacts(clauses=said, unknown_uses=unknown)
    (found,) = rights_findings(parse_policy("house", WORDS | written), facts)
    return found


def test_the_rule_says_what_is_in_the_way_and_what_to_do() -> None:
    strict = finding({"rights_uses": ["broadcast"]}, NO_TELLY)
    assert (strict.outcome, strict.measured) == ("failed", "broadcast : not allowed")
    assert strict.limit == "broadcast not ruled out by the catalogue"
    assert strict.advice == "Clear it with the holder, then change the catalogue."
    lenient = {"rights_uses": ["broadcast"], "overridable": ["rights"]}
    told = finding(lenient, NO_TELLY_IN_NORWAY).advice
    assert "an archivist overrides it by name, with a reason" in told
    assert "rights_territories" in told
    there = finding(lenient | {"rights_territories": ["Norway"]}, NO_TELLY_IN_NORWAY)
    assert there.outcome == "failed" and there.limit.endswith("in Norway")
    assert "rights_territories" not in there.advice


def ordered_to(place: str, written: dict[str, Any], *said: Clause, named: tuple[str, ...]) -> Any:
    facts = RightsFacts(clauses=said, territories=named)
    (found,) = rights_findings(within(parse_policy("house", WORDS | written), place), facts)
    return found


def test_an_order_may_name_the_one_territory_it_goes_to() -> None:
    telly = {"rights_uses": ["broadcast"]}
    said, named = (NO_TELLY, TELLY_IN_NORWAY), ("Norway",)
    there = ordered_to("norway", telly, *said, named=named)
    assert there.outcome == "passed" and there.limit.endswith("in norway")
    assert finding(telly, *said).outcome == "failed", "anywhere, it may not"
    banned = ordered_to("Norway", telly, NO_TELLY_IN_NORWAY, named=named)
    assert banned.outcome == "failed" and "rights_territories" not in banned.advice


def test_a_territory_of_which_the_catalogue_says_nothing_opens_nothing() -> None:
    slip = ordered_to(
        "Norwy", {"rights_uses": ["broadcast"]}, NO_TELLY_IN_NORWAY, named=("Norway",)
    )
    assert (slip.outcome, slip.measured) == (
        "failed", "the catalogue says nothing of Norwy (it names Norway)",
    )  # fmt: skip
    assert "write down" in slip.advice
    unrestricted = ordered_to("Norway", {}, named=())
    assert unrestricted.outcome == "failed" and "names none" in unrestricted.measured


def test_an_order_goes_nowhere_that_its_policy_does_not() -> None:
    swedish = {"rights_uses": ["broadcast"], "rights_territories": ["Sweden"]}
    away = ordered_to("Norway", swedish, TELLY_IN_NORWAY, named=("Norway",))
    assert (away.outcome, away.measured) == ("failed", "this use goes to Sweden alone")
    assert ordered_to("sweden", swedish, TELLY, named=()).outcome == "passed"


def test_a_policy_for_one_territory_is_another_policy() -> None:
    house = parse_policy("house", WORDS)
    assert within(house, "Norway").use == "house in Norway"
    assert within(house, "Norway").digest != house.digest
    with pytest.raises(PolicyError, match="territory is no rule"):
        parse_policy("house", WORDS | {"territory": "Norway"})


def test_nothing_in_the_catalogue_is_called_not_measured() -> None:
    none = finding({"rights_uses": ["broadcast"]})
    assert (none.outcome, none.measured) == ("not measured", "no restriction in the catalogue")
    passed = finding({"rights_uses": ["exhibition"]}, NO_TELLY)
    assert (passed.outcome, passed.advice) == ("passed", "")


def test_any_use_binds_a_policy_that_names_none() -> None:
    assert finding({}, NOTHING).outcome == "failed"
    assert rights_findings(parse_policy("house", WORDS), RightsFacts(clauses=(NO_TELLY,))) == []


def test_a_use_that_the_vocabulary_has_not_lets_nothing_through() -> None:
    lost = finding({"rights_uses": ["telly"]}, TELLY, unknown=("telly",))
    assert lost.outcome == "failed" and "has no telly" in lost.measured


def test_a_policy_names_uses_in_a_list() -> None:
    with pytest.raises(PolicyError, match="rights_uses wants a list"):
        parse_policy("house", WORDS | {"rights_uses": "broadcast"})


def test_an_override_is_of_the_very_restriction_that_was_shown() -> None:
    given = Override("Anna", "the heirs wrote", ("uses and territories",), {}, "")
    assert given.still({"uses and territories": NO_TELLY.words}, "") is None
