"""An order names where it goes, and the gate holds the title's restrictions there against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from archive.models import Restriction
from review.delivery.attempts import execute_delivery
from review.models import Deliverable, Delivery
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow
def test_the_page_the_worker_and_the_command_decide_by_it(
    tmp_path: Path, archivist: User, settings: Any
) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"
    reel = make_approved_reel(tmp_path, by=archivist)
    for place, allowed in (("Norway", False), ("Sweden", True)):
        Restriction.objects.create(
            title=reel.title, use="exhibition", territory=place, is_allowed=allowed
        )
    client = Client()
    client.force_login(archivist)
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    assert "<option>Norway</option>" in page and "Where it goes" in page
    gates = {
        place: client.get(
            reverse("gate", args=[reel.pk]), {"use": "exhibition", "territory": place},
            headers={"HX-Request": "true"},
        ).content.decode()
        for place in ("", "Norway", "Sweden", "Swedn")
    }  # fmt: skip
    leaves = {place: "may not leave yet" not in text for place, text in gates.items()}
    assert leaves == {"": False, "Norway": False, "Sweden": True, "Swedn": False}
    assert "name it with the delivery" in gates[""]
    for place in ("Norway", "Sweden"):
        client.post(
            reverse("deliver", args=[reel.pk]),
            {"format": "otio", "use": "exhibition", "territory": place},
        )
    (delivery,) = Delivery.objects.all()
    execute_delivery(delivery.pk)
    (made,) = Deliverable.objects.all()
    assert made.use == "exhibition in Sweden" == made.record["policy"]["use"]
    folder = Path(made.files[0]["path"]).parent
    assert folder.name == "harbour-day-reel-1-exhibition-in-sweden-otio-1"
    order = [str(reel.pk), "--format", "otio", "--use", "exhibition", "--to", str(tmp_path / "to")]
    with pytest.raises(CommandError, match="exhibition in Norway: not allowed"):
        call_command("deliver", *order, "--territory", "Norway")
    call_command("deliver", *order, "--territory", "sweden")
