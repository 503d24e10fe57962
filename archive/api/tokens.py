"""Access tokens: made by a person for a program, shown once, kept as a digest, revoked at once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from archive import custody
from archive.errors import TokenRefused
from archive.models import AccessToken

SCOPES = {
    "read": "Look: reels, scenes, takes, transcripts, decisions, search",
    "write": "Describe, correct, cut, paint, name, send films, start runs, subscribe to webhooks",
    "decide": "Approve takes and ask for changes, in your name",
    "deliver": "Order deliveries, fetch what was delivered, make links for guests",
    "override": "Let film leave against rules of a policy, in your name",
    "roles": "Give and take back roles in collections, let people into closed ones, in your name",
}
MARK = "rp_"
"""What every secret begins with, so that scanners of code find one that leaked."""
MOST = 20
"""Tokens that one person may have open at a time."""
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Made:
    token: AccessToken
    secret: str
    """Shown to its owner now and never again."""


@transaction.atomic
def make(owner: User, *, name: str, scopes: list[str], days: int) -> Made:
    """Give a program a way in.

    Args:
        scopes: names in SCOPES; its owner's rights bound it besides.
        days: 1 to `API_TOKEN_DAYS`.

    Raises: TokenRefused.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise TokenRefused(f"No token was made: choose from {', '.join(SCOPES)}.")
    if not 1 <= days <= settings.API_TOKEN_DAYS:
        raise TokenRefused(
            f"No token was made: it may open for 1 to {settings.API_TOKEN_DAYS} days."
        )
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # so that nobody passes MOST
    if _opens(owner).count() >= MOST:
        raise TokenRefused(f"No token was made: you have {MOST}. Revoke one that nobody needs.")
    secret = MARK + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        owner=owner,
        name=name,
        beginning=secret[: len(MARK) + 5],
        digest=_digest(secret),
        scopes=[scope for scope in SCOPES if scope in scopes],
        expires=timezone.now() + timedelta(days=days),
    )
    _tell("access token made", token, owner)
    return Made(token, secret)


def find(secret: str) -> AccessToken | None:
    """The token of that secret, if it still opens and its owner may log in."""
    found = AccessToken.objects.filter(digest=_digest(secret)).select_related("owner").first()
    if found is None or not found.opens or not found.owner.is_active:
        return None
    now = timezone.now()
    if found.used is None or found.used < now - _USED_EVERY:
        AccessToken.objects.filter(pk=found.pk).update(used=now)
    return found


@transaction.atomic
def revoke(token: AccessToken, *, by: User) -> None:
    """Close it at once; one that is revoked already stays so."""
    if AccessToken.objects.filter(pk=token.pk, revoked=None).update(revoked=timezone.now()):
        _tell("access token revoked", token, by)


def listed(owner: User) -> list[AccessToken]:
    """Those that open, and those that ended in the last 30 days; the newest first."""
    lately = timezone.now() - timedelta(days=30)
    ended = Q(revoked__gt=lately) | Q(revoked=None, expires__gt=lately)
    return list(owner.access_tokens.filter(ended).order_by("-pk"))


def _opens(owner: User) -> QuerySet[AccessToken]:
    return AccessToken.objects.filter(owner=owner, revoked=None, expires__gt=timezone.now())


def _digest(secret: str) -> str:
    """Plain SHA-256: there is nothing to guess in 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _tell(kind: str, token: AccessToken, by: User) -> None:
    custody.record(
        kind=kind,
        agent=custody.person(by),
        subject=f"token:{token.pk}",
        detail={"name": token.name, "owner": token.owner.get_username(), "scopes": token.scopes},
    )
