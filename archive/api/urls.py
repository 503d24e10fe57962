from __future__ import annotations

from django.urls import path

from archive.api import catalogue, guide, uploads, webhooks
from archive.api.document import Schema

urlpatterns = [
    path("", guide.guide, name="api-guide"),
    path("schema", Schema.as_view(), name="api-schema"),
    path("collections", catalogue.Collections.as_view(), name="api-collections"),
    path("collections/<int:pk>", catalogue.OneCollection.as_view(), name="api-collection"),
    path("titles", catalogue.Titles.as_view(), name="api-titles"),
    path("titles/<int:pk>", catalogue.OneTitle.as_view(), name="api-title"),
    path("elements", catalogue.Elements.as_view(), name="api-elements"),
    path("elements/<int:pk>", catalogue.OneElement.as_view(), name="api-element"),
    path("scans", catalogue.Scans.as_view(), name="api-scans"),
    path("scans/<int:pk>", catalogue.OneScan.as_view(), name="api-scan"),
    path("uploads", uploads.Uploads.as_view(), name="api-uploads"),
    path("uploads/<uuid:pk>", uploads.OneUpload.as_view(), name="api-upload"),
    path("uploads/<uuid:pk>/bytes", uploads.UploadBytes.as_view(), name="api-upload-bytes"),
    path("uploads/<uuid:pk>/retry", uploads.RetryUpload.as_view(), name="api-retry-upload"),
    path("webhooks", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("webhooks/<int:pk>", webhooks.OneWebhook.as_view(), name="api-webhook"),
    path("webhooks/<int:pk>/try", webhooks.TryWebhook.as_view(), name="api-try-webhook"),
    path("webhooks/<int:pk>/messages", webhooks.Messages.as_view(), name="api-messages"),
    path(
        "webhooks/<int:pk>/messages/<int:message>/again",
        webhooks.SendAgain.as_view(),
        name="api-send-again",
    ),
]
