"""What the libraries of the interface for programs are told; the same on every machine."""

from __future__ import annotations

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "archive.api.authentication.TokenAuthentication",
        "archive.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "archive.api.authentication.HasScope",
        "archive.api.authentication.HasRight",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["archive.api.throttling.Asking", "archive.api.throttling.Writing"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["archive.api.reading.BoundedJSON"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "archive.api.reading.JSONAlone",
    "DEFAULT_SCHEMA_CLASS": "archive.api.document.Describe",
    "EXCEPTION_HANDLER": "archive.api.problems.handle",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Reelproof's interface for programs",
    "DESCRIPTION": "What the catalogue holds, what was made of it, and what was decided.",
    "VERSION": "1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["archive.api.document.ours"],
    "ENUM_NAME_OVERRIDES": {
        "AgentKind": "archive.models.Agent.Kind",
        "AnswerKind": "review.models.Answer.Kind",
        "CollectionRole": "archive.models.CollectionRole.Role",
        "ColourCertainty": "restoration.models.PaletteEntry.Certainty",
        "CorrectionKind": "restoration.models.TranscriptCorrection.Kind",
        "EventCertainty": "archive.earlier.CERTAINTIES",
        "FixityOutcome": "archive.models.FixityCheck.Outcome",
        "HandOverRole": "review.handing.ROLES",
        "ImportOutcome": "archive.api.imports.OUTCOMES",
        "ImportStatus": "archive.models.ImportJob.Status",
        "LineKind": "review.models.SearchLine.Kind",
        "RepairDecision": "restoration.models.RepairDecision.Decision",
        "ReelState": "review.api.reels.STATES",
        "RunStatus": "restoration.models.StageRun.Status",
        "DeliveryStatus": "review.models.Delivery.Status",
        "ScanKind": "archive.models.Scan.Kind",
        "SceneKind": "restoration.models.Scene.Kind",
        "SceneState": "review.standing.State",
        "MessageStatus": "archive.models.WebhookMessage.Status",
        "TranscriptMaker": "restoration.models.Transcript.Maker",
    },
}
