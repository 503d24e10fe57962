from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from archive.admin import RecordedAdmin
from restoration.models import (
    CollectionQuota,
    ColourCorrection,
    ColourReference,
    Hint,
    PaletteEntry,
    ProtectedRegion,
    RepairDecision,
    Scene,
    SceneEdit,
    StageRun,
    Take,
    Verdict,
    Worker,
)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no subscript when it runs
    """To look at: these rows are changed by the engine and by `restoration.scenes` alone."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(CollectionQuota)
class CollectionQuotaAdmin(RecordedAdmin):
    list_display = ["collection", "disk_bytes", "running_runs", "gpu_minutes"]
    list_select_related = ["collection"]


@admin.register(Scene)
class SceneAdmin(ReadOnlyAdmin):
    list_display = ["scan", "start_frame", "end_frame", "kind", "by_hand", "retired"]
    list_filter = ["kind", "by_hand"]
    list_select_related = ["scan__reel__element__title"]


@admin.register(StageRun)
class StageRunAdmin(ReadOnlyAdmin):
    list_display = ["pk", "stage", "start_frame", "end_frame", "status", "attempt", "worker"]
    list_filter = ["status", "stage", "queue"]
    list_select_related = ["scan__reel__element__title"]


@admin.register(Take)
class TakeAdmin(ReadOnlyAdmin):
    list_display = ["pk", "stage", "number", "start_frame", "end_frame", "digest", "created"]
    list_filter = ["stage"]
    list_select_related = ["scan__reel__element__title"]


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ["name", "queue", "device", "started", "seen"]


@admin.register(ProtectedRegion)
class ProtectedRegionAdmin(ReadOnlyAdmin):
    list_display = ["pk", "scan", "start_frame", "end_frame", "by", "at", "removed"]
    list_select_related = ["scan__reel__element__title", "by"]


@admin.register(RepairDecision)
class RepairDecisionAdmin(ReadOnlyAdmin):
    list_display = ["pk", "scan", "frame", "decision", "by", "at", "withdrawn"]
    list_filter = ["decision"]
    list_select_related = ["scan__reel__element__title", "by"]


@admin.register(Hint)
class HintAdmin(ReadOnlyAdmin):
    list_display = ["pk", "scan", "frame", "hex", "entry", "by", "at", "withdrawn"]
    list_select_related = ["scan__reel__element__title", "by", "entry__palette"]


@admin.register(PaletteEntry)
class PaletteEntryAdmin(ReadOnlyAdmin):
    list_display = ["palette", "name", "hex", "certainty", "source", "by", "at", "withdrawn"]
    list_filter = ["certainty"]
    list_select_related = ["palette", "by"]


@admin.register(ColourReference)
class ColourReferenceAdmin(ReadOnlyAdmin):
    list_display = ["pk", "scan", "frame", "name", "source", "by", "at", "withdrawn"]
    list_select_related = ["scan__reel__element__title", "by"]


@admin.register(ColourCorrection)
class ColourCorrectionAdmin(ReadOnlyAdmin):
    list_display = ["pk", "scan", "start_frame", "end_frame", "box", "by", "at", "withdrawn"]
    list_select_related = ["scan__reel__element__title", "by"]


@admin.register(SceneEdit)
class SceneEditAdmin(ReadOnlyAdmin):
    list_display = ["scan", "number", "words", "by", "at", "undone", "undone_by"]
    list_select_related = ["scan__reel__element__title", "by", "undone_by"]


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ["scan", "frame", "about", "holds", "by", "at"]
    list_filter = ["about", "holds"]
    list_select_related = ["scan__reel__element__title", "by"]
