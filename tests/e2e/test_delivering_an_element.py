"""The reels of an element, scanned at two rates, leave for one territory as one timeline."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from archive.models import Restriction
from review.delivery.attempts import execute_delivery
from review.models import Delivery
from tests.review.approved_reel import make_approved_reel

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_gate_follows_the_territory_and_the_element_leaves_whole(
    settings: Any, tmp_path: Path, page: Page, log_in: Callable[[User], None],
    transactional_db: None, archivist: User,
) -> None:  # fmt: skip
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"
    reels = [
        make_approved_reel(tmp_path, by=archivist, rate=Fraction(rate), name=f"Harbour {rate}")
        for rate in (24, 16)
    ]
    for number, reel in enumerate(reels, start=1):
        reel.element, reel.number = reels[0].element, number
        reel.save()
    for place, allowed in (("Norway", False), ("Sweden", True)):
        Restriction.objects.create(
            title=reels[0].title, use="exhibition", territory=place, is_allowed=allowed
        )
    log_in(archivist)
    page.goto(f"/reels/{reels[1].pk}/")
    gate = page.locator("#gate")
    expect(gate.get_by_text("may not leave yet")).to_be_visible()
    page.get_by_label("Format").select_option("title")
    page.get_by_label("Where it goes").select_option("Sweden")
    expect(gate.get_by_text("may leave", exact=True)).to_be_visible()
    expect(gate.get_by_text("exhibition in Sweden", exact=True)).to_be_visible()
    page.get_by_role("button", name="Deliver", exact=True).click()
    deliveries = page.locator("#deliveries")
    waiting = "Timelines of the whole element, reel after reel, for exhibition in Sweden"
    expect(deliveries.get_by_text(waiting)).to_be_visible()
    execute_delivery(Delivery.objects.get().pk)
    for name in ("timeline.otio", "timeline.edl", "timeline.fcpxml", "timeline.json"):
        expect(deliveries.get_by_role("link", name=name)).to_be_visible()
