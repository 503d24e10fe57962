from __future__ import annotations

from django.urls import include, path

from archive import collection_views, description_views, exchange_views, reading_views, views

urlpatterns = [
    path("reels/<int:pk>/describe/", description_views.describe, name="describe"),
    path("reels/<int:pk>/draft/", description_views.draft, name="description-draft"),
    path(
        "reels/<int:pk>/condition/draft/",
        description_views.examination_draft,
        name="examination-draft",
    ),
    path("reels/<int:pk>/description/<slug:kind>.xml", exchange_views.give_out, name="give-out"),
    path("reels/<int:pk>/take-in/", exchange_views.take_in, name="take-in"),
    path("reels/<int:pk>/condition/", description_views.condition, name="condition"),
    path(
        "reels/<int:pk>/faults/<int:fault>.jpg",
        description_views.fault_photograph,
        name="fault-photograph",
    ),
    path("reels/<int:pk>/earlier/", description_views.earlier_event, name="earlier-event"),
    path("reels/<int:pk>/history/", description_views.history, name="description-history"),
    path("scans/<int:pk>/proxy.mp4", views.proxy, name="scan-proxy"),
    path("scans/<int:pk>/waveform.json", views.waveform, name="scan-waveform"),
    path("scans/<int:pk>/viewing/", views.viewing, name="scan-viewing"),
    path("scans/<int:pk>/stills/<int:frame>.jpg", views.still, name="scan-still"),
    path("scans/<int:pk>/frames/<int:frame>.png", views.frame, name="scan-frame"),
    path("collections/", collection_views.collections, name="collections"),
    path("collections/<int:pk>/roles/", collection_views.roles_in, name="collection-roles"),
    path("readings/", reading_views.readings, name="readings"),
    path("upload/", include("archive.upload_urls")),
]
