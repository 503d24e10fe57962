"""One's own webhooks: subscribed, looked after, ended; what was told, and telling it again."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.views import Endpoint, Row, Rows
from archive.errors import WebhookRefused
from archive.models import Webhook, WebhookMessage
from archive.webhooks import outbox, subscriptions
from archive.webhooks.kinds import KINDS

RIGHTS = dict.fromkeys(("GET", "POST", "DELETE"), subscriptions.RIGHT)

problems.answer_with(422, WebhookRefused)


class WebhookShown(serializers.ModelSerializer):
    """An address that is told. `ended` says when and why it is told nothing more."""

    events = serializers.ListField(child=serializers.ChoiceField(sorted(KINDS)))

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = ("id", "url", "events", "created", "ended", "ended_because")


class WebhookMade(WebhookShown):
    """With the secret that its messages are signed with, told this once."""

    secret = serializers.SerializerMethodField()

    class Meta(WebhookShown.Meta):
        fields = (*WebhookShown.Meta.fields, "secret")

    def get_secret(self, webhook: Webhook) -> str:
        return subscriptions.secret_of(webhook)


class WebhookWanted(serializers.Serializer):
    url = serializers.CharField(max_length=500, help_text="https://...")
    events = serializers.ListField(
        child=serializers.ChoiceField(sorted(KINDS)), allow_empty=False, max_length=len(KINDS)
    )


class Webhooks(Rows):
    """Addresses of yours that are told what happens to reels that you may see."""

    rights: ClassVar = RIGHTS
    queryset = Webhook.objects.all()
    serializer_class = WebhookShown
    reads = WebhookWanted

    def rows(self, user: Any) -> QuerySet[Webhook]:
        return Webhook.objects.filter(owner=user)

    @extend_schema(responses={201: WebhookMade})
    def post(self, request: Request) -> Response:
        """Have an address told. The secret stands in this answer alone."""
        said = self.said()
        answer = writing.once(request, lambda: self._subscribe(said))
        made = self.rows(request.user).filter(pk=answer.data["id"]).first()
        if made is not None:  # put in afterwards: an answer that is kept must not keep it
            answer.data = WebhookMade(made).data
        return answer

    def _subscribe(self, said: dict[str, Any]) -> Response:
        owner = signed_in(self.request._request)
        made = subscriptions.subscribe(owner, said["url"], said["events"])
        return Response(WebhookShown(made).data, 201)


class OneWebhook(Row):
    rights: ClassVar = RIGHTS
    queryset = Webhook.objects.all()
    serializer_class = WebhookShown

    def rows(self, user: Any) -> QuerySet[Webhook]:
        return Webhook.objects.filter(owner=user)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Tell it nothing more."""
        webhook = self.row()
        subscriptions.unsubscribe(webhook, by=signed_in(request._request))
        return Response(status=204)


class MessageShown(serializers.ModelSerializer):
    """One event for one address, and what became of it."""

    webhook_id_header = serializers.SerializerMethodField(help_text="As the receiver got it")

    class Meta:
        model = WebhookMessage
        fields = (
            *("id", "webhook_id_header", "kind", "status", "attempts", "due", "answer", "error"),
            *("created", "sent"),
        )

    def get_webhook_id_header(self, message: WebhookMessage) -> str:
        return f"msg_{message.uid.hex}"


class MessageFilters(serializers.Serializer):
    status = serializers.ChoiceField(WebhookMessage.Status.choices, required=False)


class Messages(Rows):
    """What was told to an address of yours, or waits to be; the newest first."""

    rights: ClassVar = RIGHTS
    queryset = WebhookMessage.objects.all()
    serializer_class = MessageShown
    filters = MessageFilters
    order = ("-pk",)

    def rows(self, user: Any) -> QuerySet[WebhookMessage]:
        if not Webhook.objects.filter(owner=user, pk=self.kwargs["pk"]).exists():
            raise NotFound
        return WebhookMessage.objects.filter(webhook=self.kwargs["pk"])


class SendAgain(Endpoint):
    """Have a message told anew, whatever became of it."""

    rights: ClassVar = RIGHTS
    queryset = WebhookMessage.objects.all()
    serializer_class = MessageShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[WebhookMessage]:
        return WebhookMessage.objects.filter(webhook__owner=user, webhook=self.kwargs["pk"])

    @extend_schema(request=None)
    def post(self, request: Request, pk: int, message: int) -> Response:
        found = self.row(pk=message)
        if not settings.WEBHOOKS:
            raise WebhookRefused(subscriptions.OFF)
        return writing.once(request, lambda: self._send_again(found))

    def _send_again(self, message: WebhookMessage) -> Response:
        outbox.send_again(message)
        return Response(self.shown(message))


class TryWebhook(Endpoint):
    """Have the address told a message of the type `webhook.test`, which is about no reel."""

    rights: ClassVar = RIGHTS
    queryset = Webhook.objects.all()
    serializer_class = MessageShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Webhook]:
        return Webhook.objects.filter(owner=user)

    @extend_schema(request=None, responses={201: MessageShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._try)

    def _try(self) -> Response:
        made = outbox.send_test(self.row(), by=signed_in(self.request._request))
        return Response(self.shown(made), 201)
