"""What happens is told to whoever wants and may know it: signed, tried again, or given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook as Signer
from standardwebhooks import WebhookVerificationError

from archive import custody
from archive.errors import WebhookRefused
from archive.models import Webhook, WebhookMessage
from archive.webhooks import outbox, subscriptions
from archive.webhooks.kinds import KINDS
from restoration.models import StageRun
from restoration.publishing import fail_run
from review import decisions
from tests import factories
from tests.api.asking import Program, program
from tests.archive.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db
Status = WebhookMessage.Status


@pytest.fixture(autouse=True)
def switched_on(settings):
    settings.WEBHOOKS = settings.WEBHOOK_HTTP = True
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def server():
    with receiving() as found:
        yield found


@pytest.fixture
def asked() -> Program:
    return program("reviewer")


def subscribe(asked: Program, server: Receiver, *events: str) -> tuple[Webhook, str]:
    made = asked.post("webhooks", {"url": server.url, "events": list(events or KINDS)})
    assert made.status_code == 201, made.content
    return Webhook.objects.get(pk=made.json()["id"]), made.json()["secret"]


def approve():
    scene = factories.make_scene()
    take = factories.make_take(scene=scene)
    return decisions.approve(scene, take, by=factories.make_user("archivist"), comment="secret")


def test_a_decision_is_told_with_a_signature_and_nothing_that_was_written(asked, server):
    _, secret = subscribe(asked, server)
    approval = approve()
    assert server.got == [] and WebhookMessage.objects.get().status == Status.WAITING
    assert outbox.sweep() == {"told": 1}
    ((_, headers, body),) = server.got
    told = Signer(secret).verify(body, headers)
    assert told["type"] == "decision.approved"
    assert told["data"]["digest"] == approval.digest
    assert told["data"]["reel"] == approval.scene.scan.reel_id
    assert b"secret" not in body and b"archivist" not in body
    with pytest.raises(WebhookVerificationError):
        Signer(secret).verify(body.replace(b"approved", b"refused!"), headers)
    assert outbox.sweep() == {"told": 0} and len(server.got) == 1
    assert WebhookMessage.objects.get().status == Status.SENT


def test_runs_deliveries_and_faults_are_told_and_nothing_else(asked, server):
    subscribe(asked, server)
    run = factories.make_run(
        scene=factories.make_scene(), status="running", lease_until=timezone.now()
    )
    assert fail_run(StageRun.objects.get(pk=run.pk), "/secret/path broke")
    agent, reel = custody.software(), run.scan.reel
    for kind, outcome in KINDS.values():
        detail = {"path": "/secret/path", "files": [{"path": "/secret/path"}], "run": run.pk}
        custody.record(
            kind=kind, agent=agent, subject="x:1", reel=reel, outcome=outcome, detail=detail
        )
    custody.record(kind="ingestion", agent=agent, subject="x:1", reel=reel)
    custody.record(kind="restoration stage", agent=agent, subject="x:1", outcome="cancelled")
    outbox.sweep()
    kinds = [message.kind for message in WebhookMessage.objects.all()]
    assert kinds == ["run.failed", *KINDS]
    assert len(server.got) == len(kinds)
    assert all(b"secret" not in body for _, _, body in server.got)


def test_only_what_was_asked_for_is_told(asked, server):
    subscribe(asked, server, "fixity.fault")
    approve()
    assert not WebhookMessage.objects.exists()


def test_what_was_undone_is_not_told(asked, server):
    subscribe(asked, server)
    with transaction.atomic():
        approve()
        transaction.set_rollback(True)
    assert outbox.sweep() == {"told": 0}


def test_what_the_subscriber_may_not_see_any_more_is_withheld(asked, server):
    subscribe(asked, server)
    approval = approve()
    title = approval.scene.scan.reel.title
    title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    outbox.sweep()
    assert WebhookMessage.objects.get().status == Status.WITHHELD
    approve()
    asked.owner.groups.clear()
    outbox.sweep()
    assert server.got == []


def test_a_message_is_tried_again_later_and_later_then_given_up(asked, server):
    subscribe(asked, server)
    server.status = 500
    approve()
    for number, wait in enumerate(outbox.WAITS, start=1):
        assert outbox.sweep() == {"told": 1}
        message = WebhookMessage.objects.get()
        assert (message.status, message.attempts, message.answer) == (Status.WAITING, number, 500)
        left = message.due - timezone.now()
        assert timedelta(seconds=wait - 3) < left <= timedelta(seconds=wait)
        assert outbox.sweep() == {"told": 0}, "not before it is due"
        WebhookMessage.objects.update(due=timezone.now())
    outbox.sweep()
    message = WebhookMessage.objects.get()
    assert message.status == Status.GIVEN_UP and "500" in message.error
    identities = {headers["webhook-id"] for _, headers, _ in server.got}
    assert len(identities) == 1 and len(server.got) == len(outbox.WAITS) + 1
    server.status = 200
    path = f"webhooks/{message.webhook_id}/messages"
    (told,) = asked.get(f"{path}?status=given+up").json()["results"]
    again = asked.post(f"{path}/{told['id']}/again")
    assert again.json()["status"] == "waiting"
    outbox.sweep()
    assert WebhookMessage.objects.get().status == Status.SENT


def test_an_address_that_says_gone_is_told_nothing_more(asked, server):
    webhook, _ = subscribe(asked, server)
    server.status = 410
    approve()
    outbox.sweep()
    webhook.refresh_from_db()
    assert webhook.ended and "410" in asked.get(f"webhooks/{webhook.pk}").json()["ended_because"]
    approve()
    assert outbox.sweep() == {"told": 0}


def test_nothing_leaves_unless_it_is_switched_on(asked, server, settings):
    subscribe(asked, server)
    approve()
    settings.WEBHOOKS = False
    approve()
    assert outbox.sweep() == {} and server.got == []
    assert WebhookMessage.objects.count() == 1
    refused = asked.post("webhooks", {"url": server.url, "events": ["run.failed"]})
    assert refused.status_code == 422 and "WEBHOOKS" in refused.json()["detail"]


def test_addresses_inside_are_refused_when_they_are_named(asked, settings):
    settings.WEBHOOK_NETWORKS, settings.WEBHOOK_HTTP = [], False
    for url in ("https://169.254.169.254/", "http://example.org/", "https://[::1]/"):
        refused = asked.post("webhooks", {"url": url, "events": ["run.failed"]})
        assert refused.status_code == 422, url


def test_a_webhook_is_its_owners_alone_and_its_secret_is_told_once(asked, server):
    webhook, secret = subscribe(asked, server)
    said = {"url": server.url, "events": ["run.failed"]}
    first = asked.post("webhooks", said, Idempotency_Key="k")
    again = asked.post("webhooks", said, Idempotency_Key="k")
    assert first.json() == again.json() and Webhook.objects.count() == 2
    assert secret not in str(asked.get("webhooks").json())
    assert secret[6:] not in repr(vars(webhook))
    other = program("archivist")
    assert other.get("webhooks").json()["results"] == []
    assert other.ask("DELETE", f"webhooks/{webhook.pk}").status_code == 404
    assert other.get(f"webhooks/{webhook.pk}/messages").status_code == 404
    assert asked.ask("DELETE", f"webhooks/{webhook.pk}").status_code == 204
    for _ in range(subscriptions.MOST - 1):
        subscribe(asked, server, "run.failed")
    with pytest.raises(WebhookRefused):
        subscriptions.subscribe(asked.owner, server.url, ["run.failed"])
