"""The embedded server through everything that happens to servers (docs/operate.md lists it)."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from config import cluster, postgres
from config.cluster import ClusterError
from config.postgres import running
from tests.config.conftest import ROOT, Start
from tests.config.visits import OPTIONS, connect


def wait_until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int(postgres.pid_file_lines(cluster.find_place(home))[0]))


def is_stopped(home: Path) -> bool:
    return postgres.lock_is_free(cluster.find_place(home))


def enter(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == "in\n", said + process.stdout.read()


# Who may come in ------------------------------------------------------------------------------


def test_it_listens_on_a_private_socket_and_on_no_port(home: Path) -> None:
    with running(home, options=OPTIONS) as place:
        assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
        assert not postmaster(home).net_connections("inet")
        with connect(place) as connection:
            rules = connection.execute("SHOW listen_addresses").fetchone()
            assert rules == ("",)


def test_it_takes_an_eighth_of_the_memory_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    (binaries, *_) = cluster.candidate_binaries()
    for gigabytes, kept in ((0.5, "128MB"), (4, "512MB"), (64, "2048MB")):
        memory = int(gigabytes * (1 << 30))
        monkeypatch.setattr(cluster, "memory_bytes", lambda memory=memory: memory)
        assert f"shared_buffers={kept}" in cluster.sized_settings(binaries)


def test_it_never_runs_as_root(home: Path) -> None:
    with running(home, options=OPTIONS):
        assert postmaster(home).uids().real != 0


def test_roles_are_told_apart_and_nobody_is_trusted(home: Path) -> None:
    with running(home, options=OPTIONS) as place:
        rules = (place.data / "pg_hba.conf").read_text()
        assert rules.split() == ["local", "all", "all", "peer", "map=reelproof"]
        for role in (cluster.APPLICATION_ROLE, cluster.OWNER_ROLE):
            with connect(place, user=role) as connection:
                row = connection.execute(
                    "SELECT current_user, rolsuper, rolcreaterole FROM pg_roles"
                    " WHERE rolname = current_user"
                ).fetchone()
                assert row == (role, False, False)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
def test_another_user_of_the_machine_is_turned_away(
    home: Path, start: Start, as_plain_user: dict[str, object]
) -> None:
    with running(home, options=OPTIONS) as place:
        place.sockets.chmod(0o711)  # even with the folder's door open
        place.socket.chmod(0o777)
        program = (
            "import psycopg, sys\n"
            "try: psycopg.connect(host=sys.argv[1], user=sys.argv[2], dbname='reelproof')\n"
            "except psycopg.OperationalError as error: print(error)"
        )
        for role in (cluster.APPLICATION_ROLE, cluster.SUPERUSER):
            stranger = subprocess.run(
                [as_plain_user.pop("python", "python3"), "-c", program, str(place.sockets), role],
                capture_output=True,
                text=True,
                check=True,
                **as_plain_user,
            )
            assert "Peer authentication failed" in stranger.stdout
        place.sockets.chmod(0o700)


def test_words_of_any_script_are_sorted_and_raised(home: Path) -> None:
    with running(home, options=OPTIONS) as place, connect(place) as connection:
        row = connection.execute("SELECT upper('ä д'), current_setting('jit')").fetchone()
        assert row == ("Ä Д", "off")


# What goes wrong ------------------------------------------------------------------------------


def test_no_leftover_pid_file_stops_it(
    new_home: Callable[[], Path], start: Start, as_plain_user: dict[str, object]
) -> None:
    """As a plain user, whose server may signal the processes that the file seems to name."""
    home = new_home()
    home.chmod(0o777)
    visitor = start("tests.config.visits", "stale", home, **as_plain_user)
    said, _ = visitor.communicate(timeout=60)
    assert visitor.returncode == 0, said
    assert [line for line in said.splitlines() if not line.startswith("Waiting")] == [
        "of a process that is gone",
        "of a zombie",
        "of another program",
        "of this very process",
        "empty",
        "cut short",
        "garbage",
    ]


def test_rows_survive_a_killed_server_that_starts_again_at_once(home: Path) -> None:
    with running(home) as place:
        with connect(place) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        killed = postmaster(home)
        killed.kill()
        wait_until(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE)
        wait_until(lambda: postgres.is_reachable(place))
        with connect(place) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
            connection.execute("DROP TABLE kept")
        assert postmaster(home).pid != killed.pid


def test_it_starts_at_once_after_server_and_keeper_were_killed(home: Path, start: Start) -> None:
    """The dead postmaster stays a zombie until somebody reaps it, which nobody may do for long."""
    visitor = start("tests.config.visits", "hold", home)
    enter(visitor)
    keeper = postmaster(home).parent()
    assert keeper is not None
    for process in (postmaster(home), keeper, psutil.Process(visitor.pid)):
        process.kill()
    with running(home, options=OPTIONS) as place, connect(place) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_killed_keeper_takes_its_server_with_it(home: Path) -> None:
    with running(home, options=OPTIONS):
        server = postmaster(home)
        keeper = server.parent()
        assert keeper is not None
        keeper.kill()
        wait_until(lambda: is_stopped(home))
        assert not psutil.pid_exists(server.pid) or server.status() == psutil.STATUS_ZOMBIE


def test_two_processes_share_one_server(home: Path, start: Start) -> None:
    first = start("tests.config.visits", "hold", home)
    second = start("tests.config.visits", "hold", home)
    for process in (first, second):
        enter(process)
    server = postmaster(home)
    first.communicate("")
    with running(home) as place, connect(place) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert postmaster(home).pid == server.pid
    second.communicate("")
    wait_until(lambda: is_stopped(home))
    assert not server.is_running()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_its_last_user_however_that_ends(
    home: Path, start: Start, end: signal.Signals
) -> None:
    first = start("tests.config.visits", "hold", home)
    second = start("tests.config.visits", "hold", home)
    for process in (first, second):
        enter(process)
    first.send_signal(end)
    first.wait(10)
    assert postmaster(home).is_running()
    second.send_signal(end)
    wait_until(lambda: is_stopped(home))
    assert not (cluster.find_place(home).data / "postmaster.pid").exists(), "it was cut off"


def test_it_is_waited_for_as_long_as_it_recovers(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow start, made by a program that sleeps before it becomes the server."""
    with running(home, options=OPTIONS) as place:
        real = cluster.find_binaries(place)
    slow = tmp_path / "bin"
    slow.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)  # the server's user has to get in
    (slow / "initdb").symlink_to(real / "initdb")
    (slow / "postgres").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] || sleep 2\nexec "{real}/postgres" "$@"\n'
    )
    (slow / "postgres").chmod(0o755)
    monkeypatch.setenv("PG_BIN", str(slow))
    monkeypatch.setattr(postgres, "WORDS_EVERY_SECONDS", 0.5)
    words: list[str] = []
    began = time.monotonic()
    with running(home, options=OPTIONS, say=words.append):
        assert time.monotonic() - began > 2
    assert words and words[0].startswith("Waiting for PostgreSQL for 1 s")


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with (
        pytest.raises(ClusterError, match=r"(?s)ended while starting.*max_connections"),
        running(home, options=("max_connections=nonsense",)),
    ):
        pass


