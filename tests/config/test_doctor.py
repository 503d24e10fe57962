from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from config import cluster
from tests import environment
from tests.config.conftest import ROOT
from tests.restoration.engine import brokers


def doctor(**env: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, {found["what"]: found for found in json.loads(done.stdout)}


def test_a_sound_installation_is_well(db: None) -> None:
    code, found = doctor()
    assert code == 0
    for what in ("python", "disk", "coders", "mediainfo", "postgresql", "database", "events"):
        assert found[what]["state"] == "well", found[what]
    assert "not running" in found["workers"]["words"]


def test_a_database_with_one_role_for_all_is_ill(db: None) -> None:
    """DATABASE_URL wins over the embedded server; here it names the role that owns the tables."""
    sockets = cluster.find_place(environment.HOME).sockets
    code, found = doctor(
        DATABASE_URL=f"postgresql://{cluster.OWNER_ROLE}@{quote(str(sockets), safe='')}/reelproof"
    )
    assert code == 1
    assert "postgresql" not in found
    assert found["roles"]["state"] == "ill"
    assert "UPDATE" in found["events"]["words"]


def test_a_database_that_is_away_is_ill_and_named() -> None:
    code, found = doctor(DATABASE_URL="postgresql://x@127.0.0.1:1/reelproof")
    assert code == 1
    assert "127.0.0.1" in found["database"]["words"]


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_broker_that_is_away_is_ill_and_named_without_its_password(scheme: str) -> None:
    url = f"{scheme}://films:hidden@127.0.0.1:1/0"
    code, found = doctor(BROKER_URL=url, DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert code == 1
    assert found["broker"]["state"] == "ill"
    assert "127.0.0.1:1 does not answer" in found["broker"]["words"]
    assert "refused" in found["broker"]["words"]
    assert "hidden" not in json.dumps(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rabbitmq", "redis"])
def test_a_broker_that_answers_is_well(kind: str, tmp_path: Path) -> None:
    with brokers.running(kind, tmp_path) as server:
        _, found = doctor(BROKER_URL=server.url, DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert found["broker"] == {
        "state": "well",
        "what": "broker",
        "words": f"127.0.0.1:{server.port} answers",
    }


@pytest.mark.slow
@pytest.mark.parametrize(("bind", "state"), [("0.0.0.0", "ill"), ("127.0.0.1", None)])
def test_debugging_in_the_open_is_ill(bind: str, state: str | None) -> None:
    _, found = doctor(DATABASE_URL="postgresql://x@127.0.0.1:1/x", DEBUG="yes", BIND=bind)
    assert found.get("DEBUG", {}).get("state") == state
