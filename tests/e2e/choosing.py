"""Choices that have the page ask for something, and when it has been put in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page


@contextmanager
def rules_told(page: Page) -> Iterator[None]:
    """What is chosen inside is held against the rules anew; a click meanwhile would be lost."""
    with page.expect_response(lambda answer: "/gate/" in answer.url):
        yield
    page.wait_for_function("!document.querySelector('[class*=htmx-]')")
