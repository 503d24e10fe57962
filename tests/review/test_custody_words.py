"""The custody timeline tells what happened, and survives events that it does not know."""

from __future__ import annotations

import pytest

from archive import custody
from restoration import borders, history, scenes
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


def test_words_on_borders_and_splices_and_undo_are_told(restorer):
    scan = factories.make_scan(frames=48)
    first, second = factories.make_scenes(scan, length=24)
    borders.check(second, 24, is_cut=True, by=restorer)
    borders.describe(second, transition="fade", gradual=(20, 30), by=restorer)
    borders.mark_splice(first, 9, is_splice=True, by=restorer)
    borders.mark_splice(first, 9, is_splice=False, by=restorer)
    last = history.edit_to_undo(scan)
    history.undo(scan, last.pk, by=restorer)
    history.redo(scan, last.pk, by=restorer)
    told = [(event.kind, words(event)) for event in scan.reel.events.order_by("sequence")]
    assert told == [
        ("border checked", "frame 24: a cut"),
        ("border described", "frame 24: fade from 20 to 30, shot"),
        ("splice marked", "at frame 9"),
        ("splice refused", "none at frame 9"),
        ("scene edit undone", "no splice at frame 9"),
        ("scene edit redone", "no splice at frame 9"),
    ]


def test_an_unknown_kind_names_its_subject(archivist):
    reel = factories.make_reel()
    event = custody.record(
        kind="rewound", agent=custody.person(archivist), subject="reel:7", reel=reel
    )
    assert words(event) == "reel 7"
