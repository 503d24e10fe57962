"""Who sees film, and who takes it in."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from archive.models import Reel
from tests.factories import make_reel, make_scan, make_user

pytestmark = pytest.mark.django_db

ROLES = ["archivist", "restorer", "reviewer", "researcher", "operator", ""]
SEES_ALL = {"archivist", "restorer", "reviewer"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permission", ["archive.view_reel", "archive.view_media"])
def test_staff_reels_are_seen_by_those_who_work_on_pictures(role: str, permission: str) -> None:
    reel = make_reel(access=Reel.Access.STAFF)

    assert make_user(role).has_perm(permission, reel) == (role in SEES_ALL)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permission", ["archive.view_reel", "archive.view_media"])
def test_open_reels_are_seen_by_researchers_too(role: str, permission: str) -> None:
    reel = make_reel(access=Reel.Access.RESEARCH)

    assert make_user(role).has_perm(permission, reel) == (role in {*SEES_ALL, "researcher"})


@pytest.mark.parametrize("role", ROLES)
def test_archivists_take_film_in(role: str) -> None:
    assert make_user(role).has_perm("archive.ingest") == (role == "archivist")


def test_a_scan_is_as_open_as_its_reel() -> None:
    scan = make_scan(reel=make_reel(access=Reel.Access.RESEARCH))

    assert make_user("researcher").has_perm("archive.view_media", scan)


def test_a_superuser_may_everything() -> None:
    root = make_user(is_superuser=True)

    assert root.has_perm("archive.view_media", make_reel())
    assert root.has_perm("archive.ingest")


def test_who_was_locked_out_sees_nothing() -> None:
    gone = make_user("archivist", is_active=False)

    assert not gone.has_perm("archive.view_reel", make_reel())
    assert not gone.has_perm("archive.ingest")


def test_nobody_is_nobody() -> None:
    assert not AnonymousUser().has_perm("archive.view_reel", make_reel())
