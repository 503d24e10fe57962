"""The colour version stands beside the restoration: its own chain, its own decision."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from restoration import runs, scenes
from restoration.errors import CannotStart
from restoration.models import StageRun, Take
from restoration.models.take import version_of
from restoration.starting import follow
from review import decisions, deliverables, pages
from review.errors import DecisionRefused
from review.standing import standing_of
from review.today import waiting_for
from tests import factories

pytestmark = pytest.mark.django_db

COLOUR = Take.Version.COLOUR


@pytest.fixture
def scene():
    return factories.make_scene(frames=(0, 48))


@pytest.fixture
def takes(scene):
    """repair <- colourise <- grade."""
    repaired = factories.make_take(scene=scene, stage="repair")
    coloured = factories.make_take(scene=scene, stage="colourise", input_take=repaired)
    graded = factories.make_take(scene=scene, stage="grade", input_take=coloured)
    return repaired, coloured, graded


def test_what_is_made_on_an_invention_belongs_to_the_colour_version(takes):
    assert [take.version for take in takes] == ["restoration", COLOUR, COLOUR]
    assert version_of("grade", takes[0]) == "restoration"


def test_the_restoration_ends_before_the_colour_begins(scene, takes):
    repaired = takes[0]
    assert scenes.head_take(scene) == repaired
    assert scenes.head_take(scene, COLOUR).version == COLOUR
    assert scenes.take_before(scene, "repair") is None
    assert scenes.head_take(factories.make_scene(scan=factories.make_scan()), COLOUR) is None


def test_each_version_has_its_own_decision(scene, takes, reviewer):
    repaired = takes[0]
    head = scenes.head_take(scene, COLOUR)
    decisions.approve(scene, repaired, by=reviewer)
    assert standing_of(scene).state == "approved"
    assert standing_of(scene, COLOUR).state == "review"
    decisions.request_changes(scene, head, by=reviewer, reason="her dress was green")
    assert standing_of(scene).state == "approved"
    assert standing_of(scene, COLOUR).state == "changes"
    assert decisions.is_approved(scene)
    assert pages.reels_with_state().get(pk=scene.scan.reel_id).state == "approved"


def test_stages_around_the_colour_are_not_started_without_it(scene, takes, restorer):
    with pytest.raises(CannotStart, match=r"repair comes before the colour, so grade on what it"):
        runs.process_scene(scene, stages=["grade", "repair"], version=COLOUR, by=restorer)
    assert not StageRun.objects.exists()
    run = runs.process_scene(scene, stages=["repair", "grade"], by=restorer)
    assert [step["stage"] for step in run.following] == ["grade"], "plain where no colour is shown"
    whole = ["repair", "colourise", "grade"]
    assert runs.process_scene(scene, stages=whole, version=COLOUR, by=restorer).stage == "repair"
    assert runs.process_scene(scene, stages=["grade"], version=COLOUR).input_take == takes[1]


def test_the_colour_page_says_what_works_on_the_restoration(scene, takes, client, restorer):
    client.force_login(restorer)
    address = reverse("process-scene", args=[scene.pk])
    asked = {"stages": ["repair"], "version": COLOUR}
    page = client.post(address, asked, follow=True).content.decode()
    assert "It works on the restoration. The colour version that you look at is out of date" in page
    assert "Stages that come before colourise work on the restoration" in page
    page = client.post(address, asked | {"stages": ["grade"]}, follow=True).content.decode()
    assert "It works on the restoration" not in page


def test_an_approved_colour_version_lets_no_restoration_leave(scene, takes, reviewer):
    decisions.approve(scene, scenes.head_take(scene, COLOUR), by=reviewer)
    assert not decisions.is_approved(scene)
    assert "nobody has approved" in str(deliverables.check(scene.scan.reel).reasons[0])


def test_a_colour_run_that_fails_says_nothing_of_the_restoration(scene, takes, reviewer):
    decisions.approve(scene, takes[0], by=reviewer)
    factories.make_run(
        scene=scene, stage="colourise", status="failed", error="no room", input_take=takes[0]
    )
    assert standing_of(scene).state == "approved"
    assert standing_of(scene, COLOUR).state == "failed"
    assert pages.reels_with_state().get(pk=scene.scan.reel_id).state == "approved"
    (card,) = pages.storyboard(scene.scan)
    assert (card.standing.state, card.colour.state) == ("approved", "failed")


def test_a_reel_is_not_coloured_unless_somebody_asks_for_it(scene, archivist, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client = Client()
    client.force_login(archivist)
    page = client.get(reverse("reel", args=[scene.scan.reel_id]))
    assert not {"colourise", "grade", "upscale"} & set(page.context["process_checked"])
    assert "repair" in page.context["process_checked"]


def test_a_new_colour_take_makes_no_restoration_stale_but_a_new_repair_makes_the_colour_so(
    scene, takes, reviewer
):
    repaired = takes[0]
    head = scenes.head_take(scene, COLOUR)
    first = decisions.approve(scene, repaired, by=reviewer)
    second = decisions.approve(scene, head, by=reviewer)
    factories.make_take(scene=scene, stage="colourise", input_take=repaired)
    assert decisions.stale_reasons(first) == []
    assert any("Colourise was made anew" in reason for reason in decisions.stale_reasons(second))
    factories.make_take(scene=scene, stage="repair")
    assert any("Repair was made anew" in reason for reason in decisions.stale_reasons(second))


def test_a_take_that_no_longer_ends_the_colour_version_is_refused(scene, takes, reviewer):
    old = scenes.head_take(scene, COLOUR)
    newer = factories.make_take(scene=scene, stage=old.stage, input_take=old.input_take)
    with pytest.raises(DecisionRefused, match=f"{newer.stage} take {newer.number}"):
        decisions.approve(scene, old, by=reviewer)


def started(scene, restorer, address, pk, **values):
    """The input of the run that a form of the pages starts, and where its answer leads."""
    client = Client()
    client.force_login(restorer)
    response = client.post(reverse(address, args=[pk]), {"stages": ["grade"], **values})
    return StageRun.objects.filter(scene=scene).latest("pk").input_take, response.headers[
        "Location"
    ]


def test_stages_work_on_the_version_that_the_page_shows(scene, takes, restorer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    repaired, coloured, graded = takes
    address = reverse("scene", args=[scene.pk])
    client = Client()
    client.force_login(restorer)
    for ask, version in [
        ("", "restoration"),
        ("?version=colour", COLOUR),
        (f"?take={graded.pk}", COLOUR),
    ]:
        page = client.get(address + ask).content.decode()
        assert f'<input type="hidden" name="version" value="{version}">' in page
    post = partial(started, scene, restorer, "process-scene", scene.pk)
    assert post(version="restoration") == (repaired, address)
    assert post(version="colour") == (coloured, address + "?version=colour")
    assert post() == (repaired, address)


def test_a_whole_reel_is_corrected_in_its_restoration(scene, takes, restorer):
    reel = scene.scan.reel_id
    assert started(scene, restorer, "process-reel", reel)[0] == takes[0]
    steps = [{"stage": "grade", "params": {}}]
    found = factories.make_run(
        scene=scene,
        stage="cuts",
        findings={"cuts": [], "gradual": [], "marks": []},
        following=steps,
    )
    assert [run.input_take for run in follow(found)] == [takes[0]]
    coloured_anew = runs.process_reel(scene.scan.reel, stages=["colourise", "grade"])
    assert [(run.stage, run.input_take) for run in coloured_anew] == [("colourise", takes[0])]


def missing(stage: str, link: str) -> str:
    """The reason, as `outdated` gives it, that the first take of a stage is not in a chain."""
    return f"the restoration has {stage} take 1 since, and {link} take 1 was made without it"


def test_a_repair_made_after_a_correction_makes_its_approval_stale(scene, reviewer):
    graded = factories.make_take(scene=scene, stage="grade")
    approval = decisions.approve(scene, graded, by=reviewer)
    assert deliverables.check(scene.scan.reel).allowed
    repaired = factories.make_take(scene=scene, stage="repair")
    assert scenes.head_take(scene) == graded
    assert scenes.outdated(scene, graded) == [missing("repair", "grade")]
    assert missing("repair", "grade")[1:] in decisions.stale_reasons(approval)[0]
    assert not deliverables.check(scene.scan.reel).allowed
    again = factories.make_take(scene=scene, stage="grade", input_take=repaired)
    decisions.approve(scene, again, by=reviewer)
    assert deliverables.check(scene.scan.reel).allowed


def test_a_stage_before_the_repair_is_missing_in_what_was_corrected_too(scene):
    repaired = factories.make_take(scene=scene, stage="repair")
    graded = factories.make_take(scene=scene, stage="grade", input_take=repaired)
    factories.make_take(scene=scene, stage="deflicker")
    assert scenes.outdated(scene, graded) == [missing("deflicker", "repair")]


def test_a_stage_run_on_the_restoration_later_is_missing_in_the_colour_version(scene):
    coloured = factories.make_take(scene=scene, stage="colourise")
    factories.make_take(scene=scene, stage="deflicker")
    assert scenes.outdated(scene, coloured) == [missing("deflicker", "colourise")]


@pytest.mark.parametrize("colour_is_corrected", [False, True])
def test_a_repair_is_missing_in_the_colour_version_though_the_restoration_ends_with_a_correction(
    scene, colour_is_corrected
):
    head = factories.make_take(scene=scene, stage="colourise")
    if colour_is_corrected:
        head = factories.make_take(scene=scene, stage="grade", input_take=head)
    factories.make_take(scene=scene, stage="grade")
    assert scenes.outdated(scene, head) == []
    factories.make_take(scene=scene, stage="repair")
    assert scenes.outdated(scene, head) == [missing("repair", "colourise")]


def test_the_page_shows_and_decides_on_the_version_that_is_asked_for(scene, takes, reviewer,
                                                                    settings):  # fmt: skip
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client = Client()
    client.force_login(reviewer)
    address = reverse("scene", args=[scene.pk])
    head = scenes.head_take(scene, COLOUR)
    page = client.get(address).content.decode()
    assert "Decision on the colour version" not in page and "Show the colour version" in page
    page = client.get(address + "?version=colour").content.decode()
    assert "Decision on the colour version" in page and "Show the restoration" in page
    assert "now stands at the end" not in page
    values = {"take": head.pk, "digest": head.digest}
    response = client.post(reverse("approve", args=[scene.pk]), values)
    assert response.headers["Location"] == address + "?version=colour"
    assert standing_of(scene, COLOUR).state == "approved"
    page = client.get("/").content.decode()
    assert "of the colour" not in page
    decisions.withdraw(decisions.current_approval(scene, COLOUR), by=reviewer)
    page = client.get("/").content.decode()
    assert "colour version" in page and "of the colour" in page
    decisions.approve(scene, head, by=reviewer)
    found = [standing.take for standing in waiting_for(reviewer).to_review]
    assert found == [takes[0]]
