#!/usr/bin/env python
"""Reelproof's command line. Starts the embedded database for a command's duration if none runs."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext

NEEDS_NO_DATABASE = {
    "check", "collectstatic", "compilemessages", "diffsettings", "doctor", "findstatic", "help",
    "makemessages", "up", "version", "--help", "--version", "-h",
}  # fmt: skip


def database(arguments: list[str]) -> AbstractContextManager[object]:
    """What the command runs inside: the embedded server if it needs one."""
    asks_for_help = {"--help", "-h"} & set(arguments)
    offline = arguments[:1] == ["verify_events"] and any(a.startswith("--file") for a in arguments)
    if offline or not arguments or arguments[0] in NEEDS_NO_DATABASE or asks_for_help:
        return nullcontext()
    from django.conf import settings

    from config.postgres import running

    return running(settings.HOME) if settings.DATABASE_IS_EMBEDDED else nullcontext()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            f"{error}. Run `make .venv` once, then use .venv/bin/python manage.py, or call make."
        ) from error

    from config.cluster import ClusterError

    arguments = sys.argv[1:]
    if arguments[:1] == ["migrate"] and not any(a.startswith("--database") for a in arguments):
        sys.argv.append("--database=owner")  # only that role may change tables
    try:
        with database(arguments):
            execute_from_command_line(sys.argv)
    except ClusterError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
