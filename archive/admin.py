from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest

from archive import custody
from archive.models import (
    AccessToken,
    Agent,
    CatalogueChange,
    CatalogueLine,
    Collection,
    CollectionMember,
    CollectionRole,
    ConditionReport,
    Credit,
    DescriptionDraft,
    Element,
    ElementIdentifier,
    Event,
    FacetValue,
    Fault,
    FixityCheck,
    FixitySchedule,
    Identifier,
    ImportedPart,
    ImportedRow,
    ImportJob,
    InstitutionAccount,
    Reading,
    Reel,
    ReelIdentifier,
    Relation,
    Restriction,
    Rights,
    Scan,
    SecondCopy,
    StoredAnswer,
    StoredFile,
    Term,
    Title,
    TrashedReel,
    Upload,
    UploadedFrame,
    Variant,
    Webhook,
    WebhookMessage,
)

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:  # at run time Django's classes take no parameters
    Admin, Inline = admin.ModelAdmin, admin.TabularInline


class ReadOnlyAdmin(Admin):
    """Shown, never changed: written by the code that knows what it means."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _marked(formset: Any) -> list[Any]:
    """Rows that are to go, which stand until the formset is saved."""
    return [form.instance for form in formset.deleted_forms if form.instance.pk is not None]


class RecordedAdmin(Admin):
    """Description that people change; each change is an event."""

    def save_model(  # Django's signature
        self,
        request: HttpRequest,
        obj: Any,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            changes = {
                name: [str(form.initial.get(name) or ""), str(form.cleaned_data.get(name))]
                for name in form.changed_data
            }
            detail = {"of": obj._meta.model_name, "changes": changes}
            record_change(request, obj, kind="metadata modification", detail=detail)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Rows that are changed below another are told of too, each by itself."""
        with transaction.atomic():
            before = {
                each.instance.pk: {name: str(said or "") for name, said in each.initial.items()}
                for each in formset.initial_forms
            }
            for obj in _marked(formset):
                record_change(request, obj, kind="deletion", detail={"was": str(obj)})
            super().save_formset(request, form, formset, change)
            for obj, names in formset.changed_objects:
                said = {name: [before[obj.pk][name], str(getattr(obj, name))] for name in names}
                detail = {"of": obj._meta.model_name, "changes": said}
                record_change(request, obj, kind="metadata modification", detail=detail)
            for obj in formset.new_objects:
                detail = {"of": obj._meta.model_name, "made": str(obj)}
                record_change(request, obj, kind="metadata modification", detail=detail)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            record_change(request, obj, kind="deletion", detail={"was": str(obj)})
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


def record_change(request: HttpRequest, obj: Any, *, kind: str, detail: dict[str, Any]) -> None:
    """Tell it in the reel's chain, or in the archive's for what is more than one reel."""
    custody.record(
        kind=kind,
        agent=custody.person(request.user),  # type: ignore[arg-type]  # nobody else gets in
        subject=f"{obj._meta.model_name}:{obj.pk}",
        reel=obj if isinstance(obj, Reel) else None,
        detail=detail,
    )


HTTPS: dict[Any, Any] = {models.URLField: {"assume_scheme": "https"}}


class RightsInline(Inline):
    model = Rights
    formfield_overrides = HTTPS
    extra = 0


@admin.register(Collection)
class CollectionAdmin(RecordedAdmin):
    search_fields = ["name"]


@admin.register(Title)
class TitleAdmin(RecordedAdmin):
    list_display = ["name", "year", "country", "collection"]
    list_select_related = ["collection"]
    list_filter = ["collection"]
    search_fields = ["name"]
    inlines = [RightsInline]


@admin.register(Rights)
class RightsAdmin(RecordedAdmin):
    formfield_overrides = HTTPS
    list_display = ["title", "statement", "holder"]
    list_select_related = ["title"]


@admin.register(Variant, Credit, Identifier, Relation, Restriction)
class RowAdmin(RecordedAdmin):
    list_display = ["title", "__str__"]
    list_select_related = ["title"]
    search_fields = ["title__name"]


@admin.register(ElementIdentifier)
class ElementIdentifierAdmin(RecordedAdmin):
    list_display = ["element", "__str__"]
    list_select_related = ["element__title"]
    search_fields = ["value", "element__title__name"]


@admin.register(ReelIdentifier)
class ReelIdentifierAdmin(RecordedAdmin):
    list_display = ["reel", "__str__"]
    list_select_related = ["reel__element__title"]
    search_fields = ["value", "reel__element__title__name"]


@admin.register(CollectionMember)
class CollectionMemberAdmin(RecordedAdmin):
    list_display = ["collection", "user"]
    list_select_related = ["collection", "user"]
    list_filter = ["collection"]


@admin.register(CollectionRole)
class CollectionRoleAdmin(ReadOnlyAdmin):
    """Given and taken back on the collection's own page, which writes down by whom."""

    list_display = ["collection", "user", "role", "given_by", "given"]
    list_select_related = ["collection", "user", "given_by"]
    list_filter = ["collection", "role"]


