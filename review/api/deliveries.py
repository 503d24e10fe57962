"""Deliveries: asked for, followed, and what left fetched by an address that ends in minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import addresses, problems, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Endpoint, Row, Rows
from restoration.api.takes import SEE_WORK
from restoration.models import Take
from review import withdrawals
from review.api import downloads
from review.api.scenes import scenes_of
from review.deliverables import DeliveryFailed, DeliveryRefused
from review.delivery import requests
from review.delivery.assembly import OFFERED
from review.models import Deliverable, Delivery
from review.uses import PoliciesUnreadable, UnknownUse
from review.version_choice import RESTORED, VersionChoice

ORDER = {"POST": "review.deliver"}

problems.answer_with(422, DeliveryRefused, DeliveryFailed, UnknownUse)
problems.answer_with(503, PoliciesUnreadable)


class DeliveryShown(serializers.ModelSerializer):
    """Work on one deliverable; `reasons` says why it was refused, `error` why it failed."""

    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Delivery
        fields = (
            *("id", "reel", "scan", "format", "use", "version", "status", "attempt", "step"),
            *("share_done", "error", "reasons", "deliverable", "by", "created", "started", "ended"),
        )


class DeliveryFilters(serializers.Serializer):
    reel = Id()
    status = serializers.ChoiceField(Delivery.Status.choices, required=False)
    use = Text(max_length=40)
    format = Text(max_length=40)


class DeliveryOrder(serializers.Serializer):
    """What is to leave, and for which use: one that there is a policy for."""

    reel = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    format = serializers.ChoiceField(sorted(OFFERED))
    use = serializers.CharField(max_length=40)
    version = serializers.ChoiceField(Take.Version.choices, default=RESTORED.version)
    uncoloured = serializers.BooleanField(
        default=False, help_text="In colour: scenes that nobody coloured leave as restored"
    )
    as_restored = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        max_length=10_000,
        help_text="In colour: numbers of scenes that leave as restored all the same",
    )


class Deliveries(Rows):
    """Deliveries that were asked for, with how far each is."""

    rights: ClassVar = SEE_WORK | ORDER
    scope = "deliver"
    queryset = Delivery.objects.all()
    serializer_class = DeliveryShown
    filters = DeliveryFilters
    reads = DeliveryOrder

    def rows(self, user: Any) -> QuerySet[Delivery]:
        return deliveries_of(user)

    @extend_schema(responses={202: DeliveryShown})
    def post(self, request: Request) -> Response:
        """Have a reel delivered by a worker, or say why it may not leave; one that is being made
        already is answered with."""
        said = self.said()
        return writing.once(request, lambda: self._ask(said))

    def _ask(self, said: dict[str, Any], **override: Any) -> Response:
        by = signed_in(self.request._request)
        found = reels_of(by).select_related("element__title").filter(pk=said["reel"]).first()
        if found is None:
            raise NotFound
        self.ask_right(found)
        choice, use = _choice(said, by), said["use"]
        made = requests.ask(found, format=said["format"], use=use, by=by, choice=choice, **override)
        location = f"/api/v1/deliveries/{made.pk}"
        shown = deliveries_of(by).get(pk=made.pk)
        return Response(self.shown(shown), 202, headers={"Location": location})


class OverridingOrder(DeliveryOrder):
    """An order against rules that fail, as `reels/N/gate` told of them for the same use and
    version."""

    reason = serializers.CharField(max_length=2000, help_text="Why it may leave all the same")
    rules = serializers.ListField(
        child=serializers.CharField(max_length=400), allow_empty=False, max_length=100,
        help_text="The rules that failed, as the person was shown them",
    )  # fmt: skip
    takes = serializers.RegexField(
        r"^[0-9a-f]{64}$", help_text="What the gate told of the takes that would leave"
    )


class DeliverAgainstPolicy(Deliveries):
    """Deliveries against rules of a policy."""

    rights: ClassVar = {"POST": "review.override_policy"}
    scope = "override"
    http_method_names: ClassVar = ["post"]
    reads = OverridingOrder

    @extend_schema(responses={202: DeliveryShown}, operation_id="deliver_against_policy")
    def post(self, request: Request) -> Response:
        """Have a reel delivered against rules that fail and may be overridden, in the name of the
        token's owner, who has seen them. Refused if by now others fail, or other takes stand."""
        said = self.said()
        return writing.once(request, lambda: self._override(said))

    def _override(self, said: dict[str, Any]) -> Response:
        agreed = {"override": said["reason"], "rules": tuple(said["rules"])}
        return self._ask(said, **agreed, takes=said["takes"])


