"""Twenty scenes go their way while everything around them breaks: nothing is lost or made twice.

A short piece by default. For as many faults as wanted, of any seed and over any broker:

    CHAOS_FAULTS=50 CHAOS_SEED=3 pytest tests/restoration/chaos -m slow -n 0 -s -k redis
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fixtures.clips import write_clip
from restoration import nursery
from tests.conftest import superuser
from tests.factories import make_scan, make_scenes
from tests.restoration.chaos.director import Chaos, dice
from tests.restoration.chaos.faults import Strikes
from tests.restoration.chaos.programs import SmallDisk, started
from tests.restoration.engine import brokers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SCENES, LENGTH = 20, 8
FAULTS = int(os.environ.get("CHAOS_FAULTS", "12"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", str(3.0 * FAULTS)))


@pytest.fixture
def lasting_database(db: None) -> Iterator[None]:
    """What is committed is kept when the server is killed; the tests' own does not promise that."""
    name = "ALTER DATABASE reelproof"
    with superuser() as connection:
        connection.execute(f"{name} SET synchronous_commit = on")
    yield
    with superuser() as connection:
        connection.execute(f"{name} RESET synchronous_commit")


@pytest.mark.parametrize("kind", ["database", "rabbitmq", "redis"])
def test_whatever_breaks_every_run_ends_and_no_take_is_lost_doubled_or_false(
    kind: str, lasting_database: None, settings: object, tmp_path: Path
) -> None:
    film = tmp_path / "film.mkv"
    write_clip(film, frames=SCENES * LENGTH, rate=16, width=64, height=48, pixel="gray")
    digest = hashlib.sha256(film.read_bytes()).hexdigest()
    scan = make_scan(frames=SCENES * LENGTH, width=64, height=48, path=str(film), sha256=digest)
    assert len(make_scenes(scan, length=LENGTH)) == SCENES
    with ExitStack() as opened:
        disk = SmallDisk(tmp_path / "disk", "64m")
        opened.callback(disk.close)
        settings.MEDIA_HOME = disk.folder / "media"
        settings.RUN_LEFTOVER_SECONDS = 0
        opened.callback(nursery.discard_idle)
        server, url = None, ""
        if kind != "database":
            (tmp_path / "broker").mkdir()
            server = opened.enter_context(
                brokers.running(kind, tmp_path / "broker", patience=1_800_000)
            )
            url = server.url
            opened.enter_context(brokers.sending_to(url))
        *workers, sweeper = started(tmp_path, Path(settings.MEDIA_HOME), url)
        for program in (*workers, sweeper):
            opened.callback(program.end)
        strikes = Strikes(workers, sweeper, disk, server, dice(SEED))
        chaos = Chaos(scan, SCENES, strikes)
        opened.callback(lambda: strikes.undo(everything=True))
        found = chaos.go(faults=FAULTS, seconds=SECONDS)
    told = json.dumps({"broker": kind, "seed": SEED} | found, indent=1)
    sys.stderr.write(f"{told}\n")
    if "CHAOS_REPORT" in os.environ:
        with Path(os.environ["CHAOS_REPORT"]).open("a") as report:
            report.write(json.dumps({"broker": kind, "seed": SEED} | found) + "\n")
    assert not any(found["wrong"].values()), told
