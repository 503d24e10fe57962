"""What is to be told is written with the event itself, in one transaction, and sent afterwards.

Nothing that happened goes untold because a process ended, and nothing is told that was undone. Each
message is sent at least once; its `webhook-id` tells a receiver that it had it before.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone
from standardwebhooks import Webhook as Signer

from archive import custody
from archive.access import visible_reels
from archive.errors import WebhookRefused
from archive.models import Event, Reel, Webhook, WebhookMessage
from archive.webhooks import posting, subscriptions
from archive.webhooks.kinds import facts, kind_of

log = logging.getLogger(__name__)

WAITS = (5, 60, 300, 1800, 7200, 28_800, 86_400)
"""Seconds before the next try, after the first, the second ...; then the message is given up."""
BUDGET_SECONDS = 20.0
"""Of one pass: who sends has other things to mend."""
KEEP = timedelta(days=30)
TEST = "webhook.test"
"""The type of a message that somebody asked for to see whether it arrives."""
Status = WebhookMessage.Status


@receiver(custody.recorded)
def note(*, events: Iterable[Event], **_: Any) -> None:
    """Write down whom to tell of these events, inside the transaction that they are written in."""
    if not settings.WEBHOOKS:
        return
    told = [(event, kind) for event in events if (kind := kind_of(event.kind, event.outcome))]
    if not told:
        return
    open_ones = list(Webhook.objects.filter(ended=None))
    now = timezone.now()
    WebhookMessage.objects.bulk_create(
        WebhookMessage(webhook=webhook, event=event, kind=kind, due=now)
        for event, kind in told
        for webhook in open_ones
        if kind in webhook.events
    )


def sweep() -> dict[str, int]:
    """Send what is due, until there is nothing more or the time is over."""
    if not settings.WEBHOOKS:
        return {}
    ends = time.monotonic() + BUDGET_SECONDS
    count = 0
    while time.monotonic() < ends and _send_one():
        count += 1
    WebhookMessage.objects.filter(created__lt=timezone.now() - KEEP).exclude(
        status=Status.WAITING
    ).delete()
    return {"told": count}


def _send_one() -> bool:
    """Send the message that is due longest; it is held meanwhile, so that nobody else does."""
    with transaction.atomic():
        due = WebhookMessage.objects.select_for_update(skip_locked=True, of=("self",))
        due = due.filter(status=Status.WAITING, due__lte=timezone.now()).order_by("due", "pk")
        message = due.select_related("webhook__owner", "event").first()
        if message is None:
            return False
        _send(message)
        message.save()
    return True


def _send(message: WebhookMessage) -> None:
    webhook = message.webhook
    is_open = message.kind == TEST or is_told(message.event, webhook.owner)
    if not is_open or not may_be_told(webhook.owner) or webhook.ended is not None:
        message.status = Status.WITHHELD
        return
    message.attempts += 1
    body = json.dumps(payload(message), separators=(",", ":"))
    try:
        message.answer, message.error = None, ""
        message.answer = posting.post(
            webhook.url, body.encode(), headers(message, body), subscriptions.rules()
        )
    except posting.Unsendable as error:
        message.error = str(error)[:300]
    _settle(message)


def may_be_told(owner: User) -> bool:
    return owner.is_active and owner.has_perm(subscriptions.RIGHT)


def is_told(event: Event, owner: User) -> bool:
    """Whether the subscriber may still see what it is about, at this moment."""
    if event.reel_id is None or not may_be_told(owner):
        return False
    return visible_reels(owner, Reel.objects.filter(pk=event.reel_id), subscriptions.RIGHT).exists()


def payload(message: WebhookMessage) -> dict[str, Any]:
    """Little: numbers by which the subscriber asks for the rest, with their own token."""
    event = message.event
    return {
        "type": message.kind,
        "timestamp": event.at.astimezone(UTC).isoformat(),
        "data": {
            "reel": event.reel_id,
            "subject": event.subject,
            "event": event.digest,
            "outcome": event.outcome,
        }
        | facts(event.detail),
    }


def headers(message: WebhookMessage, body: str) -> dict[str, str]:
    """Standard Webhooks: id, timestamp, and the signature over both and the body."""
    now, name = timezone.now(), f"msg_{message.uid.hex}"
    signature = Signer(subscriptions.secret_of(message.webhook)).sign(name, now, body)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Reelproof-Webhooks",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _settle(message: WebhookMessage) -> None:
    """Sent, to be tried again, or given up; 410 says that nobody there wants any more."""
    if message.answer is not None and 200 <= message.answer < 300:
        message.status, message.sent = Status.SENT, timezone.now()
        return
    if message.answer is not None:
        message.error = f"It was answered {message.answer}."
    if message.answer == 410:
        subscriptions.end(message.webhook, "its address answered 410: gone")
        message.status = Status.GIVEN_UP
    elif message.attempts > len(WAITS):
        message.status = Status.GIVEN_UP
        log.warning("%s was given up after %s tries", message, message.attempts)
    else:
        message.due = timezone.now() + timedelta(seconds=WAITS[message.attempts - 1])


@transaction.atomic
def send_test(webhook: Webhook, *, by: User) -> WebhookMessage:
    """Have the address told that it is tried; about no reel.

    Raises: WebhookRefused if nothing is sent, or the webhook ended.
    """
    if not settings.WEBHOOKS:
        raise WebhookRefused(subscriptions.OFF)
    if webhook.ended is not None:
        raise WebhookRefused("Nothing was sent: this webhook ended. Make it anew.")
    event = custody.record(
        kind="webhook tried", agent=custody.person(by), subject=f"webhook:{webhook.pk}"
    )
    return WebhookMessage.objects.create(
        webhook=webhook, event=event, kind=TEST, due=timezone.now()
    )


def send_again(message: WebhookMessage) -> None:
    """Have a message tried anew, whatever became of it."""
    message.status, message.attempts, message.due = Status.WAITING, 0, timezone.now()
    message.save(update_fields=["status", "attempts", "due"])
