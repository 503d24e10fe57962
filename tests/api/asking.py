"""A program that asks the interface."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from archive.api import tokens
from tests import factories

ALL = tuple(tokens.SCOPES)


class Program:
    """Asks with the token of one person."""

    def __init__(self, owner: User, *scopes: str) -> None:
        self.owner = owner
        self.made = tokens.make(owner, name="a program", scopes=list(scopes or ALL), days=1)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.ask("PATCH", path, body, **headers)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().generic(
            method,
            f"/api/v1/{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.made.secret}"} | named,
        )


def program(role: str, *scopes: str) -> Program:
    return Program(factories.make_user(role), *scopes)
