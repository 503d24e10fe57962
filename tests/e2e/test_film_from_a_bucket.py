"""The review room shows a film that the bucket sends, by an address that opens for minutes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page

from archive.bucket import Bucket
from config.bucket_storage import origin_of
from restoration import scenes, viewing
from tests.e2e.player import open_player

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_player_shows_it(
    in_bucket: Bucket, settings: Any, page: Page, log_in: Any, scene_with_takes: Any, reviewer: Any
) -> None:
    take = scenes.head_take(scene_with_takes)
    viewing.make_view(take)
    call_command("store_files")
    settings.STORAGE_PRESIGNED, settings.STORAGE_ORIGIN = True, origin_of(settings.STORAGES)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    log_in(reviewer)
    open_player(page, f"/scenes/{scene_with_takes.pk}/")
    sent = [url for url in asked if url.startswith(settings.STORAGE_ORIGIN)]
    assert sent and all("X-Amz-Signature=" in url for url in sent), asked
