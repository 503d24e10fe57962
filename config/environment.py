"""Settings as the environment gives them, each read in words that say what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def env_bool(name: str, *, default: bool) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() not in words:
        raise ImproperlyConfigured(f"{name} wants yes or no, not {value!r}")
    return words[value.lower()]


def env_int(name: str, *, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} wants a whole number, not {value!r}")
    return int(value)


def env_list(name: str, *, default: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_pairs(name: str) -> list[tuple[str, str]]:
    """What is written as this=that,these=those."""
    pairs = []
    for part in env_list(name, default=""):
        first, equals, second = (each.strip() for each in part.rpartition("="))
        if not (equals and first and second):
            raise ImproperlyConfigured(f"{name} wants group=role,group=role, not {part!r}")
        pairs.append((first, second))
    return pairs


def env_issuer(name: str) -> str:
    """An https:// address, or http:// of this machine alone; empty: none."""
    value = os.environ.get(name, "")
    parts = urlsplit(value)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if value and not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        raise ImproperlyConfigured(f"{name} wants an https:// address, not {value!r}")
    if value and (parts.query or parts.fragment or parts.username):
        raise ImproperlyConfigured(f"{name} wants an address without more, not {value!r}")
    return value


def env_secret(name: str) -> str:
    """A secret from the environment or, safer, from the file that NAME_FILE names; else empty.

    A process's environment is shown by tools and copied into reports; a file has an owner.
    """
    value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value and path:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set: keep one of them")
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
