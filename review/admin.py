"""Decisions, notes and deliverables in the admin: to look at. They are made on the pages."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from archive.admin import ReadOnlyAdmin
from review.models import Approval, ApprovalBatch, Deliverable, Delivery, HandOver, Note, Withdrawal


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ["take", "decision", "alone", "by", "at", "withdrawn"]
    list_filter = ["decision", "alone"]
    list_select_related = ["take", "by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        return Approval.everything.all()


@admin.register(ApprovalBatch)
class ApprovalBatchAdmin(ReadOnlyAdmin):
    list_display = ["scan", "every", "most", "by", "at"]
    list_select_related = ["by"]


@admin.register(HandOver)
class HandOverAdmin(ReadOnlyAdmin):
    list_display = ["scene", "to", "role", "by", "at"]
    list_select_related = ["to", "by"]


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ["text", "start_frame", "end_frame", "by", "at", "resolved"]
    list_select_related = ["by"]


@admin.register(Deliverable)
class DeliverableAdmin(ReadOnlyAdmin):
    list_display = ["reel", "format", "use", "by", "at"]
    list_select_related = ["reel__element__title", "by"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["reel", "format", "use", "status", "by", "created", "ended"]
    list_filter = ["status"]
    list_select_related = ["reel__element__title", "by"]


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    list_display = ["deliverable", "by", "at", "reason"]
    list_select_related = ["deliverable__reel__element__title", "by"]
