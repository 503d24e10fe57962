"""Decisions on takes: listed with whether each still holds; approve, ask for changes, withdraw.

A decision names the take and the digest of what was seen: for another one it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Endpoint, Row, Rows
from restoration import scenes as cuts
from restoration.api.takes import SEE_WORK
from restoration.models import Scene, Take
from restoration.take_index import TakeIndex
from review import decisions
from review.api.scenes import scenes_of
from review.errors import DecisionRefused, NotAllowed
from review.models import Approval
from review.stage_decisions import SaidOfTakes, StageState, of_chain

problems.answer_with(403, NotAllowed)
problems.answer_with(409, DecisionRefused)


class ApprovalShown(serializers.ModelSerializer):
    """A person's decision on one take. `stale` says why it no longer speaks of what stands."""

    reel = serializers.IntegerField(source="scene.scan.reel_id")
    version = serializers.CharField(source="take.version")
    by = serializers.CharField(source="by.username")
    withdrawn_by = serializers.CharField(
        source="withdrawn_by.username", default=None, allow_null=True
    )
    stale = serializers.SerializerMethodField()

    class Meta:
        model = Approval
        fields = (
            *("id", "reel", "scene", "take", "version", "digest", "decision", "alone", "reason"),
            *("by", "at", "batch", "withdrawn", "withdrawn_by", "stale"),
        )

    def get_stale(self, approval: Approval) -> list[str]:
        takes = self.context.get("takes") or TakeIndex([approval.scene])
        said = self.context.get("said") or SaidOfTakes([approval.scene])
        return decisions.stale_reasons(approval, takes=takes, said=said)


def asked_at_once(approvals: Iterable[Approval]) -> dict[str, Any]:
    """For `ApprovalShown`: one question for the takes of all scenes."""
    scenes = {approval.scene for approval in approvals}
    return {"takes": TakeIndex(scenes), "said": SaidOfTakes(scenes)}


class ApprovalFilters(serializers.Serializer):
    reel = Id()
    scene = Id()
    take = Id()
    decision = serializers.ChoiceField(Approval.Decision.choices, required=False)
    version = serializers.ChoiceField(Take.Version.choices, required=False)
    alone = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="On single stages, or not"
    )


class Approvals(Rows):
    """Every decision, withdrawn ones too; the newest of a scene and version is the one in force.

    One with `alone` speaks of the take of that stage by itself: the newest on the take counts.
    """

    rights: ClassVar = SEE_WORK
    queryset = Approval.objects.all()
    serializer_class = ApprovalShown
    filters = ApprovalFilters
    _LOOKUPS: ClassVar = {"reel": "scene__scan__reel", "version": "take__version"}

    def rows(self, user: Any) -> QuerySet[Approval]:
        return approvals_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return rows.filter(**{self._LOOKUPS.get(name, name): wanted[name] for name in wanted})

    def get_serializer(self, *args: Any, **options: Any) -> Any:
        if args and options.get("many"):  # one question for the takes of all scenes
            options["context"] = self.get_serializer_context() | asked_at_once(args[0])
            return ApprovalShown(*args, **options)
        return super().get_serializer(*args, **options)


class OneApproval(Row):
    rights: ClassVar = SEE_WORK
    queryset = Approval.objects.all()
    serializer_class = ApprovalShown

    def rows(self, user: Any) -> QuerySet[Approval]:
        return approvals_of(user)


def approvals_of(user: Any) -> QuerySet[Approval]:
    found = Approval.everything.filter(scene__scan__reel__in=reels_of(user, SEE_WORK["GET"]))
    return found.select_related("scene__scan", "take", "by", "withdrawn_by")


class StageShown(serializers.Serializer):
    """A stage of the chain that stands; `reasons`: why the decision on it is stale."""

    take = serializers.IntegerField(source="take.pk")
    stage = serializers.CharField(source="take.stage")
    number = serializers.IntegerField(source="take.number")
    version = serializers.CharField(source="take.version")
    digest = serializers.CharField(source="take.digest")
    state = serializers.ChoiceField(StageState.choices)
    decision = serializers.IntegerField(source="decision.pk", default=None, allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())


