"""Logging in through an institution (OpenID Connect), where the settings name one.

Authlib does the code flow: state, nonce and PKCE (S256), and the token's signature, issuer,
audience and times. Whom the token speaks of is found by issuer and subject alone, never by an
address of mail or a name. Roles come from a claim by the table OIDC_ROLES, or from nobody.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from archive.models import InstitutionAccount

log = logging.getLogger(__name__)

BACKEND = "config.institution.InstitutionBackend"
SIGNED_WITH = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Never `none`, and none that the client's own secret would sign."""
SECONDS = 10.0
LONGEST_NAME = 120


class NotLetIn(Exception):
    """Somebody is not let in; the message says why, and may be shown to them."""


class InstitutionBackend(BaseBackend):
    """The session of whom an institution let in; with OIDC_ONLY, no password of theirs opens.

    Stands before the backend of passwords, so that a refusal here is the last word.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **_given: Any
    ) -> None:
        known = InstitutionAccount.objects.filter(user__username=username)
        if settings.OIDC_ONLY and username is not None and known.exists():
            raise PermissionDenied

    def get_user(self, user_id: int) -> User | None:
        found = User.objects.filter(
            pk=user_id, is_active=True, institution_account__issuer=settings.OIDC_ISSUER
        )
        return found.first()


def is_used() -> bool:
    return bool(settings.OIDC_ISSUER)


def client() -> Any:
    """Authlib's client of the configured issuer.

    Raises: NotLetIn if the issuer does not answer, or answers for another.
    """
    from authlib.integrations.django_client import OAuth
    from requests import RequestException

    registry = OAuth()
    registry.register(
        name="institution",
        server_metadata_url=f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET or None,
        client_kwargs={
            "scope": settings.OIDC_SCOPES,
            "code_challenge_method": "S256",
            "default_timeout": SECONDS,
        },
    )
    made = registry.create_client("institution")
    try:
        told = made.load_server_metadata()
    except (RequestException, ValueError) as error:
        raise NotLetIn(f"{settings.OIDC_NAME} does not answer; try again later.") from error
    if told.get("issuer") != settings.OIDC_ISSUER:
        log.error("OIDC_ISSUER is %s, and it calls itself %s", settings.OIDC_ISSUER, told["issuer"])
        raise NotLetIn(f"{settings.OIDC_NAME} is not who it should be; tell an administrator.")
    offered = told.get("id_token_signing_alg_values_supported") or ["RS256"]
    told["id_token_signing_alg_values_supported"] = [
        each for each in offered if each in SIGNED_WITH
    ]
    return made


def audience() -> str:
    """For whom a token has to be."""
    return str(settings.OIDC_CLIENT_ID)


def claims_of(request: HttpRequest) -> dict[str, Any]:
    """What the issuer says of whom it has just sent back, every check of the token done.

    Raises: NotLetIn.
    """
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    asked = client()
    options = {
        "iss": {"essential": True, "values": [settings.OIDC_ISSUER]},
        "aud": {"essential": True, "value": audience()},
        "sub": {"essential": True},
    }
    try:
        token = asked.authorize_access_token(request, claims_options=options)
    except (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError) as error:
        log.warning("nobody was let in by %s: %r", settings.OIDC_ISSUER, error)
        raise NotLetIn(
            f"{settings.OIDC_NAME} did not let you in, or it took too long. Try once more; after "
            "that, ask an administrator."
        ) from error
    told = token.get("userinfo")
    if not told or not str(told.get("sub", "")).strip():
        raise NotLetIn(f"{settings.OIDC_NAME} did not say who you are; tell an administrator.")
    return dict(told)


def roles_in(claims: dict[str, Any]) -> set[str]:
    """The roles that the table gives for what the claim names."""
    told = claims.get(settings.OIDC_ROLE_CLAIM, [])
    named = {told} if isinstance(told, str) else {str(each) for each in told or []}
    return {role for claim, role in settings.OIDC_ROLES if claim in named}


@transaction.atomic
def user_of(claims: dict[str, Any]) -> User:
    """The account of whom the claims speak, with the roles that they give; made if there is none.

    Roles of the table are given and taken at each log-in; others stay as an administrator set them.

    Raises: NotLetIn for whom the table gives no role, and for a locked account.
    """
    roles, subject = roles_in(claims), str(claims["sub"])
    if settings.OIDC_ROLES and not roles:
        raise NotLetIn(
            f"{settings.OIDC_NAME} knows you, but none of your groups there has a role here. Ask "
            "an administrator."
        )
    known = InstitutionAccount.objects.select_related("user").filter(
        issuer=settings.OIDC_ISSUER, subject=subject
    )
    account = known.first()
    user = account.user if account is not None else _make(claims, subject)
    if not user.is_active:
        raise NotLetIn("Your account here is locked; ask an administrator.")
    if settings.OIDC_ROLES:
        ours = {role for _, role in settings.OIDC_ROLES}
        user.groups.remove(*Group.objects.filter(name__in=ours - roles))
        user.groups.add(*Group.objects.filter(name__in=roles))
    return user


def _make(claims: dict[str, Any], subject: str) -> User:
    called = claims.get("preferred_username") or claims.get("name") or ""
    user = User(
        username=_free_name(str(called)),
        first_name=str(claims.get("given_name") or "")[:150],
        last_name=str(claims.get("family_name") or "")[:150],
    )
    user.set_unusable_password()
    user.save()
    InstitutionAccount.objects.create(user=user, issuer=settings.OIDC_ISSUER, subject=subject)
    log.info("%s came in through %s for the first time", user, settings.OIDC_ISSUER)
    return user


def _free_name(wanted: str) -> str:
    """A name of its own: whoever has it here already is somebody else."""
    kept = "".join(each for each in wanted if each.isalnum() or each in "@.+-_")[:LONGEST_NAME]
    name, number = kept or "person", 1
    while User.objects.filter(username__iexact=name).exists():
        number += 1
        name = f"{kept or 'person'}-{number}"
    return name


def goodbye(back: str) -> str:
    """Where one logs out of the institution too; empty if it has no such place, or is away."""
    try:
        asked = client()
    except NotLetIn:
        return ""
    if not asked.server_metadata.get("end_session_endpoint"):
        return ""
    made = asked.create_logout_url(post_logout_redirect_uri=back, client_id=settings.OIDC_CLIENT_ID)
    return str(made["url"])
