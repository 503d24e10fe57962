"""What collections may use of disk, workers and graphics processors, and what they have used."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import writing
from archive.api.catalogue import collections_of, reels_of
from archive.api.rows import LARGEST, Id
from archive.api.views import Row, Rows
from archive.models import Collection
from restoration import quotas
from restoration.models import CollectionQuota

START = "restoration.start_run"
BOUND = "restoration.change_collectionquota"
"""Of administrators, as on their own pages."""


class QuotaShown(serializers.ModelSerializer):
    """Bounds of one collection; one that is null holds nothing back. Administrators set them."""

    used_bytes = serializers.IntegerField(
        source="bytes_used", read_only=True, help_text="Of the files of its takes"
    )
    used_gpu_minutes = serializers.SerializerMethodField(help_text="Within thirty days")
    computing = serializers.IntegerField(read_only=True, help_text="Runs that compute now")

    class Meta:
        model = CollectionQuota
        fields = (
            *("id", "collection", "disk_bytes", "used_bytes", "running_runs", "computing"),
            *("gpu_minutes", "used_gpu_minutes"),
        )

    def get_used_gpu_minutes(self, quota: Any) -> float:
        return round(quota.time_used.total_seconds() / 60, 1) if quota.time_used else 0.0


class QuotaFilters(serializers.Serializer):
    collection = Id()


class Quotas(Rows):
    """Quotas of the collections in which you start runs, with what is used of each."""

    rights: ClassVar = {"GET": START}
    queryset = CollectionQuota.objects.all()
    serializer_class = QuotaShown
    filters = QuotaFilters

    def rows(self, user: Any) -> QuerySet[CollectionQuota]:
        reels = reels_of(user, START).filter(element__title__collection=OuterRef("collection"))
        return quotas.with_use(CollectionQuota.objects.filter(Exists(reels)))


class QuotaChange(serializers.Serializer):
    """A bound that is left out stays; null: none."""

    disk_bytes = serializers.IntegerField(
        min_value=0, max_value=LARGEST, required=False, allow_null=True,
        help_text="Of all files of its takes",
    )  # fmt: skip
    running_runs = serializers.IntegerField(
        min_value=1, max_value=32_767, required=False, allow_null=True,
        help_text="That compute at the same time",
    )  # fmt: skip
    gpu_minutes = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, allow_null=True,
        help_text="Of graphics processors, in any thirty days",
    )  # fmt: skip


class BoundsShown(serializers.ModelSerializer):
    """What a collection may use. What it has used: `quotas`."""

    class Meta:
        model = CollectionQuota
        fields = ("collection", "disk_bytes", "running_runs", "gpu_minutes")


class QuotaOf(Row):
    """The bounds of one collection; all null where none were set."""

    rights: ClassVar = {"GET": START, "PATCH": BOUND}
    is_guarded = True
    queryset = Collection.objects.all()
    serializer_class = BoundsShown
    reads = QuotaChange

    def rows(self, user: Any) -> QuerySet[Collection]:
        if user.has_perm(BOUND):
            return Collection.objects.all()
        return collections_of(user)  # whether they start runs there is asked of the row

    def shown(self, row: Any) -> Any:
        standing = CollectionQuota.objects.filter(collection=row).first()
        return super().shown(standing or CollectionQuota(collection=row))

    @extend_schema(responses={200: BoundsShown})
    def patch(self, request: Request, pk: int) -> Response:
        """Set bounds; runs that wait keep to them from now on."""
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._bound(said))

    def _bound(self, said: dict[str, Any]) -> Response:
        held = Collection.objects.select_for_update(no_key=True).filter(pk=self.kwargs["pk"])
        collection = held.first()
        if collection is None:
            raise NotFound
        writing.require_seen(self.request, writing.etag_of(self.shown(collection)))
        quotas.bound(collection, said, by=signed_in(self.request._request))
        return self.answer(collection)
