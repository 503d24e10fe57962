"""A policy is data that is read strictly, and a reel is held against each of its rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from restoration.provenance import Totals
from restoration.provenance.labels import Label
from review import gate
from review.gate import Approver, FrameCounts, Material, SceneFacts, decide
from review.override import Override
from review.policies import PolicyError, parse_policies, parse_policy
from review.rights_rules import RightsFacts
from review.uses import PoliciesUnreadable, policies, policy_for

WORDS = {"title": "a use", "says": "What it asks."}
MADE_UP = {"plane": "structure", "labels": ["SYNTHESISED"], "at_most": 0.1, "of": "scene"}
ANNA, VERA = Approver("Anna", ("archivist",)), Approver("Vera", ("reviewer",))


def counts(structure: dict[Label, int] | None = None, colour: Any = None, of: int = 100) -> Totals:
    def filled(some: dict[Label, int]) -> dict[Label, int]:
        return dict.fromkeys(Label, 0) | some | {Label.ORIGINAL: of - sum(some.values())}

    return Totals(filled(structure or {}), filled(colour or {}), of)


def scene(number: int, frames: Sequence[Totals], **more: Any) -> SceneFacts:
    start = (number - 1) * 10
    listed = [FrameCounts(start + place, each) for place, each in enumerate(frames)]
    return SceneFacts(
        number=number,
        start_frame=start,
        end_frame=start + len(frames),
        totals=sum(frames, Totals()),
        frames=lambda: listed,
        **{"approvers": (ANNA,)} | more,
    )


def found(decision: gate.Decision, rule: str) -> gate.Finding:
    return next(each for each in decision.findings if each.rule == rule)


def test_the_shipped_uses_are_there_and_say_what_they_ask() -> None:
    assert set(policies()) == {"exhibition", "broadcast", "scholarly", "forensic"}
    assert policy_for("forensic").overridable == ()
    assert policy_for("broadcast").people == 2
    for policy in policies().values():
        assert policy.says.endswith(".") and len(policy.digest) == 64


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"title": "x"}, "says is missing"),
        (WORDS | {"color": 1}, "color is no rule; known are"),
        (WORDS | {"people": 0}, "people wants a whole number from 1 to 9"),
        (WORDS | {"people": True}, "people wants a whole number"),
        (WORDS | {"unapproved": "hidden"}, 'unapproved wants "refused" or "marked"'),
        (WORDS | {"overridable": ["approval"]}, "overridable wants"),
        (WORDS | {"labels": [MADE_UP | {"at_most": 5}]}, "a share from 0 to 1"),
        (WORDS | {"labels": [MADE_UP | {"plane": "luma"}]}, 'plane wants "structure"'),
        (WORDS | {"labels": [MADE_UP | {"labels": ["INVENTED"]}]}, "labels wants"),
        (WORDS | {"labels": [MADE_UP | {"labels": []}]}, "at least one label"),
        (WORDS | {"labels": [MADE_UP, MADE_UP]}, "twice"),
        (WORDS | {"labels": [{"plane": "structure"}]}, "has exactly plane, labels"),
        (WORDS | {"rights_recorded": "yes"}, "true or false"),
        ("nothing", r"below a heading \[house\]"),
    ],
)
def test_what_is_written_wrong_is_named_with_what_is_wanted(written: Any, words: str) -> None:
    with pytest.raises(PolicyError, match=f"house: .*{words}"):
        parse_policy("house", written)


def test_the_name_of_a_use_is_fit_for_a_folder() -> None:
    with pytest.raises(PolicyError, match="small letters"):
        parse_policies({"../up": WORDS})


def test_unmeasured_pixels_count_as_synthesised_wherever_a_rule_asks() -> None:
    policy = parse_policy("house", WORDS | {"labels": [MADE_UP]})
    decision = decide(policy, Material((scene(1, [counts({Label.NOT_MEASURED: 20})]),)))
    assert not decision.allowed
    assert decision.failed[0].measured == "20.0\N{NO-BREAK SPACE}% in scene 1"


def test_a_limit_names_scene_and_frames_where_it_fails() -> None:
    policy = parse_policy(
        "house",
        WORDS
        | {
            "labels": [
                MADE_UP | {"at_most": 0, "of": "frame"},
                MADE_UP | {"plane": "colour", "at_most": 0, "of": "frame"},
                MADE_UP | {"at_most": 0.2},
                MADE_UP | {"at_most": 0.01, "of": "reel"},
            ]
        },
    )
    some = counts({Label.SYNTHESISED: 30})
    material = Material(
        (scene(1, [counts()] * 3), scene(2, [counts(), some, some, counts(), some]))
    )
    decision = decide(policy, material)
    of_frames, of_colour, of_scene, of_reel = decision.findings[3:7]
    assert of_frames.where == (gate.Place(2, ((11, 13), (14, 15))),)
    assert of_frames.measured.endswith("in frame 11")
    assert of_frames.where[0].spoken == "frames 11 to 12, 14"
    assert (of_colour.outcome, of_colour.where) == (gate.PASSED, ())
    assert of_scene.outcome == gate.PASSED  # 90 of 500 pixels
    assert of_reel.outcome == gate.FAILED
    assert of_reel.where == of_frames.where


def test_frames_that_were_not_counted_are_not_taken_on_trust() -> None:
    policy = parse_policy("house", WORDS | {"labels": [MADE_UP | {"of": "frame"}]})
    lost = SceneFacts(1, 0, 4, counts({Label.SYNTHESISED: 1}), tuple, (ANNA,))
    (finding,) = decide(policy, Material((lost,))).failed
    assert "were not counted one by one" in finding.measured
    assert finding.where == (gate.Place(1, ((0, 4),)),)


def test_two_people_are_two_different_people_in_the_roles_that_count() -> None:
    clean = [counts()]
    two = parse_policy("house", WORDS | {"people": 2})
    rule = "people who approved"
    both = Material((scene(1, clean, approvers=(ANNA, VERA)),))
    assert found(decide(two, both), rule).measured == "2: Anna, Vera"
    newest = Material((scene(1, clean, approvers=(VERA,)),))
    anybody = parse_policy("house", WORDS)
    assert found(decide(anybody, newest), rule).measured == "1 or more: Vera", "others may have"
    alone = Material((scene(1, clean), scene(2, clean, approvers=(ANNA, VERA))))
    assert found(decide(two, alone), rule).where == (gate.Place(1, ((0, 1),)),)
    reviewers = parse_policy("house", WORDS | {"people": 2, "roles": ["reviewer"]})
    assert found(decide(reviewers, both), rule).outcome == gate.FAILED


def test_nothing_leaves_before_an_embargo_is_over() -> None:
    held = Material((scene(1, [counts()]),), rights=RightsFacts(embargo="2999-01-01"))
    decision = decide(parse_policy("house", WORDS), held)
    assert not decision.allowed
    assert found(decision, "embargo").measured == "an embargo until 2999-01-01"
    lenient = parse_policy("house", WORDS | {"overridable": ["rights"]})
    told = decide(lenient, held, Override("Anna", "a deadline", ("embargo",)))
    assert not told.allowed and not told.overridable
    free = decide(parse_policy("house", WORDS), Material((scene(1, [counts()]),)))
    assert free.allowed
    assert "embargo" not in {each.rule for each in free.findings}


def test_what_nobody_approved_is_refused_or_marked_as_the_policy_says() -> None:
    open_scene = Material((scene(1, [counts()], approvers=(), objection="nobody has."),))
    assert not decide(parse_policy("house", WORDS), open_scene).allowed
    marked = decide(parse_policy("house", WORDS | {"unapproved": "marked"}), open_scene)
    assert marked.allowed
    assert "1 marked as not approved" in found(marked, "approval").measured


def test_a_scene_without_a_take_never_leaves() -> None:
    nothing = SceneFacts(1, 0, 4, None, tuple, objection="no take.")
    decision = decide(parse_policy("house", WORDS | {"unapproved": "marked"}), Material((nothing,)))
    assert [each.rule for each in decision.failed] == ["every frame is there"]
    assert not decide(policy_for("exhibition"), Material(())).allowed


def test_rights_refuse_by_statement_and_an_unknown_is_called_unknown() -> None:
    written = WORDS | {"rights_refused": ["https://rightsstatements.org/vocab/InC-NC/1.0/"]}
    policy = parse_policy("house", written)
    clean = (scene(1, [counts()]),)
    wrong = Material(clean, rights=RightsFacts(("http://rightsstatements.org/vocab/InC-NC/1.0",)))
    assert found(decide(policy, wrong), "rights").outcome == gate.FAILED
    assert found(decide(policy, Material(clean)), "rights").outcome == gate.UNKNOWN
    wanted = parse_policy("house", WORDS | {"rights_recorded": True})
    assert found(decide(wanted, Material(clean)), "rights").outcome == gate.FAILED


def test_a_transcript_that_does_not_exist_is_not_measured_and_one_that_does_must_be_approved() -> (
    None
):
    policy = parse_policy("house", WORDS | {"transcript": "approved"})
    clean = (scene(1, [counts()]),)
    absent = found(decide(policy, Material(clean)), "transcript")
    assert (absent.measured, absent.outcome) == ("not measured", gate.UNKNOWN)
    machine = decide(policy, Material(clean, transcript="machine, unreviewed"))
    assert [each.rule for each in machine.failed] == ["transcript"]
    assert decide(policy, Material(clean, transcript=gate.APPROVED)).allowed
    any_state = decide(parse_policy("house", WORDS), Material(clean, transcript="machine"))
    assert any_state.allowed
    assert "transcript" not in {each.rule for each in any_state.findings}


def test_adjustments_that_were_not_recorded_are_named() -> None:
    policy = parse_policy("house", WORDS | {"adjustments": "logged"})
    (finding,) = decide(policy, Material((scene(1, [counts()], unlogged=("grade",)),))).failed
    assert finding.measured == "not recorded by grade"


def test_an_override_counts_for_the_rules_that_it_names_and_stands_in_the_record() -> None:
    made_up = WORDS | {"labels": [MADE_UP], "people": 2, "overridable": ["labels", "people"]}
    policy = parse_policy("house", made_up)
    material = Material((scene(1, [counts({Label.SYNTHESISED: 20})]),))
    assert decide(policy, material).overridable
    labels, people = policy.labels[0].name, "people who approved"
    partly = decide(policy, material, Override("Anna", "a deadline", (labels,)))
    assert [each.rule for each in partly.failed] == [people]
    told = decide(policy, material, Override("Anna", "a deadline", (labels, people, "other")))
    assert told.allowed
    assert told.as_json()["override"] == {
        "by": "Anna", "reason": "a deadline", "rules": [people, labels],
        "measured": {people: "", labels: ""}, "takes": "",
    }  # fmt: skip


def test_an_override_that_no_rule_needed_is_not_told() -> None:
    policy = parse_policy("house", WORDS | {"overridable": ["people"]})
    decision = decide(
        policy, Material((scene(1, [counts()]),)), Override("Anna", "why not", ("people",))
    )
    assert decision.allowed and decision.as_json()["override"] is None


@pytest.mark.parametrize("label", [Label.RECOVERED, Label.HUMAN, Label.SYNTHESISED, 7])
@pytest.mark.parametrize("plane", ["structure", "colour"])
def test_one_pixel_is_enough_to_be_no_evidence_and_nobody_can_say_otherwise(
    label: int, plane: str
) -> None:
    policy = policy_for("forensic")
    spot = counts(**{plane: {Label(label): 1}}, of=10**9)
    everything = tuple(limit.name for limit in policy.labels)
    decision = decide(
        policy, Material((scene(1, [counts(of=10**9), spot]),)), Override("Anna", "x", everything)
    )
    assert [each.kind for each in decision.failed] == ["labels"]
    assert decision.failed[0].where == (gate.Place(1, ((1, 2),)),)


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_an_archive_adds_uses_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.DELIVERY_POLICIES = write(
        tmp_path / "own.toml", '[loan]\ntitle = "loans"\nsays = "Three people."\npeople = 3\n'
    )
    assert policy_for("loan").people == 3
    assert policy_for("forensic").labels


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[loan", "cannot be used"),
        ('[loan]\ntitle = "x"\nsays = "y"\npeople = "two"\n', "loan: people wants a whole"),
        ('[forensic]\ntitle = "x"\nsays = "y"\n', "forensic comes with the system"),
    ],
)
def test_a_file_of_policies_that_cannot_be_used_is_said_at_the_start(
    settings: Any, tmp_path: Path, text: str, words: str
) -> None:
    from review.uses import check_policies

    settings.DELIVERY_POLICIES = write(tmp_path / "own.toml", text)
    (problem,) = check_policies(None)
    assert words in problem.msg and "own.toml" in problem.msg
    with pytest.raises(PoliciesUnreadable, match=words):
        policies()
