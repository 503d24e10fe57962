"""What collections may use of disk, workers and graphics processors, and what they have used."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from rest_framework import serializers

from archive.api.catalogue import reels_of
from archive.api.rows import Id
from archive.api.views import Rows
from restoration import quotas
from restoration.models import CollectionQuota

START = "restoration.start_run"


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
