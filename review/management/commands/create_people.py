"""Make one person for each role, so that somebody can log in."""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.text import slugify

from archive import granting
from archive.models import Collection, CollectionRole
from archive.permissions import ROLES

IN_COLLECTIONS = tuple(role for role in ROLES if role in CollectionRole.Role.values)


class Command(BaseCommand):
    help = (
        "Make one person for each role (archivist, restorer, reviewer, researcher, operator), "
        "named after it. Passwords are made at random and shown once; people there already "
        "keep theirs, unless --reset is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", action="append", choices=ROLES, help="only this role")
        parser.add_argument(
            "--collection", metavar="NAME", help="a person with the role in that collection alone"
        )
        parser.add_argument("--password", help="the same password for all, instead of random ones")
        parser.add_argument("--reset", action="store_true", help="new passwords for those there")
        parser.add_argument("--json", action="store_true", help="one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["password"] is not None and len(options["password"]) < 8:
            raise CommandError("a password has at least 8 characters; nobody was made")
        if options["collection"] and not set(options["role"] or ()) <= set(IN_COLLECTIONS):
            raise CommandError(
                f"in a collection somebody is {' or '.join(IN_COLLECTIONS)}; nobody was made"
            )
        made = [self._make(role, options) for role in _roles(options)]
        if options["json"]:
            self.stdout.write(json.dumps(made))
            return
        for person in made:
            password = person["password"] or "(unchanged)"
            self.stdout.write(f"{person['name']:<20} {password}")
        if any(person["password"] for person in made):
            self.stdout.write("Keep these: they are not shown again.")

    @transaction.atomic
    def _make(self, role: str, options: dict[str, Any]) -> dict[str, str | None]:
        name = f"{role}-{slugify(options['collection'])}" if options["collection"] else role
        user, is_new = User.objects.get_or_create(username=name[:150])
        if options["collection"]:
            collection, _ = Collection.objects.get_or_create(name=options["collection"])
            granting.give(collection, user, role, by=None)
        else:
            user.groups.add(Group.objects.get_or_create(name=role)[0])
        if not (is_new or options["reset"]):
            return {"name": user.username, "password": None}
        password = options["password"] or secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
        return {"name": user.username, "password": password}


def _roles(options: dict[str, Any]) -> Sequence[str]:
    return options["role"] or (IN_COLLECTIONS if options["collection"] else ROLES)
