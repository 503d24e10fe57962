"""What pages cost while people browse and workers compute: the real server, over loopback.

Gunicorn as `make serve` starts it, two workers with four runs of repair on film of 640x480, and
people in threads of this process: each asks for a page, reads it for some seconds, asks for the
next. What a person waits for counts, from the request's first byte to the answer's last.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client, override_settings

from config.tether import tied
from fixtures.clips import write_clip
from restoration import engine_bench, runs
from restoration.models import Scene, StageRun
from review import catalogue_bench

REELS, RUNS = 2_000, 4
FRAMES = 300
"""Of each scene that is repaired."""
READS_SECONDS = (2.0, 6.0)
"""How long somebody looks at a page."""
ROLES = ("archivist", "restorer", "reviewer", "researcher")
WORKER = ("-m", "dramatiq", "dramatiq_postgres.django.worker", "-p", "1", "-t", "1", "-Q")


@dataclass
class _Tally:
    """What the people met; shared by their threads."""

    waited: dict[str, list[float]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, page: str, seconds: float, status: int) -> None:
        with self.lock:
            self.waited.setdefault(page, []).append(seconds * 1000)
            if status != 200:
                self.refused[f"{page}: {status}"] += 1


def measure(people: int, seconds: float) -> dict[str, Any]:
    """Milliseconds that `people` wait for pages within `seconds`; errors; what the runs did."""
    with tempfile.TemporaryDirectory() as folder:
        words = catalogue_bench.fill(REELS)
        scenes = _film(Path(folder))
        call_command("collectstatic", interactive=False, verbosity=0)
        cookies = [_cookie(number) for number in range(people)]
        with _installation() as port:
            started = runs.process_reel(scenes[0].scan.reel, stages=["repair"])
            _wait_until_computing(started)
            before = engine_bench.machine_seconds()
            tally = _browse(port, cookies, words, scenes[0], seconds)
            busy = engine_bench.busy_share(before, engine_bench.machine_seconds())
            states = Counter(StageRun.objects.values_list("status", flat=True))
    return _told(tally, people, seconds) | {
        "runs": dict(states),
        "machine_busy": busy,
        "cores": os.cpu_count(),
    }


def _film(folder: Path) -> list[Scene]:
    path = write_clip(
        folder / "film.mkv", frames=FRAMES * RUNS, rate=24, width=640, height=480, pixel="gray"
    )
    scan = engine_bench.make_scan(path, frames=FRAMES * RUNS, width=640, height=480)
    return [
        Scene.objects.create(scan=scan, start_frame=n * FRAMES, end_frame=(n + 1) * FRAMES)
        for n in range(RUNS)
    ]


def _cookie(number: int) -> str:
    """The session of somebody who has logged in; what Argon2 costs is not measured here."""
    person = User.objects.create(username=f"person{number}")
    person.groups.add(Group.objects.get_or_create(name=ROLES[number % len(ROLES)])[0])
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        client = Client()
        client.force_login(person)
        return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextmanager
def _installation() -> Iterator[int]:
    """The web server and two workers; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    commands = [
        ("-m", "gunicorn", "config.wsgi", "-c", "config/web.py", "-b", f"127.0.0.1:{port}"),
        (*WORKER, "cpu"),
        (*WORKER, "cpu", "gpu"),
    ]
    with (settings.HOME / "load.log").open("wb") as log:
        started = [
            subprocess.Popen(
                [sys.executable, *command],
                cwd=settings.BASE_DIR,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=log,
                preexec_fn=tied(signal.SIGKILL),
            )
            for command in commands
        ]
    try:
        _wait_until_served(port)
        yield port
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_served(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if _ask(http.client.HTTPConnection("127.0.0.1", port), "/health/ready", "") == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the web server did not come up; see load.log in the home folder")


def _wait_until_computing(started: list[StageRun]) -> None:
    wanted = StageRun.objects.filter(pk__in=[run.pk for run in started], frames_done__gt=0)
    deadline = time.monotonic() + 60
    while not wanted.exists() and time.monotonic() < deadline:
        time.sleep(0.2)


def _browse(
    port: int, cookies: list[str], words: list[str], scene: Scene, seconds: float
) -> _Tally:
    tally, until = _Tally(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=_person, args=(n, port, cookie, words, scene, until, tally))
        for n, cookie in enumerate(cookies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def _person(
    number: int, port: int, cookie: str, words: list[str], scene: Scene, until: float, tally: _Tally
) -> None:
    chance = random.Random(number)
    works = ROLES[number % len(ROLES)] != "researcher"
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    time.sleep(chance.uniform(0, READS_SECONDS[1]))  # nobody comes at the same moment
    while time.monotonic() < until:
        page, address = chance.choice(_pages(chance, words, scene, works=works))
        began = time.perf_counter()
        status = _ask_as_browsers_do(server, address, cookie)
        tally.add(page, time.perf_counter() - began, status)
        time.sleep(chance.uniform(*READS_SECONDS))
    server.close()


def _pages(
    chance: random.Random, words: list[str], scene: Scene, *, works: bool
) -> list[tuple[str, str]]:
    """Where somebody may go next, by name and address."""
    pages = [
        ("catalogue", "/catalogue/"),
        ("catalogue, next page", f"/catalogue/?page={chance.randrange(2, 20)}"),
        ("catalogue, words", f"/catalogue/?q={chance.choice(words)}"),
        ("search", f"/search/?q={chance.choice(words)}"),
        ("today", "/"),
    ]
    if works:
        reel = scene.scan.reel_id
        pages += [
            ("reel", f"/reels/{reel}/"),
            ("storyboard", f"/reels/{reel}/storyboard/"),
            ("queue", "/queue/"),
        ]
    return pages


def _ask_as_browsers_do(server: http.client.HTTPConnection, address: str, cookie: str) -> int:
    """Ask again where the server closed a connection that was idle; 0 if that does not help."""
    for _ in range(2):
        try:
            return _ask(server, address, cookie)
        except (OSError, http.client.HTTPException):
            server.close()
    return 0


def _ask(server: http.client.HTTPConnection, address: str, cookie: str) -> int:
    """Ask for a page and read all of it; the status."""
    server.request("GET", address, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"})
    answer = server.getresponse()
    answer.read()
    return answer.status


def _told(tally: _Tally, people: int, seconds: float) -> dict[str, Any]:
    waited = [each for page in tally.waited.values() for each in page]
    return {
        "people": people,
        "seconds": seconds,
        "pages": len(waited),
        "errors": dict(tally.refused),
        "ms": _summary(waited),
        "by_page": {page: _summary(each) for page, each in sorted(tally.waited.items())},
    }


def _summary(spent: list[float]) -> dict[str, float]:
    median, p95 = np.percentile(spent, (50, 95)) if spent else (0.0, 0.0)
    return {
        "count": len(spent),
        "median": round(float(median), 1),
        "p95": round(float(p95), 1),
        "max": round(max(spent, default=0.0), 1),
    }
