"""What files cannot hold is refused where people type it, in words."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from review.models import Approval, Note
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("odd", ["\x07", "\x0b", "\ufffe"])
def test_a_note_or_decision_with_such_a_character_is_refused(
    client: Client, archivist: User, odd: str
) -> None:
    scene = factories.make_scene(scan=factories.make_scan(), frames=(0, 10))
    take = factories.make_take(scene=scene)
    client.force_login(archivist)
    note = {"first": 0, "last": 3, "text": f"dust{odd} bell"}
    client.post(reverse("add-note", args=[scene.pk]), note)
    decision = {"take": take.pk, "digest": take.digest, "comment": f"go{odd}od"}
    for name in ("approve", "request-changes"):
        client.post(reverse(name, args=[scene.pk]), decision)
    override = {"format": "otio", "use": "broadcast", "override": f"be{odd}cause"}
    page = client.post(
        reverse("deliver", args=[scene.scan.reel_id]), override, follow=True
    ).content.decode()
    assert page.count(f"cannot be written into files (U+{ord(odd):04X})") == 4
    assert not Note.objects.exists() and not Approval.objects.exists()
