from __future__ import annotations

from django.urls import path

from review import (
    cast_views,
    delivery_views,
    search_views,
    storyboard_views,
    transcript_views,
    views,
)

urlpatterns = [
    path("", views.today, name="today"),
    path("catalogue/", views.catalogue, name="catalogue"),
    path("search/", search_views.search, name="search"),
    path("search/hits.<slug:kind>", search_views.export, name="search-hits"),
    path("search/save/", search_views.save, name="save-search"),
    path("search/<int:pk>/forget/", search_views.forget, name="forget-search"),
    path("reels/<int:pk>/cite/<int:frame>/", search_views.cite, name="cite"),
    path("reels/<int:pk>/", views.reel, name="reel"),
    path("reels/<int:pk>/storyboard/", storyboard_views.storyboard, name="storyboard"),
    path("reels/<int:pk>/transcript/", transcript_views.transcript, name="transcript"),
    path("reels/<int:pk>/transcript.<slug:kind>", transcript_views.file, name="transcript-file"),
    path("reels/<int:pk>/transcript/correct/", transcript_views.correct, name="correct-transcript"),
    path("reels/<int:pk>/transcript/undo/", transcript_views.undo, name="undo-transcript"),
    path("reels/<int:pk>/transcript/import/", transcript_views.take_in, name="import-transcript"),
    path(
        "transcript-corrections/<int:pk>/withdraw/",
        transcript_views.withdraw,
        name="withdraw-transcript-correction",
    ),
    path("reels/<int:pk>/cast/", cast_views.cast_of_reel, name="cast"),
    path("faces/<int:pk>/picture", cast_views.face_picture, name="face-picture"),
    path("faces/<int:pk>/name/", cast_views.name, name="name-face"),
    path("namings/<int:pk>/again/", cast_views.name_again, name="name-again"),
    path("namings/<int:pk>/withdraw/", cast_views.take_back, name="withdraw-naming"),
    path("reels/<int:pk>/cast/<int:character>/", cast_views.rename, name="rename-character"),
    path("reels/<int:pk>/deliver/", delivery_views.deliver, name="deliver"),
    path("reels/<int:pk>/gate/", delivery_views.gate, name="gate"),
    path("reels/<int:pk>/deliveries/", delivery_views.deliveries, name="deliveries"),
    path("deliveries/<int:pk>/cancel/", delivery_views.cancel, name="cancel-delivery"),
    path("deliveries/<int:pk>/retry/", delivery_views.retry, name="retry-delivery"),
    path(
        "deliverables/<int:pk>/files/<int:place>",
        delivery_views.deliverable_file,
        name="deliverable-file",
    ),
    path(
        "deliverables/<int:pk>/withdraw/",
        delivery_views.withdraw_deliverable,
        name="withdraw-deliverable",
    ),
    path("scenes/<int:pk>/", views.scene, name="scene"),
    path("scenes/<int:pk>/approve/", views.approve, name="approve"),
    path("scenes/<int:pk>/request-changes/", views.request_changes, name="request-changes"),
    path("scenes/<int:pk>/notes/", views.add_note, name="add-note"),
    path("notes/<int:pk>/resolve/", views.resolve_note, name="resolve-note"),
    path("approvals/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
]
