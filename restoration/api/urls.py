from __future__ import annotations

from django.urls import path

from restoration.api import runs, takes

urlpatterns = [
    path("takes", takes.Takes.as_view(), name="api-takes"),
    path("takes/<int:pk>", takes.OneTake.as_view(), name="api-take"),
    path("runs", runs.Runs.as_view(), name="api-runs"),
    path("runs/<int:pk>", runs.OneRun.as_view(), name="api-run"),
    path("runs/<int:pk>/cancel", runs.CancelRun.as_view(), name="api-cancel-run"),
    path("runs/<int:pk>/retry", runs.RetryRun.as_view(), name="api-retry-run"),
]
