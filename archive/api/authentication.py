"""Who asks: a program by its token, or a person's own browser by the session with its CSRF token.

A password is never taken here, so that no second step and no lock-out is passed by.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from archive.api import tokens
from archive.models import AccessToken
from config import second_step

SAFE = ("GET", "HEAD")
_REFUSED = "This token opens nothing: it is unknown, expired or revoked. Make one on Your account."
_NO_SECOND_STEP = (
    "Your role needs a second step of logging in. Log in on the pages once and set it up; the "
    "token opens again then."
)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer rp_...`"""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        kind, _, secret = get_authorization_header(request).partition(b" ")
        if kind.lower() != b"bearer":
            return None
        found = tokens.find(secret.strip().decode("latin-1"))
        if found is None:
            raise AuthenticationFailed(_REFUSED)
        if second_step.must_have_one(found.owner) and not second_step.has_one(found.owner):
            raise AuthenticationFailed(_NO_SECOND_STEP)
        return found.owner, found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Reelproof"'


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An access token (Your account)"}


class HasScope(BasePermission):
    """A token is asked for its scope; a person at the pages has all of them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, AccessToken):
            return True
        wanted = "read" if request.method in SAFE else view.scope
        if wanted not in request.auth.scopes:
            raise PermissionDenied(f"This token has no scope {wanted}; make one that has.")
        return True


class HasRight(BasePermission):
    """The owner's roles, as the pages ask them; of single rows the queries say who sees them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        right = view.rights.get("GET" if request.method == "HEAD" else request.method, "")
        if right and not request.user.has_perm(right):
            raise PermissionDenied("Your roles do not include this. An archivist can give you one.")
        return True


__all__ = ["HasRight", "HasScope", "SessionAuthentication", "TokenAuthentication"]
