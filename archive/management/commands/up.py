"""Everything on one machine, in the foreground: database, web server, workers, sweeper."""

from __future__ import annotations

import os
import socket
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command
from django.core.management.base import CommandParser

from config import postgres, supervision
from config.cluster import ClusterError


class Command(BaseCommand):
    help = "Run the database, the web server, the workers and the sweeper until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--bind", default=settings.BIND)

    def handle(self, *, port: int, bind: str, **_options: Any) -> None:
        for name in ("run", "log"):
            (settings.HOME / name).mkdir(parents=True, exist_ok=True)
        hold_alone()
        check_port(bind, port)
        prepare(self)
        wanted = supervision.programs(
            home=settings.HOME, bind=bind, port=port, embedded=settings.DATABASE_IS_EMBEDDED
        )
        file = settings.HOME / "run" / "supervisord.conf"
        try:
            file.write_text(supervision.configuration(settings.HOME, wanted))
        except ValueError as error:
            raise CommandError(str(error)) from error
        shown = "127.0.0.1" if bind in ("0.0.0.0", "[::]") else bind  # noqa: S104
        supervision.become_foreman(file, f"http://{shown}:{port}/")


def hold_alone() -> None:
    """Hold a lock through `exec` for as long as the foreman lives: one `up` for one home folder."""
    handle = postgres.open_lock(settings.HOME / "run" / "up.lock")
    if not postgres.take(handle, postgres.EXCLUSIVE):
        raise CommandError(
            f"Reelproof runs already on {settings.HOME}. Stop it first, or set REELPROOF_HOME to "
            "another folder (and PORT to another port)."
        )
    os.set_inheritable(handle, True)


def check_port(bind: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind.strip("[]"), port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {bind}:{port} ({error.strerror}). "
                f"Choose another port: PORT={port + 1} make serve"
            ) from error


def prepare(command: BaseCommand) -> None:
    """Bring tables and static files up to date."""
    try:
        embedded = settings.DATABASE_IS_EMBEDDED
        with postgres.running(settings.HOME) if embedded else nullcontext():
            call_command("migrate", database="owner", interactive=False, verbosity=0)
            call_command("collectstatic", interactive=False, verbosity=0)
            if not get_user_model().objects.exists():
                command.stdout.write(
                    "Nobody can log in yet: `.venv/bin/python manage.py create_people` makes one "
                    "person for each role."
                )
    except ClusterError as error:
        raise CommandError(str(error)) from error
