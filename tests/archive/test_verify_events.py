"""A chain that somebody changed past every lock is found, and the event is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from archive import custody
from archive.models import Reel
from tests.factories import make_reel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reel() -> Reel:
    reel = make_reel()
    for number in range(4):
        custody.record(
            kind="inspection",
            agent=custody.software(),
            subject=f"reel:{reel.pk}",
            reel=reel,
            detail={"number": number},
        )
    return reel


@pytest.fixture
def intruder(superuser_dsn: str) -> Iterator[psycopg.Connection]:
    """Someone with the keys to the machine, who switches the triggers off."""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def faults() -> str:
    with pytest.raises(CommandError) as found:
        call_command("verify_events")
    return str(found.value)


def test_whole_chains_pass(reel: Reel, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_events", "--json")

    found = json.loads(capsys.readouterr().out)
    assert found["events"] == 4
    assert found["faults"] == []
    assert found["heads"][f"reel:{reel.pk}"]["sequence"] == 4


@pytest.mark.parametrize(
    "change",
    [
        "detail = '{\"number\": 9}'",
        "outcome = 'failure'",
        "at = at + interval '1 second'",
        "kind = 'deletion'",
        "subject = 'reel:999'",
        "reel_id = NULL",
        "agent_id = (SELECT max(id) FROM archive_agent)",
    ],
)
def test_a_changed_event_is_named(reel: Reel, intruder: psycopg.Connection, change: str) -> None:
    custody.software("Another", version="9")
    intruder.execute(f"UPDATE archive_event SET {change} WHERE sequence = 2")

    assert f"reel:{reel.pk}#2" in faults()


def test_a_renamed_agent_is_found(reel: Reel, intruder: psycopg.Connection) -> None:
    intruder.execute("UPDATE archive_agent SET version = '0.0'")

    assert f"reel:{reel.pk}#1" in faults()


def test_a_removed_event_is_named(reel: Reel, intruder: psycopg.Connection) -> None:
    intruder.execute("DELETE FROM archive_event WHERE sequence = 2")

    assert "event 2 is missing" in faults()


def test_a_changed_event_with_a_fresh_digest_breaks_the_next(
    reel: Reel, intruder: psycopg.Connection
) -> None:
    intruder.execute("UPDATE archive_event SET digest = repeat('a', 64) WHERE sequence = 2")

    assert f"reel:{reel.pk}#3" in faults()


def test_a_cut_off_end_is_found_by_a_head_known_from_elsewhere(
    reel: Reel, intruder: psycopg.Connection, tmp_path: Path
) -> None:
    package = tmp_path / "record.json"
    package.write_text(json.dumps({"takes": [], "chain_heads": custody.chain_heads(reel)}))
    intruder.execute("DELETE FROM archive_event WHERE sequence > 2")

    call_command("verify_events")
    with pytest.raises(CommandError, match="event 4 is missing"):
        call_command("verify_events", "--heads", str(package))


def offline(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with no database to reach."""
    environment = os.environ | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    return subprocess.run(
        [sys.executable, "manage.py", "verify_events", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_exported_file_is_checked_without_a_database(reel: Reel, tmp_path: Path) -> None:
    export = tmp_path / "events.json"
    call_command("verify_events", "--export", str(export))

    sound = offline("--file", str(export))
    assert sound.returncode == 0, sound.stderr

    export.write_text(export.read_text().replace('"number": 1', '"number": 7'))
    changed = offline("--file", str(export))
    assert changed.returncode == 1
    assert f"reel:{reel.pk}#2" in changed.stderr


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")

    with pytest.raises(CommandError, match="--export"):
        call_command("verify_events", "--file", str(tmp_path / "x.json"))
