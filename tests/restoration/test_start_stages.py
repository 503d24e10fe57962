"""A person starts stages from the pages, with parameters, and hears at once what is wrong."""

from __future__ import annotations

import dataclasses

import pytest
from django.urls import reverse

from restoration import drawn, starting
from restoration.forms import parameters_of, picture_stages
from restoration.models import StageRun
from restoration.stages import find_stage
from restoration.stages.contract import StageError
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, restorer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(restorer)
    return client


def number_of(stage: str) -> dataclasses.Field:
    """A parameter of the stage that is a number."""
    for entry in parameters_of(stage):
        if type(entry.default) in (int, float) and entry.default > 0:
            return entry
    raise AssertionError(f"{stage} has no number among its parameters")


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_a_parameter_is_kept_on_the_scene_and_given_to_the_run(desk):
    scene = factories.make_scene()
    entry = number_of("deflicker")
    desk.post(
        reverse("process-scene", args=[scene.pk]),
        {"stages": ["deflicker"], f"deflicker.{entry.name}": entry.default + 1},
    )
    scene.refresh_from_db()
    assert scene.settings == {"deflicker": {entry.name: entry.default + 1}}
    run = StageRun.objects.get()
    assert run.params[entry.name] == entry.default + 1


def test_defaults_are_not_written_down_as_choices(desk):
    scene = factories.make_scene()
    entry = number_of("deflicker")
    desk.post(
        reverse("process-scene", args=[scene.pk]),
        {"stages": ["deflicker"], f"deflicker.{entry.name}": entry.default},
    )
    scene.refresh_from_db()
    assert scene.settings == {}


def test_nothing_starts_without_a_stage(desk):
    reel = factories.make_scan().reel
    response = desk.post(reverse("process-reel", args=[reel.pk]), {}, follow=True)
    assert "Nothing was started. Choose at least one stage." in said(response)
    assert not StageRun.objects.exists()


def test_a_word_where_a_number_belongs_starts_nothing(desk):
    scene = factories.make_scene()
    entry = number_of("repair")
    response = desk.post(
        reverse("process-scene", args=[scene.pk]),
        {"stages": ["repair"], f"repair.{entry.name}": "much"},
        follow=True,
    )
    assert "Nothing was started." in said(response)
    assert not StageRun.objects.exists()


def test_the_page_offers_every_parameter_of_every_picture_stage(desk):
    scene = factories.make_scene()
    page = desk.get(reverse("scene", args=[scene.pk])).content.decode()
    files = {"references"}  # stills, which are sent beside the form
    for stage, _ in picture_stages():
        for entry in dataclasses.fields(find_stage(stage).params):
            if entry.name in files or entry.name in drawn.NAMES.get(
                stage, ()
            ):  # drawn on the picture, never typed
                continue
            assert f'name="{stage}.{entry.name}"' in page
    assert 'id="protect-form"' in page


def test_interlaced_film_is_refused_until_its_frames_are_whole(restorer):
    scan = factories.make_scan(field_order="unknown")
    scene = factories.make_scene(scan=scan)
    asked = {"scan": scan, "scene": scene, "start_frame": 0, "end_frame": 24, "by": restorer}
    with pytest.raises(StageError, match="Run the stage deinterlace first"):
        starting.start_run(stage="upscale", **asked)
    run = starting.start_run(stage="deinterlace", following=["deflicker", "upscale"], **asked)
    assert run.params["first"] == "" and len(run.following) == 2
    whole = factories.make_take(scene=scene, stage="deinterlace")
    later = factories.make_take(scene=scene, stage="deflicker", input_take=whole)
    starting.start_run(stage="upscale", input_take=later, **asked)
    with pytest.raises(StageError, match="works on the scan's own frames"):
        starting.start_run(stage="deinterlace", input_take=later, **asked)


def test_deinterlacing_takes_the_field_order_that_the_file_names(restorer):
    scan = factories.make_scan(field_order="bottom first")
    scene = factories.make_scene(scan=scan)
    chain = [{"stage": "deinterlace", "params": {}}, {"stage": "deflicker", "params": {}}]
    run = starting.chain_run(scene, chain, by=restorer)
    assert (run.stage, run.params["first"]) == ("deinterlace", "bottom")
