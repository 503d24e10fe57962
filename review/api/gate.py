"""Whether a reel may leave for a use as it stands, rule by rule; and approving by a sample."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import reading, writing
from archive.api.catalogue import reels_of
from archive.api.of_reel import reel_with_right
from archive.api.views import Endpoint
from archive.models import Reel, Scan
from restoration.api.takes import SEE_WORK
from restoration.models import Take
from review import batches, findings, sampling
from review.api.decisions import ApprovalShown, asked_at_once
from review.gating import hold
from review.version_choice import VersionChoice

_OUTCOMES = (findings.PASSED, findings.FAILED, findings.OVERRIDDEN, findings.UNKNOWN)


class GateAsked(serializers.Serializer):
    use = serializers.CharField(
        max_length=100, help_text="A policy's: exhibition; for one territory: broadcast in Sweden"
    )
    version = serializers.ChoiceField(
        Take.Version.choices, required=False, default=Take.Version.RESTORATION.value
    )


class PlaceShown(serializers.Serializer):
    scene = serializers.IntegerField(help_text="Its place in the reel, from 1")
    frames = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="[first, after]"
    )


class FindingShown(serializers.Serializer):
    """One rule of the policy, held against the reel."""

    rule = serializers.CharField()
    limit = serializers.CharField(help_text="What is allowed")
    measured = serializers.CharField()
    outcome = serializers.ChoiceField(_OUTCOMES)
    can_be_overridden = serializers.BooleanField(
        help_text="Where it failed: whether a named person may let it leave all the same"
    )
    where = PlaceShown(many=True)


class GateShown(serializers.Serializer):
    """`reasons` is all that stands in the way, in words."""

    use = serializers.CharField()
    version = serializers.ChoiceField(Take.Version.choices)
    allowed = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    takes = serializers.CharField(help_text="Digest of the takes that would leave: an override's")
    findings = FindingShown(many=True)


class _OfReel(Endpoint):
    queryset = Reel.objects.all()
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Reel]:
        return reels_of(user)


class Gate(_OfReel):
    """A reel held against the policy of a use at this moment; nothing is decided or kept by it."""

    rights: ClassVar = SEE_WORK
    serializer_class = GateShown
    filters = GateAsked

    @extend_schema(operation_id="gate")
    def get(self, request: Request, pk: int) -> Response:
        reel = reel_with_right(self)
        asked = reading.wanted(request, GateAsked, ())
        held = hold(reel, asked["use"], choice=VersionChoice(asked["version"]))
        overridable = held.decision.policy.overridable
        return Response(
            {
                **asked,
                "allowed": held.verdict.allowed,
                "reasons": [str(reason) for reason in held.verdict.reasons],
                "takes": held.takes,
                "findings": [
                    each.as_json() | {"can_be_overridden": each.kind in overridable}
                    for each in held.decision.findings
                ],
            }
        )


class RuleAsked(serializers.Serializer):
    """Every n-th scene, and of the rest those of which a machine made most, are looked at."""

    every = serializers.IntegerField(
        min_value=sampling.EVERY[0], max_value=sampling.EVERY[1], default=batches.EVERY,
        required=False,
    )  # fmt: skip
    most = serializers.IntegerField(
        min_value=sampling.MOST[0], max_value=sampling.MOST[1], default=batches.MOST,
        required=False,
    )  # fmt: skip
    version = serializers.ChoiceField(
        Take.Version.choices, required=False, default=Take.Version.RESTORATION.value
    )


class BatchSaid(RuleAsked):
    seen = serializers.CharField(max_length=64, help_text="`digest` of the plan that you looked at")


class MemberShown(serializers.Serializer):
    """A scene with a take, as the rule sees it."""

    number = serializers.IntegerField()
    scene = serializers.IntegerField(source="standing.scene.pk")
    take = serializers.IntegerField(source="standing.take.pk")
    share = serializers.FloatField(help_text="Of its pixels that a machine made up, 0 to 1")
    is_sampled = serializers.BooleanField()
    is_seen = serializers.BooleanField(help_text="You approved it by itself, and that holds")
    obstacle = serializers.CharField(help_text="Why it is not approved with the others")


class PlanShown(serializers.Serializer):
    """What would be approved at once, and what has to be looked at before (`missing`)."""

    words = serializers.CharField()
    digest = serializers.CharField(help_text="Of all that the decision speaks of")
    members = MemberShown(many=True)
    missing = serializers.ListField(child=serializers.IntegerField(), help_text="Numbers of scenes")
    rest = serializers.ListField(child=serializers.IntegerField(), help_text="Numbers of scenes")


class Batch(_OfReel):
    """How a rule falls on a reel's scenes as they stand."""

    rights: ClassVar = dict.fromkeys(("GET", "POST"), "review.decide")
    scope = "decide"
    serializer_class = PlanShown
    filters = RuleAsked
    reads = BatchSaid

    def _scan(self) -> Scan:
        scan = reel_with_right(self).current_scan()
        if scan is None:
            raise NotFound
        return scan

    @extend_schema(operation_id="batch_plan")
    def get(self, request: Request, pk: int) -> Response:
        scan = self._scan()
        rule = reading.wanted(request, RuleAsked, ())
        planned = batches.plan(scan, signed_in(request._request), **rule)
        told = PlanShown(
            {
                "words": planned.words,
                "digest": planned.digest,
                "members": planned.members,
                "missing": [each.number for each in planned.missing],
                "rest": [each.number for each in planned.rest],
            }
        )
        return Response(told.data)

    @extend_schema(responses={201: ApprovalShown(many=True)})
    def post(self, request: Request, pk: int) -> Response:
        """Approve all that waits, once you have approved every scene of the sample by itself; all
        of it or nothing. Each approval is bound to its take and names the batch."""
        self._scan()
        said = self.said()
        return writing.once(request, lambda: self._approve(said))

    def _approve(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        made = batches.approve(self._scan(), by=by, **said)
        context = self.get_serializer_context() | asked_at_once(made)
        return Response(ApprovalShown(made, many=True, context=context).data, 201)
