"""An approved clip on another site: framed there, and by what a machine made of it in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from restoration import viewing
from restoration.models import Scene
from review import decisions
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings: Any, reviewer: User, tmp_path: Any) -> Scene:
    settings.PUBLIC_CATALOGUE = True
    settings.MEDIA_HOME = settings.MEDIA_ROOT = tmp_path
    scan = factories.make_scan(reel=factories.make_reel(access="public"))
    made = factories.make_scene(scan=scan)
    take = factories.make_take(scene=made, label="RECOVERED")
    decisions.approve(made, take, by=reviewer)
    return made


def test_a_clip_may_be_framed_and_no_other_page(client: Client, scene: Scene) -> None:
    answer = client.get(f"/embed/scenes/{scene.pk}/")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors *")
    assert "X-Frame-Options" not in answer.headers
    other = client.get(f"/open/reels/{scene.scan.reel_id}/")
    assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]
    assert other.headers["X-Frame-Options"] == "DENY"


def test_the_archive_says_which_sites_may_frame_it(
    client: Client, scene: Scene, settings: Any
) -> None:
    settings.EMBED_ON = ["https://museum.example"]
    answer = client.get(f"/embed/scenes/{scene.pk}/")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://museum.example")


def test_a_clip_says_what_a_machine_made_of_it(client: Client, scene: Scene) -> None:
    html = client.get(f"/embed/scenes/{scene.pk}/").content.decode()
    assert "structure: recovered 100.0" in html and "approved by a person" in html


def test_its_film_is_that_of_the_approved_take(client: Client, scene: Scene) -> None:
    address = f"/embed/scenes/{scene.pk}/clip.mp4"
    assert address not in client.get(f"/embed/scenes/{scene.pk}/").content.decode()
    view = viewing.view_of(scene.approvals.get().take)
    view.folder.mkdir(parents=True)
    view.proxy.write_bytes(b"film")
    assert address in client.get(f"/embed/scenes/{scene.pk}/").content.decode()
    assert b"".join(client.get(address).streaming_content) == b"film"  # type: ignore[arg-type, attr-defined]


def test_what_is_not_approved_any_more_is_not_shown(client: Client, scene: Scene) -> None:
    factories.make_take(scene=scene, label="SYNTHESISED")
    for address in (f"/embed/scenes/{scene.pk}/", f"/embed/scenes/{scene.pk}/clip.mp4"):
        assert client.get(address).headers["Location"].startswith("/login/")
    client.force_login(factories.make_user("archivist"))
    assert client.get(f"/embed/scenes/{scene.pk}/").status_code == 404


def test_a_clip_of_a_reel_that_was_closed_is_gone_for_strangers(
    client: Client, scene: Scene
) -> None:
    scene.scan.reel.access = "research"
    scene.scan.reel.save()
    assert client.get(f"/embed/scenes/{scene.pk}/").status_code == 302


def test_oembed_gives_a_frame_that_fits(client: Client, scene: Scene) -> None:
    address = f"http://testserver/embed/scenes/{scene.pk}/"
    told = client.get("/oembed", {"url": address, "maxwidth": "320"}).json()
    assert told["type"] == "video" and told["width"] == 320 and told["height"] == 240 + 96
    assert f'<iframe src="{address}" width="320"' in told["html"]
    small = client.get("/oembed", {"url": address, "maxheight": "200"}).json()
    assert small["height"] == 200 and small["width"] < 320


def test_oembed_knows_no_other_addresses(client: Client, scene: Scene) -> None:
    client.force_login(factories.make_user("archivist"))
    own = f"/embed/scenes/{scene.pk}/"
    for address in ("", "http://[", f"http://elsewhere{own}", "http://testserver/search/"):
        assert client.get("/oembed", {"url": address}).status_code == 404, address
    asked = {"url": f"http://testserver{own}", "format": "xml"}
    assert client.get("/oembed", asked).status_code == 501
