from __future__ import annotations

from django.urls import path

from restoration.api import cuts, hints, runs, takes

urlpatterns = [
    path("edits", cuts.Edits.as_view(), name="api-edits"),
    path("edits/<int:pk>", cuts.OneEdit.as_view(), name="api-edit"),
    path("edits/<int:pk>/undo", cuts.UndoEdit.as_view(), name="api-undo-edit"),
    path("edits/<int:pk>/redo", cuts.RedoEdit.as_view(), name="api-redo-edit"),
    path("scenes/<int:pk>/split", cuts.SplitScene.as_view(), name="api-split-scene"),
    path("scenes/<int:pk>/merge", cuts.MergeScene.as_view(), name="api-merge-scene"),
    path("scenes/<int:pk>/move-cut", cuts.MoveCut.as_view(), name="api-move-cut"),
    path("scenes/<int:pk>/check-cut", cuts.CheckCut.as_view(), name="api-check-cut"),
    path("scenes/<int:pk>/border", cuts.DescribeBorder.as_view(), name="api-border"),
    path("scenes/<int:pk>/mark", cuts.JudgeMark.as_view(), name="api-mark"),
    path("hints", hints.Hints.as_view(), name="api-hints"),
    path("hints/<int:pk>", hints.OneHint.as_view(), name="api-hint"),
    path("takes", takes.Takes.as_view(), name="api-takes"),
    path("takes/<int:pk>", takes.OneTake.as_view(), name="api-take"),
    path("runs", runs.Runs.as_view(), name="api-runs"),
    path("runs/<int:pk>", runs.OneRun.as_view(), name="api-run"),
    path("runs/<int:pk>/cancel", runs.CancelRun.as_view(), name="api-cancel-run"),
    path("runs/<int:pk>/retry", runs.RetryRun.as_view(), name="api-retry-run"),
]
