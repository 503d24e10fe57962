"""`manage.py up` as a person uses it: started, hurt in every way, stopped."""

from __future__ import annotations

import http.cookiejar
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config import cluster, postgres
from tests import prepared
from tests.config.conftest import ROOT
from tests.config.visits import connect

PROGRAMS = ("postgres", "web", "worker-cpu", "worker-gpu", "sweeper", "watch")


def wait_until(true: Callable[[], object], what: str, *, seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Up:
    """One `manage.py up`, the words on its console, and its whole family of processes."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port)],
            cwd=ROOT,
            env={
                **os.environ,
                "REELPROOF_HOME": str(home),
                "PYTHONUNBUFFERED": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def end(self) -> None:
        """End it and whatever a failed test left of it."""
        family = self.family() if self.process.poll() is None else []
        self.process.kill()
        self.process.wait()
        for process in psutil.wait_procs(family, timeout=5)[1]:
            process.kill()
        self.reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def wait_for(self, words: str) -> None:
        def said() -> bool:
            assert self.process.poll() is None or self.reader.is_alive(), "".join(self.lines)
            return any(words in line for line in self.lines)

        wait_until(said, f"{words!r} in {self.lines}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def children(self) -> dict[str, psutil.Process]:
        """The supervised programs by their names."""
        marks = {
            "postgres": "config.postgres keep",
            "web": "gunicorn",
            "worker-cpu": "-Q cpu cpu-urgent",
            "worker-gpu": "-Q gpu gpu-urgent",
            "sweeper": "manage.py sweep",
            "watch": "manage.py watch",
        }
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            for name, mark in marks.items():
                if mark in line and "config.tether" not in line and "postgres after" not in line:
                    found[name] = child
        return found

    def logs_in(self) -> bool:
        """Whether the web server asks the database who somebody is, and answers."""
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        address = f"http://127.0.0.1:{self.port}/login/"
        try:
            browser.open(address, timeout=10).close()
            token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
            # A name of its own each time: one that is wrong too often is not looked at.
            name = f"x{time.monotonic_ns()}"
            form = {"username": name, "password": "y", "csrfmiddlewaretoken": token}
            data = urllib.parse.urlencode(form).encode()
            with browser.open(address, data, timeout=10) as answer:
                return "password" in answer.read().decode()
        except OSError:
            return False

    def work_is_taken(self) -> bool:
        """Whether both workers fetch what is sent to them."""
        send = "from restoration.tasks import *; run_on_cpu.send(0); run_on_gpu.send(0)"
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", send],
            cwd=ROOT,
            env={**os.environ, "REELPROOF_HOME": str(self.home)},
            check=True,
        )
        place = cluster.find_place(self.home)

        def taken() -> bool:
            with connect(place, user=cluster.SUPERUSER) as connection:
                row = connection.execute(
                    "SELECT count(*) FROM dramatiq.queue WHERE state IN ('queued', 'consumed')"
                ).fetchone()
                return row == (0,)

        wait_until(taken, "the workers take messages")
        return True


@pytest.fixture(scope="module")
def up(home: Path) -> Iterator[Up]:
    prepared.fill(home)
    running = Up(home)
    try:
        running.wait_for("Reelproof is ready")
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def page(up: Up) -> str:
    return f"http://127.0.0.1:{up.port}"


def test_it_says_where_it_is_when_it_is_ready(up: Up, page: str) -> None:
    assert any(f"{page}/" in line for line in up.lines)
    with urllib.request.urlopen(f"{page}/login/", timeout=10) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy and "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert set(up.children()) >= {"postgres", "web", "worker-cpu", "worker-gpu", "sweeper"}


def test_static_files_are_kept_by_browsers_under_names_of_their_content(page: str) -> None:
    from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

    manifest = ManifestStaticFilesStorage(location=up_home(page) / "static")
    named = next(hashed for name, hashed in manifest.hashed_files.items() if name.endswith(".css"))
    request = urllib.request.Request(f"{page}/static/{named}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"


def up_home(page: str) -> Path:
    """The home folder of whoever listens there."""
    port = int(page.rsplit(":", 1)[1])
    for process in psutil.process_iter(["cmdline"]):
        if f"http://127.0.0.1:{port}/" in " ".join(process.info["cmdline"] or []):
            return Path(process.environ()["REELPROOF_HOME"])
    raise AssertionError("nobody listens")


def test_a_second_one_is_turned_away(up: Up) -> None:
    second = Up(up.home)
    assert second.process.wait(60) == 1
    second.end()
    assert any("runs already" in line for line in second.lines)


def test_a_taken_port_is_named(up: Up, new_home: Callable[[], Path]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(up.port)],
        cwd=ROOT,
        env={**os.environ, "REELPROOF_HOME": str(new_home())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"PORT={up.port + 1} make serve" in done.stderr


@pytest.mark.slow
def test_killed_children_come_back(up: Up) -> None:
    before = up.children()
    for name in ("web", "worker-cpu", "sweeper"):
        before[name].kill()

    def back() -> bool:
        now = up.children()
        return all(name in now and now[name].pid != before[name].pid for name in before if name in
                   ("web", "worker-cpu", "sweeper"))  # fmt: skip

    wait_until(back, "the killed programs run again")
    wait_until(up.logs_in, "the pages answer again")
    assert up.work_is_taken()


def test_a_database_that_stopped_hard_is_used_again(up: Up) -> None:
    """An immediate stop: no goodbye to clients, recovery at the next start."""
    wait_until(up.logs_in, "the pages answer")
    server = psutil.Process(int(postgres.pid_file_lines(cluster.find_place(up.home))[0]))
    server.send_signal(signal.SIGQUIT)
    wait_until(lambda: not server.is_running() or server.status() == "zombie", "it stops")
    wait_until(up.logs_in, "the pages answer again")
    assert up.work_is_taken()


@pytest.mark.slow
def test_a_killed_keeper_is_replaced_and_the_database_used_again(up: Up) -> None:
    keeper = up.children()["postgres"]
    keeper.kill()
    wait_until(lambda: up.children().get("postgres", keeper).pid != keeper.pid, "a new keeper")
    wait_until(up.logs_in, "the pages answer again")
    assert up.work_is_taken()


@pytest.mark.parametrize(
    "sent", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_stops_everything_and_the_database_last(up: Up, sent: signal.Signals) -> None:
    up, home = begun(up), up.home
    try:
        family = up.family()
        up.process.send_signal(sent)
        assert up.process.wait(60) == 0
        _, alive = psutil.wait_procs(family, timeout=5)
        assert not alive
        up.reader.join(5)
        assert up.lines[-1] == "Stopped.\n"
    finally:
        up.end()
    stops = [
        line.split("stopped: ")[1].split()[0]
        for line in (home / "log" / "supervisord.log").read_text().splitlines()
        if "stopped: " in line
    ]
    assert stops[-1] == "postgres"
    assert not (cluster.find_place(home).data / "postmaster.pid").exists()


def begun(up: Up) -> Up:
    """That one if it runs still, or another in its place, where nothing has to be made anew."""
    if up.process.poll() is None:
        return up
    up.end()
    again = Up(up.home)
    again.wait_for("Reelproof is ready")
    return again


@pytest.mark.slow
def test_killed_outright_it_leaves_no_orphan(up: Up) -> None:
    up = begun(up)
    try:
        wait_until(lambda: len(up.children()) >= 5, "all programs run")
        family = up.family()
        assert len(family) > 10
        up.process.kill()
        up.process.wait()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert not alive, f"orphans: {[process.cmdline() for process in alive]}"
        assert postgres.lock_is_free(cluster.find_place(up.home))
    finally:
        up.end()
