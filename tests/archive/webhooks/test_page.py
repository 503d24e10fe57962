"""Webhooks are made, tried and ended on a page of one's own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from archive.models import Event, Webhook
from archive.webhooks import outbox, subscriptions
from tests.archive.webhooks.receiver import receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def switched_on(settings: Any) -> None:
    settings.WEBHOOKS, settings.WEBHOOK_HTTP = True, True
    settings.WEBHOOK_NETWORKS = ("127.0.0.0/8",)
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def desk(reviewer: User) -> Client:
    client = Client()
    client.force_login(reviewer)
    return client


def shown(client: Client, name: str, *args: int, **said: Any) -> str:
    path = reverse(name, args=args)
    answer = client.post(path, said, follow=True) if said else client.get(path)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_a_webhook_is_made_tried_told_again_and_ended(desk: Client, reviewer: User) -> None:
    with receiving() as there:
        made = shown(desk, "webhooks", url=there.url, events=["run.failed", "delivery.ready"])
        webhook = Webhook.objects.get(owner=reviewer)
        secret = re.search(r'id="secret">([^<]+)<', made)
        assert secret and secret[1].replace("&#x2B;", "+") == subscriptions.secret_of(webhook)
        assert secret[1] not in shown(desk, "webhooks"), "it is shown once"
        assert "on its way" in shown(desk, "try-webhook", webhook.pk, now=1)
        outbox.sweep()
        (got,) = there.got
        assert b'"webhook.test"' in got[2] and b'"reel":null' in got[2]
        page = shown(desk, "webhook", webhook.pk)
        assert "webhook.test" in page and "200" in page
        there.status = 500
        shown(desk, "tell-again", webhook.pk, webhook.messages.get().pk, now=1)
        outbox.sweep()
        assert "answered 500" in shown(desk, "webhook", webhook.pk)
    assert "nothing more" in shown(desk, "remove-webhook", webhook.pk, now=1)
    assert not Webhook.objects.exists()
    assert Event.objects.filter(kind="webhook removed").exists()


def test_what_cannot_be_told_is_said_at_the_form(desk: Client, settings: Any) -> None:
    path = reverse("webhooks")
    wrong = desk.post(path, {"url": "ftp://x.org/", "events": ["run.failed"]})
    assert wrong.status_code == 422 and b"Nothing was kept" in wrong.content
    assert desk.post(path, {"url": "https://x.org/"}).status_code == 422
    settings.WEBHOOKS = False
    assert "WEBHOOKS is off" in shown(desk, "webhooks")
