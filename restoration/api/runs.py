"""Runs of stages: listed, asked for, cancelled, tried again."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive import roles
from archive.access import signed_in, without_held
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Endpoint, Row, Rows
from restoration import hurrying, pools, runs, scenes
from restoration.errors import CannotStart, IllegalTransition, RestorationError
from restoration.models import Scene, StageRun, Take, Worker
from restoration.stages.contract import StageError

problems.answer_with(409, IllegalTransition)
problems.answer_with(422, StageError, CannotStart, RestorationError)


class RunShown(serializers.ModelSerializer):
    """One attempt after another to run a stage; `status` says how it stands."""

    reel = serializers.IntegerField(source="scan.reel_id")
    params = serializers.JSONField()
    requested_by = serializers.CharField(
        source="requested_by.username", default=None, allow_null=True
    )

    waits_for = serializers.SerializerMethodField(
        help_text="In words, where no live worker has the memory that it needs; else empty"
    )

    class Meta:
        model = StageRun
        fields = (
            *("id", "reel", "scan", "scene", "stage", "start_frame", "end_frame", "params"),
            *("input_take", "status", "attempt", "frames_done", "frames_total", "device", "take"),
            *(
                "queue",
                "memory",
                "waits_for",
                "offered",
                "error",
                "batch",
                "cancel_requested",
                "requested_by",
                "created",
            ),
            *("started", "ended"),
        )

    def get_waits_for(self, run: StageRun) -> str:
        if run.status != StageRun.Status.QUEUED:
            return ""
        if "held" not in self.context:  # once for all that are shown
            self.context["held"] = Worker.objects.most_held()
        return pools.waits_for(run, self.context["held"])


class RunFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    scene = Id()
    stage = Text(max_length=40)
    status = serializers.ChoiceField(StageRun.Status.choices, required=False)
    batch = serializers.UUIDField(required=False, help_text="Runs that were asked for together")


class RunOrder(serializers.Serializer):
    """Stages over a reel or over one scene, as the pages start them."""

    reel = Id(allow_null=True)
    scene = Id(allow_null=True, help_text="Instead of a reel: this scene alone")
    stages = serializers.ListField(
        child=serializers.CharField(max_length=40), allow_empty=False, max_length=40
    )
    params = serializers.DictField(
        child=serializers.DictField(), required=False, help_text="Stage, then its parameters"
    )
    urgent = serializers.BooleanField(default=False, help_text="Before all that is not")
    version = serializers.ChoiceField(
        Take.Version.choices, required=False, help_text="Of a scene: whose takes are worked on"
    )

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if (said.get("reel") is None) == (said.get("scene") is None):
            raise serializers.ValidationError("Name a reel or a scene, one of them.")
        return said


class Runs(Rows):
    """Runs of the reels that you may see; who only keeps the machine sees them all but those of
    reels under embargo or in closed collections."""

    queryset = StageRun.objects.all()
    serializer_class = RunShown
    filters = RunFilters
    reads = RunOrder
    rights: ClassVar = {"POST": "restoration.start_run"}

    def rows(self, user: Any) -> QuerySet[StageRun]:
        return runs_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (reel := wanted.pop("reel", None)) is not None:
            rows = rows.filter(scan__reel=reel)
        return rows.filter(**wanted)

    @extend_schema(responses={201: RunShown(many=True)})
    def post(self, request: Request) -> Response:
        """Start stages: the runs that begin now; those that follow on them share their `batch`."""
        said = self.said()
        return writing.once(request, lambda: self._start(said))

    def _start(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        stages, params = said["stages"], said.get("params", {})
        runs.plan(stages, params)  # before anything is kept of it
        if said.get("scene") is not None:
            scenes_seen = Scene.objects.current().filter(scan__reel__in=reels_of(by))
            scene = _one(scenes_seen.filter(pk=said["scene"]).select_related("scan__reel"))
            self.ask_right(scene.scan.reel)
            for name, values in params.items():  # kept with the scene, as the page keeps them
                scene = scenes.set_settings(scene, name, values, by=by)
            version = said.get("version")
            started = [
                runs.process_scene(
                    scene, stages=stages, version=version, by=by, urgent=said["urgent"]
                )
            ]
        else:
            reel = _one(reels_of(by).select_related("element__title").filter(pk=said["reel"]))
            self.ask_right(reel)
            started = runs.process_reel(
                reel, stages=stages, params=params, by=by, urgent=said["urgent"]
            )
        found = StageRun.objects.filter(pk__in=[run.pk for run in started])
        shown = RunShown(found.select_related("scan", "requested_by"), many=True).data
        return Response(shown, 201)


class OneRun(Row):
    queryset = StageRun.objects.all()
    serializer_class = RunShown

    def rows(self, user: Any) -> QuerySet[StageRun]:
        return runs_of(user)


class _Steered(Endpoint):
    rights: ClassVar = {"POST": "restoration.steer_run"}
    queryset = StageRun.objects.all()
    serializer_class = RunShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[StageRun]:
        return runs_of(user)

    def steer(self, run: StageRun, by: Any) -> None:
        raise NotImplementedError

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._steer)

    def _steer(self) -> Response:
        self.steer(self.row(), signed_in(self.request._request))
        return Response(self.shown(self.row()))


class CancelRun(_Steered):
    """Stop it: at once if it waits, within seconds if it is running."""

    def steer(self, run: StageRun, by: Any) -> None:
        runs.cancel(run, by=by)


class RetryRun(_Steered):
    """Let a run that failed or was cancelled wait again."""

    def steer(self, run: StageRun, by: Any) -> None:
        runs.retry(run, by=by)


class HastenRun(_Steered):
    """Let a run that waits be urgent: before all that is not, and so what will follow on it."""

    def steer(self, run: StageRun, by: Any) -> None:
        hurrying.hasten(run, by=by)


class SlackenRun(_Steered):
    """Let an urgent run that waits be as others."""

    def steer(self, run: StageRun, by: Any) -> None:
        hurrying.slacken(run, by=by)


def runs_of(user: Any) -> QuerySet[StageRun]:
    """Of visible reels for whoever works on film; for whoever keeps the machine running, all but
    those of what is held back."""
    found = StageRun.objects.select_related("scan", "requested_by")
    if roles.of(user).there:
        return without_held(user, found, "scan__reel__", right="restoration.see_runs")
    if user.has_perm("review.open_review"):
        return found.filter(scan__reel__in=reels_of(user))
    if user.has_perm("restoration.view_work"):
        return without_held(user, found, "scan__reel__", right="restoration.view_work")
    return found.none()


def _one(rows: QuerySet[Any]) -> Any:
    found = rows.first()
    if found is None:
        raise NotFound
    return found
