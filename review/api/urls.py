from __future__ import annotations

from django.urls import path

from review.api import (
    cast,
    corrections,
    decisions,
    deliveries,
    downloads,
    notes,
    reels,
    scenes,
    search,
    searches,
)

urlpatterns = [
    path("reels", reels.Reels.as_view(), name="api-reels"),
    path("reels/<int:pk>", reels.OneReel.as_view(), name="api-reel"),
    path("reels/<int:pk>/events", reels.Events.as_view(), name="api-events"),
    path("reels/<int:pk>/transcript", scenes.TheTranscript.as_view(), name="api-transcript"),
    path("reels/<int:pk>/lines", scenes.Lines.as_view(), name="api-lines"),
    path("reels/<int:pk>/faces", cast.Faces.as_view(), name="api-faces"),
    path("reels/<int:pk>/characters", cast.Characters.as_view(), name="api-characters"),
    path(
        "reels/<int:pk>/characters/<int:character>/rename",
        cast.RenameCharacter.as_view(),
        name="api-rename-character",
    ),
    path("faces/<int:pk>/name", cast.NameFace.as_view(), name="api-name-face"),
    path("namings/<int:pk>", cast.TakeBackName.as_view(), name="api-take-back-name"),
    path("corrections", corrections.Corrections.as_view(), name="api-corrections"),
    path("corrections/<int:pk>", corrections.OneCorrection.as_view(), name="api-correction"),
    path("scenes", scenes.Scenes.as_view(), name="api-scenes"),
    path("scenes/<int:pk>", scenes.OneScene.as_view(), name="api-scene"),
    path("scenes/<int:pk>/approve", decisions.Approve.as_view(), name="api-approve"),
    path(
        "scenes/<int:pk>/request-changes",
        decisions.RequestChanges.as_view(),
        name="api-request-changes",
    ),
    path("approvals", decisions.Approvals.as_view(), name="api-approvals"),
    path("approvals/<int:pk>", decisions.OneApproval.as_view(), name="api-approval"),
    path("approvals/<int:pk>/withdraw", decisions.Withdraw.as_view(), name="api-withdraw"),
    path("notes", notes.Notes.as_view(), name="api-notes"),
    path("notes/<int:pk>", notes.OneNote.as_view(), name="api-note"),
    path("notes/<int:pk>/answer", notes.AnswerNote.as_view(), name="api-answer-note"),
    path("notes/<int:pk>/resolve", notes.ResolveNote.as_view(), name="api-resolve-note"),
    path("notes/<int:pk>/reopen", notes.ReopenNote.as_view(), name="api-reopen-note"),
    path("deliveries", deliveries.Deliveries.as_view(), name="api-deliveries"),
    path("deliveries/<int:pk>", deliveries.OneDelivery.as_view(), name="api-delivery"),
    path(
        "deliveries/<int:pk>/cancel",
        deliveries.CancelDelivery.as_view(),
        name="api-cancel-delivery",
    ),
    path("deliverables", deliveries.Deliverables.as_view(), name="api-deliverables"),
    path("deliverables/<int:pk>", deliveries.OneDeliverable.as_view(), name="api-deliverable"),
    path(
        "deliverables/<int:pk>/files/<int:place>/link",
        deliveries.FileLink.as_view(),
        name="api-file-link",
    ),
    path("downloads/<str:signed>", downloads.download, name="api-download"),
    path("search", search.Search.as_view(), name="api-search"),
    path("searches", searches.Searches.as_view(), name="api-searches"),
    path("searches/<int:pk>/new.atom", searches.SearchFeed.as_view(), name="api-search-feed"),
]
