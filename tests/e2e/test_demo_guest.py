"""What the demo shows of a guest's link: that it plays, that the room is told, that it closes."""

from __future__ import annotations

import io

import pytest

from fixtures.demo.clock import Clock
from fixtures.demo.sharing import share_a_scene
from fixtures.demo.table import sharing_table
from review.guests import copies

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_a_guest_of_the_demo_looks_writes_and_is_shut_out(
    restored_scene, archivist, reviewer, monkeypatch
):
    monkeypatch.setattr(copies, "ring", copies.make_by_message)  # the worker of the demo
    shared = share_a_scene(
        restored_scene.scan, by=archivist, reviewer=reviewer, clock=Clock(io.StringIO())
    )
    assert (shared.opens, shared.note, shared.revoked) == (206, 302, 410)
    assert shared.told == ("Ada Byron (guest) wrote a note",)
    assert shared.here == ("anna",)
    table = "\n".join(sharing_table(shared))
    assert "closed, 410" in table and "Ada Byron (guest) wrote a note" in table
    assert max(map(len, table.splitlines())) <= 110