class StagesShown(serializers.Serializer):
    """The stages of the restoration, and of the colour version where there is one, from the scan
    outwards, each with where it stands by itself."""

    restoration = StageShown(many=True)
    colour = StageShown(many=True)


class Stages(Row):
    """The stages that a scene's takes were made by, and what was decided on each by itself."""

    rights: ClassVar = SEE_WORK
    queryset = Scene.objects.all()
    serializer_class = StagesShown

    def rows(self, user: Any) -> QuerySet[Scene]:
        return scenes_of(user)

    def shown(self, row: Scene) -> Any:
        takes, said = TakeIndex([row]), SaidOfTakes([row])
        found: dict[str, Any] = {}
        for version in (cuts.RESTORATION, cuts.COLOUR):
            head = cuts.head_takes([row], version, takes=takes).get(row.pk)
            found[version] = of_chain(row, head, takes=takes, said=said) if head else []
        return StagesShown(found).data


class Decide(serializers.Serializer):
    take = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    digest = serializers.RegexField(
        r"^[0-9a-f]{64}$", help_text="Of the take that was looked at, as its address tells"
    )
    comment = Text(max_length=2000)
    seen = serializers.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        required=False,
        help_text="Number of the newest decision that was known, 0 for none; refused if another "
        "person has decided since",
    )
    alone = serializers.BooleanField(
        default=False,
        help_text="Of this stage's take by itself, anywhere in the chain; `seen` is then the "
        "newest decision on that take. What leaves is approved at the end of the chain",
    )


class DecideWithReason(Decide):
    comment = serializers.CharField(max_length=2000, help_text="What should change")


class _Deciding(Endpoint):
    rights: ClassVar = {"POST": "review.decide"}
    scope = "decide"
    queryset = Scene.objects.all()
    serializer_class = ApprovalShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scene]:
        return scenes_of(user)

    def decide(self, scene: Scene, take: Take, **said: Any) -> Approval:
        raise NotImplementedError

    @extend_schema(responses={201: ApprovalShown})
    def post(self, request: Request, pk: int) -> Response:
        scene, said = self.row(), self.said()
        return writing.once(request, lambda: self._decide(scene, said))

    def _decide(self, scene: Scene, said: dict[str, Any]) -> Response:
        take = Take.objects.filter(pk=said["take"], scan=scene.scan_id).first()
        if take is None:
            raise DecisionRefused("Nothing was recorded: this scene has no such take.")
        made = self.decide(
            scene,
            take,
            by=signed_in(self.request._request),
            digest=said["digest"],
            seen=said.get("seen"),
            alone=said["alone"],
            comment=said.get("comment", ""),
        )
        shown = approvals_of(self.request.user).get(pk=made.pk)
        return Response(
            self.shown(shown), 201, headers={"Location": f"/api/v1/approvals/{made.pk}"}
        )


class Approve(_Deciding):
    """Approve the take that stands at the end of the scene's chain, or a stage's take `alone`, in
    your name."""

    reads = Decide

    def decide(self, scene: Scene, take: Take, **said: Any) -> Approval:
        return decisions.approve(scene, take, **said)


class RequestChanges(_Deciding):
    """Send the take back with a reason."""

    reads = DecideWithReason

    def decide(self, scene: Scene, take: Take, **said: Any) -> Approval:
        reason = said.pop("comment")
        return decisions.request_changes(scene, take, reason=reason, **said)


class Withdraw(Endpoint):
    """Take a decision back; the scene then has none."""

    rights: ClassVar = {"POST": "review.decide"}
    scope = "decide"
    queryset = Approval.objects.all()
    serializer_class = ApprovalShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Approval]:
        return approvals_of(user)

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._withdraw)

    def _withdraw(self) -> Response:
        decisions.withdraw(self.row(), by=signed_in(self.request._request))
        return Response(self.shown(self.row()))
