"""The uses that a reel can be delivered for: the shipped ones, and the archive's own.

Read once in a process: a file changed under a running server counts after its next start.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from review.errors import ReviewError
from review.policies import IN, Policy, PolicyError, parse_policies, within

_SHIPPED = Path(__file__).with_name("policies.toml")


class UnknownUse(ReviewError):
    """No policy has that name."""


class PoliciesUnreadable(ReviewError):
    """The archive's own file of policies cannot be used; nothing is delivered until it can."""


def policies() -> dict[str, Policy]:
    """Every policy by its use, the shipped ones first.

    Raises: PoliciesUnreadable.
    """
    return _read(str(settings.DELIVERY_POLICIES or ""))


def uses() -> tuple[str, ...]:
    return tuple(policies())


def policy_for(use: str) -> Policy:
    """The policy of a use; of `broadcast in Sweden` that of `broadcast`, for one territory.

    Raises: UnknownUse, PoliciesUnreadable.
    """
    found = policies()
    name, _, territory = use.partition(IN)
    if name not in found:
        raise UnknownUse(f"There is no use {name}; choose {', '.join(found)}.")
    return within(found[name], territory) if territory else found[name]


@cache
def _read(own: str) -> dict[str, Policy]:
    found = parse_policies(tomllib.loads(_SHIPPED.read_text()))
    if not own:
        return found
    try:
        more = parse_policies(tomllib.loads(Path(own).read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, PolicyError) as error:
        raise PoliciesUnreadable(
            f"{own} (DELIVERY_POLICIES) cannot be used: {error}. Mend it, then start again."
        ) from error
    if taken := sorted(set(more) & set(found)):
        raise PoliciesUnreadable(
            f"{own} (DELIVERY_POLICIES) cannot be used: {taken[0]} comes with the system and "
            "stays what it is. Give yours another name, such as "
            f"{taken[0]}-house, then start again."
        )
    return found | more


@register
def check_policies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Says of a file of policies that it cannot be used when a command starts, not later."""
    try:
        policies()
    except PoliciesUnreadable as error:
        return [Error(str(error), id="review.E001")]
    return []
