"""Who wants to be told what, at which address."""

from __future__ import annotations

import base64
import secrets
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from archive import custody
from archive.errors import WebhookRefused
from archive.models import Webhook
from archive.webhooks import posting

RIGHT = "archive.view_history"
"""Whoever works on film may be told of the work on it."""
MOST = 10
"""Addresses of one person."""
OFF = "Nothing leaves this machine by itself: WEBHOOKS is off. Ask whoever keeps it running."


def rules() -> posting.Rules:
    """Where may be sent to, by the settings."""
    return _rules(bool(settings.WEBHOOK_HTTP), tuple(settings.WEBHOOK_NETWORKS))


@lru_cache
def _rules(http: bool, networks: tuple[str, ...]) -> posting.Rules:  # noqa: FBT001  (a cache's key)
    return posting.Rules(http, posting.networks_of(networks))


@transaction.atomic
def subscribe(owner: User, url: str, events: list[str]) -> Webhook:
    """Have an address told of such events of the reels that its owner may see.

    Raises: WebhookRefused.
    """
    if not settings.WEBHOOKS:
        raise WebhookRefused(OFF)
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if owner.webhooks.count() >= MOST:
        raise WebhookRefused(f"Nothing was kept: you have {MOST} webhooks. Delete one first.")
    try:
        posting.check_url(url, rules())
    except posting.Unsendable as error:
        raise WebhookRefused(f"Nothing was kept. {error}") from error
    made = Webhook.objects.create(
        owner=owner, url=url, events=sorted(set(events)), salt=secrets.token_hex(32)
    )
    _tell("webhook made", made, owner)
    return made


@transaction.atomic
def unsubscribe(webhook: Webhook, *, by: User) -> None:
    """Tell it nothing more; what waited is forgotten."""
    _tell("webhook removed", webhook, by)
    webhook.delete()


def end(webhook: Webhook, because: str) -> None:
    Webhook.objects.filter(pk=webhook.pk, ended=None).update(
        ended=timezone.now(), ended_because=because
    )


def secret_of(webhook: Webhook) -> str:
    """What its messages are signed with: derived, so that no copy of the database holds it."""
    key = salted_hmac("reelproof.webhook", webhook.salt, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(key).decode()}"


def _tell(kind: str, webhook: Webhook, by: User) -> None:
    custody.record(
        kind=kind,
        agent=custody.person(by),
        subject=f"webhook:{webhook.pk}",
        detail={"url": webhook.url, "events": webhook.events},
    )
