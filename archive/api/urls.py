from __future__ import annotations

from django.urls import path

from archive.api import catalogue, guide, webhooks
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
    path("webhooks", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("webhooks/<int:pk>", webhooks.OneWebhook.as_view(), name="api-webhook"),
    path("webhooks/<int:pk>/messages", webhooks.Messages.as_view(), name="api-messages"),
    path(
        "webhooks/<int:pk>/messages/<int:message>/again",
        webhooks.SendAgain.as_view(),
        name="api-send-again",
    ),
]
