"""Addresses that open one thing for some minutes, to whoever they were made for.

They hold no token, so that one in a log or a browser's history is soon worth nothing; the rights of
the person and the token are asked anew when something is fetched by them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from archive.models import AccessToken

OPENS = timedelta(minutes=5)


class LinkShown(serializers.Serializer):
    """An address that opens without a token, for some minutes."""

    url = serializers.URLField()
    expires = serializers.DateTimeField()


def link(request: Request, name: str, *what: Any) -> dict[str, Any]:
    """`url` and `expires` of the address of that name.

    Args:
        what: which it opens, as JSON.
    """
    token = request.auth.pk if isinstance(request.auth, AccessToken) else 0
    signed = signing.dumps([request.user.pk, token, *what], salt=_salt(name))
    address = reverse(name, args=[signed])
    return {"url": request.build_absolute_uri(address), "expires": timezone.now() + OPENS}


def opened(name: str, signed: str, *, right: str, scope: str) -> tuple[User | None, list[Any]]:
    """Who an address was made for, if they and the token that asked still may, and what it opens.

    Raises: BadSignature for one that opens nothing, or not any more.
    """
    person, token, *what = signing.loads(signed, salt=_salt(name), max_age=OPENS)
    user = User.objects.filter(pk=person, is_active=True).first()
    if user is None or not user.has_perm(right):
        return None, what
    if token:
        found = AccessToken.objects.filter(pk=token, owner=user).first()
        if found is None or not found.opens or scope not in found.scopes:
            return None, what
    return user, what


def _salt(name: str) -> str:
    return f"reelproof.{name.removeprefix('api-')}"
