"""How often somebody may ask: `API_RATE`, and a quarter of it for writes.

Counted by each web process for itself, for a token or, at the pages, for a person.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from archive.api.authentication import SAFE
from archive.models import AccessToken

WRITES = 4
"""So many times fewer writes."""


class Asking(SimpleRateThrottle):
    scope = "api"

    def get_rate(self) -> str:
        return str(settings.API_RATE)

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if not request.user.is_authenticated:
            return None  # refused before it costs anything
        by_token = isinstance(request.auth, AccessToken)
        who = f"token{request.auth.pk}" if by_token else f"person{request.user.pk}"
        return f"{self.scope}-{who}"


class Writing(Asking):
    scope = "api-writes"

    def get_rate(self) -> str:
        number, _, period = str(settings.API_RATE).partition("/")
        return f"{max(1, int(number) // WRITES)}/{period}"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return None if request.method in SAFE else super().get_cache_key(request, view)
