"""Moments as a bag tells them: ISO 8601 with the offset, or null."""

from __future__ import annotations

from datetime import datetime


def told(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def read(text: str) -> datetime:
    """Raises: ValueError, TypeError."""
    return datetime.fromisoformat(text)


def read_or_none(text: str | None) -> datetime | None:
    """None for what has not happened. Raises: ValueError, TypeError."""
    return read(text) if text else None


def name_of(user: object) -> str:
    """Of whom it was done by; empty: by nobody."""
    return user.get_username() if user is not None else ""  # type: ignore[attr-defined,no-any-return]
