"""People and programs of the archive that a bag comes from: never taken for ours of that name."""

from __future__ import annotations

from django.contrib.auth.models import User

from archive.models import Agent


class Strangers:
    """Accounts that stand for people of the other archive, each made once for a bag."""

    def __init__(self) -> None:
        self._known: dict[str, User] = {}

    def account(self, name: str) -> User:
        """Nobody can log in with it."""
        if name not in self._known:
            called, number = name, 1
            while User.objects.filter(username=called).exists():
                called, number = f"{name[:130]}-elsewhere-{number}", number + 1
            self._known[name] = User.objects.create_user(called, password=None, is_active=False)
        return self._known[name]

    def account_or_none(self, name: str) -> User | None:
        """None for nobody's name."""
        return self.account(name) if name else None


def agent_of(kind: str, name: str, version: str) -> Agent:
    """The agent of that name; a person of ours with the same name is somebody else."""
    called, number = name, 1
    while Agent.objects.filter(kind=kind, name=called, version=version, user__isnull=False):
        called, number = f"{name[:150]} (elsewhere {number})", number + 1
    return Agent.objects.get_or_create(kind=kind, name=called, version=version)[0]
