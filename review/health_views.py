"""Whether this server lives, whether it can work, and its figures: for machines that watch it."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from review import metrics

PLAIN = "text/plain; charset=utf-8"


@require_safe
@login_not_required
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; asks nothing of the database."""
    return HttpResponse("alive\n", PLAIN)


@require_safe
@login_not_required
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """200 if a page could be served now, else 503; strangers learn no more than that."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connections["default"])
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("the database is away\n", PLAIN, status=503)
    if waiting:
        return HttpResponse("the tables are of another version\n", PLAIN, status=503)
    return HttpResponse("ready\n", PLAIN)


@require_safe
@login_not_required
@never_cache
def figures(request: HttpRequest) -> HttpResponse:
    """The metrics, for whoever has the token, or may see the work."""
    if not _has_token(request):
        if not request.user.is_authenticated:
            refused = HttpResponse("METRICS_TOKEN is needed\n", PLAIN, status=401)
            refused["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return refused
        if not request.user.has_perm("restoration.see_machine"):
            return HttpResponse("Only operators, restorers and archivists.\n", PLAIN, status=403)
    return HttpResponse(metrics.exposition(), metrics.CONTENT_TYPE)


def _has_token(request: HttpRequest) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted = str(settings.METRICS_TOKEN)
    return (
        bool(wanted)
        and kind.lower() == "bearer"
        and hmac.compare_digest(given.strip().encode(), wanted.encode())
    )
