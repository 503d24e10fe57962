"""The review room shows a film that the bucket sends, by an address that opens for minutes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page

from archive.bucket import Bucket
from config.bucket_storage import origin_of
from restoration import scenes, viewing
from tests.e2e.player import KEEP_VIDEOS, open_player

MAY_BE_READ = """() => {
  const context = new OffscreenCanvas(8, 8).getContext("2d");
  context.drawImage(window.videos.find((video) => video.readyState > 1), 0, 0);
  return context.getImageData(0, 0, 1, 1).data.length === 4;
}"""
"""Raises in the page if the picture came without leave to read it."""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def made() -> dict[str, Any]:
    """Films of its own: those that other tests share do not lie where this bucket's cache is."""
    return {}


def test_the_player_shows_it(
    in_bucket: Bucket, settings: Any, page: Page, log_in: Any, scene_with_takes: Any, reviewer: Any
) -> None:
    take = scenes.head_take(scene_with_takes)
    viewing.make_view(take)
    call_command("store_files")
    settings.STORAGE_PRESIGNED, settings.STORAGE_ORIGIN = True, origin_of(settings.STORAGES)
    page.add_init_script(KEEP_VIDEOS)
    log_in(reviewer)
    with page.expect_request(lambda asked: asked.url.startswith(settings.STORAGE_ORIGIN)) as sent:
        open_player(page, f"/scenes/{scene_with_takes.pk}/")
    assert "X-Amz-Signature=" in sent.value.url
    page.wait_for_function("window.videos.some((video) => video.readyState > 1)")
    assert page.evaluate(MAY_BE_READ)
    page.goto("about:blank")
