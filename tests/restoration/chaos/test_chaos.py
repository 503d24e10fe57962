"""Twenty scenes of the demo reel go their way while all around them breaks: nothing is lost.

A short piece by default. For as many faults as wanted, of any seed and over any broker:

    CHAOS_FAULTS=50 CHAOS_SEED=3 pytest tests/restoration/chaos -m slow -n 0 -s -k redis
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from archive.models import Scan
from fixtures.newsreel import RATE, make_newsreel
from fixtures.newsreel.camera import HEIGHT, WIDTH
from fixtures.newsreel.shots import SHOTS
from restoration import nursery
from tests.conftest import superuser
from tests.factories import make_scan, make_scene
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


def demo_reel(folder: Path) -> Scan:
    """Its first three shots, as twenty scenes of eight frames; the last one takes what is over."""
    reel = make_newsreel(folder / "newsreel", cast=SHOTS[:3])
    frames = sum(shot.frames for shot in SHOTS[:3])
    scan = make_scan(
        frames=frames,
        rate=RATE,
        width=WIDTH,
        height=HEIGHT,
        path=str(reel.path),
        sha256=hashlib.sha256(reel.path.read_bytes()).hexdigest(),
    )
    starts = [LENGTH * scene for scene in range(SCENES)]
    for start, end in itertools.pairwise([*starts, frames]):
        make_scene(scan=scan, frames=(start, end))
    return scan


@pytest.mark.parametrize("kind", ["database", "rabbitmq", "redis"])
def test_whatever_breaks_every_run_ends_and_no_take_is_lost_doubled_or_false(
    kind: str, lasting_database: None, settings: object, tmp_path: Path
) -> None:
    scan = demo_reel(tmp_path)
    with ExitStack() as opened:
        disk = SmallDisk(tmp_path / "disk", "512m")
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