def test_a_server_that_somebody_started_by_hand_is_left_alone(home: Path) -> None:
    with running(home, options=OPTIONS) as place:
        binaries = cluster.find_binaries(place)
    command = [binaries / "postgres", "-D", place.data, "-k", place.sockets]
    by_hand = subprocess.Popen(
        [*command, "-c", "listen_addresses=", "-c", f"port={cluster.PORT + 1}"],
        cwd="/",
        stderr=subprocess.DEVNULL,
        **cluster.run_as(place),
    )
    try:
        wait_until(lambda: len(postgres.pid_file_lines(place)) > 7)
        with pytest.raises(ClusterError, match="did not start"), running(home):
            pass
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(20)


# Where it lives -------------------------------------------------------------------------------


def test_a_cluster_that_was_half_made_is_made_anew(new_home: Callable[[], Path]) -> None:
    home = new_home()
    partial = home / "postgres.partial"
    (partial / "base").mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    (home / "postgres").mkdir()
    with running(home, options=OPTIONS) as place, connect(place) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not partial.exists()


def test_any_path_will_do_for_a_home_folder(new_home: Callable[[], Path]) -> None:
    home = new_home() / "films and 'scans' \"é\" Кино" / ("a" * 100)
    place = cluster.find_place(home)
    assert len(os.fsencode(place.socket)) <= cluster.LONGEST_SOCKET_PATH
    with running(home, options=OPTIONS) as place, connect(place) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        bind_fails_beyond_the_limit(home)
    if home not in place.sockets.parents:
        place.sockets.rmdir()


def bind_fails_beyond_the_limit(home: Path) -> None:
    """The limit is the kernel's, not our invention."""
    long = home / ("s" * cluster.LONGEST_SOCKET_PATH)
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(OSError, match="too long"):
        probe.bind(str(long))


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to hand the server to somebody else")
def test_a_home_that_the_servers_user_cannot_reach_keeps_its_modes(
    new_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    private = new_home()
    private.chmod(0o700)
    home = private / "var"
    elsewhere = new_home()
    monkeypatch.setattr(cluster, "SYSTEM_STATE", elsewhere)
    monkeypatch.setattr(cluster, "SYSTEM_RUN", elsewhere)
    place = cluster.find_place(home)
    assert elsewhere in place.data.parents
    assert elsewhere in place.sockets.parents
    binaries = cluster.find_binaries(place)
    package = binaries.parents[1]
    for folder in (package, *package.parent.glob(f"{package.name}.libs")):
        subprocess.run(["cp", "-al", folder, private], check=True)
    monkeypatch.setenv("PG_BIN", str(private / package.name / "pginstall" / "bin"))
    copied = cluster.find_binaries(place)
    assert elsewhere in copied.parents
    cluster.make_cluster(place, copied)
    assert (place.data / "PG_VERSION").exists()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_data_of_another_version_is_not_touched(
    new_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home()
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 9.*Set PG_BIN"), running(home):
        pass
    monkeypatch.setenv("PG_BIN", str(home))
    (home / "postgres" / "PG_VERSION").unlink()
    with pytest.raises(ClusterError, match="No PostgreSQL programs found"), running(home):
        pass


def test_a_socket_folder_that_somebody_else_prepared_is_refused(home: Path, tmp_path: Path) -> None:
    place = cluster.find_place(home)
    trap = tmp_path / "sockets"
    trap.symlink_to(tmp_path)
    with pytest.raises(ClusterError, match="does not belong to"):
        cluster.make_private_folder(trap, place)


# The commands ---------------------------------------------------------------------------------


def test_a_command_brings_its_own_server_and_migrates_as_the_owner(home: Path) -> None:
    env = {**os.environ, "REELPROOF_HOME": str(home)}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "contenttypes", "-v0"],
        cwd=ROOT,
        env=env,
        check=True,
    )
    with running(home) as place, connect(place) as connection:
        row = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname='public'"
        ).fetchall()
        assert row == [(cluster.OWNER_ROLE,)]
    with running(home) as place, connect(place, user=cluster.APPLICATION_ROLE) as connection:
        connection.execute("DELETE FROM django_content_type")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("TRUNCATE django_content_type")