@admin.register(Term)
class TermAdmin(RecordedAdmin):
    list_display = ["label", "code", "vocabulary", "retired"]
    list_filter = ["vocabulary", "retired"]
    search_fields = ["label", "code"]


@admin.register(Element)
class ElementAdmin(RecordedAdmin):
    list_display = ["title", "name", "gauge", "generation", "sound"]
    list_select_related = ["title"]
    search_fields = ["title__name", "name"]


@admin.register(Reel)
class ReelAdmin(RecordedAdmin):
    list_display = ["__str__", "access", "created"]
    list_select_related = ["element__title"]
    list_filter = ["access"]
    search_fields = ["element__title__name"]


@admin.register(ConditionReport)
class ConditionReportAdmin(ReadOnlyAdmin):
    list_display = ["reel", "on", "examined_by"]
    list_select_related = ["reel__element__title"]


@admin.register(Fault)
class FaultAdmin(ReadOnlyAdmin):
    list_display = ["report", "kind", "grade"]
    list_select_related = ["report"]


@admin.register(Scan)
class ScanAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "kind", "frames", "rate", "derivatives", "path"]
    list_select_related = ["reel__element__title"]
    list_filter = ["kind", "derivatives"]
    search_fields = ["path", "sha256"]


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "version", "user"]
    list_select_related = ["user"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["chain", "sequence", "at", "kind", "agent", "subject", "outcome"]
    list_select_related = ["agent"]
    list_filter = ["kind", "outcome"]
    search_fields = ["chain", "subject", "request"]


@admin.register(FixityCheck)
class FixityCheckAdmin(ReadOnlyAdmin):
    list_display = ["scan", "at", "outcome"]
    list_select_related = ["scan__reel__element__title"]
    list_filter = ["outcome"]


@admin.register(FixitySchedule)
class FixityScheduleAdmin(RecordedAdmin):
    list_display = ["place", "days", "from_hour", "to_hour", "gigabytes_a_day"]


@admin.register(SecondCopy)
class SecondCopyAdmin(ReadOnlyAdmin):
    list_display = ["scan", "path", "compared", "outcome"]
    list_select_related = ["scan__reel__element__title"]
    list_filter = ["outcome"]


@admin.register(TrashedReel)
class TrashedReelAdmin(ReadOnlyAdmin):
    list_display = ["reel", "at", "by", "reason", "held", "emptied"]
    list_select_related = ["reel__element__title", "by"]


@admin.register(CatalogueLine)
class CatalogueLineAdmin(ReadOnlyAdmin):
    list_display = ["name", "number", "year"]
    search_fields = ["name"]


admin.site.register([FacetValue, CatalogueChange], ReadOnlyAdmin)


@admin.register(Reading)
class ReadingAdmin(ReadOnlyAdmin):
    list_display = ["at", "person", "reel", "what"]
    list_select_related = ["person", "reel__element__title"]


@admin.register(AccessToken)
class AccessTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "owner", "beginning", "expires", "used", "revoked"]
    list_select_related = ["owner"]
    exclude = ["digest"]


@admin.register(StoredAnswer)
class StoredAnswerAdmin(ReadOnlyAdmin):
    list_display = ["key", "owner", "status", "at"]
    list_select_related = ["owner"]
    exclude = ["body"]  # it may tell of film that not every administrator may see


@admin.register(InstitutionAccount)
class InstitutionAccountAdmin(Admin):
    """An administrator joins an account that there is with whom the institution knows."""

    list_display = ["user", "issuer", "subject", "since"]
    list_select_related = ["user"]
    raw_id_fields = ["user"]


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    list_display = ["key", "bytes", "is_kept", "is_leaving", "created"]
    list_filter = ["is_kept", "is_leaving"]
    search_fields = ["key", "sha256"]
    exclude = ["pieces"]


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ["url", "owner", "created", "ended", "ended_because"]
    list_select_related = ["owner"]
    exclude = ["salt"]  # of the secret that signs


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnlyAdmin):
    list_display = ["kind", "webhook", "status", "attempts", "due", "answer"]
    list_select_related = ["webhook"]


@admin.register(DescriptionDraft)
class DescriptionDraftAdmin(ReadOnlyAdmin):
    list_display = ["reel", "owner", "at"]
    list_select_related = ["reel__element__title", "owner"]
    exclude = ["fields"]  # what is not saved is for its typist alone


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ["name", "title", "owner", "status", "created"]
    list_select_related = ["owner"]
    list_filter = ["status"]


@admin.register(UploadedFrame)
class UploadedFrameAdmin(ReadOnlyAdmin):
    list_display = ["name", "upload", "place", "length"]
    list_select_related = ["upload"]


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    list_display = ["name", "owner", "status", "rows_done", "rows_total", "created"]
    list_select_related = ["owner"]
    list_filter = ["status"]
    exclude = ["file"]


admin.site.register([ImportedRow, ImportedPart], ReadOnlyAdmin)
