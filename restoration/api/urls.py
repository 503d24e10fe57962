from __future__ import annotations

from django.urls import path

from restoration.api import (
    cuts,
    glossary,
    grading,
    hints,
    palettes,
    pictures,
    quotas,
    repairs,
    runs,
    takes,
)

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
    path("scans/<int:pk>/frames/<int:frame>", pictures.ScanFrame.as_view(), name="api-scan-frame"),
    path("takes/<int:pk>/frames/<int:frame>", pictures.TakeFrame.as_view(), name="api-take-frame"),
    path(
        "takes/<int:pk>/frames/<int:frame>/link",
        pictures.TakeFrameLink.as_view(),
        name="api-take-frame-link",
    ),
    path("pictures/<str:signed>", pictures.picture, name="api-picture"),
    path("scenes/<int:pk>/cdl", grading.TakeInCdl.as_view(), name="api-take-in-cdl"),
    path(
        "takes/<int:pk>/repairs/<int:frame>",
        repairs.FrameRepairs.as_view(),
        name="api-take-repairs",
    ),
    path("repair-decisions", repairs.RepairDecisions.as_view(), name="api-repair-decisions"),
    path(
        "repair-decisions/<int:pk>",
        repairs.OneRepairDecision.as_view(),
        name="api-repair-decision",
    ),
    path("protected-regions", repairs.ProtectedRegions.as_view(), name="api-protected-regions"),
    path(
        "protected-regions/<int:pk>",
        repairs.OneProtectedRegion.as_view(),
        name="api-protected-region",
    ),
    path("palette-colours", palettes.PaletteColours.as_view(), name="api-palette-colours"),
    path(
        "palette-colours/<int:pk>", palettes.OnePaletteColour.as_view(), name="api-palette-colour"
    ),
    path("palette-colours/<int:pk>/put", palettes.PutColour.as_view(), name="api-put-colour"),
    path(
        "palette-colours/<int:pk>/put/<uuid:batch>",
        palettes.TakeBackPut.as_view(),
        name="api-take-back-colour",
    ),
    path("colour-corrections", grading.ColourCorrections.as_view(), name="api-colour-corrections"),
    path(
        "colour-corrections/<int:pk>",
        grading.OneColourCorrection.as_view(),
        name="api-colour-correction",
    ),
    path(
        "colour-corrections/<int:pk>/file",
        grading.CorrectionFile.as_view(),
        name="api-correction-file",
    ),
    path("reference-stills", grading.ReferenceStills.as_view(), name="api-reference-stills"),
    path(
        "reference-stills/<int:pk>",
        grading.OneReferenceStill.as_view(),
        name="api-reference-still",
    ),
    path("glossary", glossary.Glossary.as_view(), name="api-glossary"),
    path("glossary/<int:pk>", glossary.OneGlossaryTerm.as_view(), name="api-glossary-term"),
    path("quotas", quotas.Quotas.as_view(), name="api-quotas"),
    path("collections/<int:pk>/quota", quotas.QuotaOf.as_view(), name="api-quota"),
    path("runs", runs.Runs.as_view(), name="api-runs"),
    path("runs/<int:pk>", runs.OneRun.as_view(), name="api-run"),
    path("runs/<int:pk>/cancel", runs.CancelRun.as_view(), name="api-cancel-run"),
    path("runs/<int:pk>/hasten", runs.HastenRun.as_view(), name="api-hasten-run"),
    path("runs/<int:pk>/slacken", runs.SlackenRun.as_view(), name="api-slacken-run"),
    path("runs/<int:pk>/retry", runs.RetryRun.as_view(), name="api-retry-run"),
]
