"""The custody timeline tells what happened, and survives events that it does not know."""

from __future__ import annotations

import pytest

from archive import custody
from restoration import scenes
from review import decisions
from review.custody_words import words
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_approval_names_take_frames_and_comment(reviewer):
    take = factories.make_take(scene=factories.make_scene(), stage="repair")
    decisions.approve(take.scan.scenes.get(), take, by=reviewer, comment="clean")
    event = take.scan.reel.events.get(kind="approval")
    assert words(event) == "repair take 1, frames 0 to 23, “clean”"


def test_an_edit_of_the_cuts_names_its_frames(restorer):
    scene = factories.make_scene()
    scenes.split(scene, 10, by=restorer)
    assert words(scene.scan.reel.events.get(kind="scene split")) == "at frame 10"


def test_an_unknown_kind_names_its_subject(archivist):
    reel = factories.make_reel()
    event = custody.record(
        kind="rewound", agent=custody.person(archivist), subject="reel:7", reel=reel
    )
    assert words(event) == "reel 7"
