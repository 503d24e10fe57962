"""What a stage wants looked at stands above the decision on its take, and on those made from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from tests import factories
from tests.review.approved_reel import current_scan, make_scanned_reel

pytestmark = pytest.mark.django_db

WORDS = "3 faces under 24 px were enlarged in frame 4: details are invented"


def test_small_faces_that_were_enlarged_are_told_beside_the_decision(
    client, reviewer, settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(reviewer)
    reel = make_scanned_reel(tmp_path, name="faces", frames=8, width=64, height=48)
    scene = factories.make_scene(scan=current_scan(reel), frames=(0, 8))
    first = factories.make_take(scene=scene, stage="repair")
    page = client.get(reverse("scene", args=[scene.pk])).content.decode()
    assert "Look at this first" not in page
    manifest = {"stage": "upscale", "key": "k", "facts": {"to_review": WORDS}}
    factories.make_take(scene=scene, stage="upscale", input_take=first, manifest=manifest)
    page = client.get(reverse("scene", args=[scene.pk])).content.decode()
    assert f"<strong>Look at this first:</strong> {WORDS}." in page