def _choice(said: dict[str, Any], by: Any) -> VersionChoice:
    wanted = tuple(sorted(set(said.get("as_restored", ()))))
    if said["version"] == RESTORED.version:
        if wanted or said["uncoloured"]:
            raise problems.Refused("Only in a colour delivery can scenes leave as restored.", 422)
        return RESTORED
    known = scenes_of(by).filter(pk__in=wanted, scan__reel=said["reel"]).count()
    if known != len(wanted):
        raise problems.Refused("Not delivered: `as_restored` names no scene of this reel.", 422)
    return VersionChoice(said["version"], said["uncoloured"], wanted)


class OneDelivery(Row):
    rights: ClassVar = SEE_WORK
    queryset = Delivery.objects.all()
    serializer_class = DeliveryShown

    def rows(self, user: Any) -> QuerySet[Delivery]:
        return deliveries_of(user)


class OrderedDelivery(Endpoint):
    """What whoever may order does with one that was ordered."""

    rights: ClassVar = ORDER
    scope = "deliver"
    queryset = Delivery.objects.all()
    serializer_class = DeliveryShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Delivery]:
        return deliveries_of(user)


class CancelDelivery(OrderedDelivery):
    """Stop it: at once if it waits, within seconds if it is being made."""

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._cancel)

    def _cancel(self) -> Response:
        requests.cancel(self.row(), by=signed_in(self.request._request))
        return Response(self.shown(self.row()))


class RetryDelivery(OrderedDelivery):
    """Let a delivery that failed, was refused or cancelled wait again, if the policy lets it leave
    now. One that needed an override is tried again on the pages, by who gave it."""

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._retry)

    def _retry(self) -> Response:
        requests.retry(self.row(), by=signed_in(self.request._request))
        return Response(self.shown(self.row()))


def deliveries_of(user: Any) -> QuerySet[Delivery]:
    return Delivery.objects.filter(reel__in=reels_of(user, "review.open_review")).select_related(
        "by"
    )


class FileShown(serializers.Serializer):
    place = serializers.IntegerField(help_text="0 upwards; the link to it names this")
    name = serializers.CharField()
    sha256 = serializers.CharField()


class DeliverableShown(serializers.ModelSerializer):
    """What left, for which use. `unavailable` says why it may not be fetched any more."""

    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    files = serializers.SerializerMethodField()
    unavailable = serializers.CharField()

    class Meta:
        model = Deliverable
        fields = (
            *("id", "reel", "scan", "format", "use", "version", "files", "by", "at", "expires"),
            "unavailable",
        )

    @extend_schema_field(FileShown(many=True))
    def get_files(self, deliverable: Deliverable) -> list[dict[str, Any]]:
        return [
            {"place": place, "name": Path(file["path"]).name, "sha256": file["sha256"]}
            for place, file in enumerate(deliverable.files)
        ]


class DeliverableFilters(serializers.Serializer):
    reel = Id()
    use = Text(max_length=40)
    format = Text(max_length=40)


class Deliverables(Rows):
    """What left of the reels that you work on."""

    rights: ClassVar = SEE_WORK
    queryset = Deliverable.objects.all()
    serializer_class = DeliverableShown
    filters = DeliverableFilters

    def rows(self, user: Any) -> QuerySet[Deliverable]:
        return downloads.deliverables_of(user)


class OneDeliverable(Row):
    rights: ClassVar = SEE_WORK
    queryset = Deliverable.objects.all()
    serializer_class = DeliverableShown

    def rows(self, user: Any) -> QuerySet[Deliverable]:
        return downloads.deliverables_of(user)


class FileLink(Endpoint):
    """An address from which one file of a deliverable is fetched; it ends after five minutes, or
    when you may not have it any more."""

    rights: ClassVar = ORDER
    scope = "deliver"
    queryset = Deliverable.objects.all()
    serializer_class = addresses.LinkShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Deliverable]:
        return downloads.deliverables_of(user)

    @extend_schema(request=None, responses={201: addresses.LinkShown})
    def post(self, request: Request, pk: int, place: int) -> Response:
        deliverable = self.row()
        if place >= len(deliverable.files):
            raise NotFound
        if deliverable.unavailable:
            raise problems.Refused(deliverable.unavailable, 410)
        return Response(downloads.link(request, deliverable, place), 201)


class WithdrawSaid(serializers.Serializer):
    reason = serializers.CharField(max_length=400, help_text="Why it may no longer be used")


class WithdrawDeliverable(Endpoint):
    """Say that what left may no longer be used, and why: nobody fetches it any more, and nothing
    of it is removed."""

    rights: ClassVar = ORDER
    scope = "deliver"
    queryset = Deliverable.objects.all()
    serializer_class = DeliverableShown
    reads = WithdrawSaid
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Deliverable]:
        return downloads.deliverables_of(user)

    @extend_schema(responses={200: DeliverableShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._withdraw(said))

    def _withdraw(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        withdrawals.withdraw(self.row(), by=by, reason=said["reason"])
        return Response(self.shown(self.row()))
