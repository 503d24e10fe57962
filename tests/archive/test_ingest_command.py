"""`manage.py ingest`: exact JSON on stdout, progress on stderr, and errors that say what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from archive.models import Event, Reel, Scan
from fixtures.clips import write_clip, write_sequence
from tests.factories import make_reel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]

SMALL: dict[str, Any] = {"frames": 4, "width": 64, "height": 48}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "film.mkv", **SMALL)


def ingest(*arguments: object) -> None:
    call_command("ingest", *map(str, arguments), "--no-derivatives")


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_it_answers_in_one_json_document(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(film, "--title", "Harbour Day", "--json")

    found = answer(capsys)
    scan = Scan.objects.get()
    assert found == {
        "reel": scan.reel_id,
        "scan": scan.pk,
        "frames": 4,
        "rate": "24/1",
        "sha256": scan.sha256,
        "derivatives": "waiting",
        "warnings": [],
    }


def test_the_same_file_again_is_no_error(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(film, "--title", "Harbour Day")
    capsys.readouterr()

    ingest(film, "--title", "Other", "--json")
    assert answer(capsys)["existing"] is True
    ingest(film, "--title", "Other")
    assert "holds these bytes already: Harbour Day, reel 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "exact"),
    [("18", "18/1"), ("23.976", "24000/1001"), ("29.97", "30000/1001"), ("24000/1001",) * 2],
)
def test_rates_are_read_exactly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, exact: str
) -> None:
    folder = write_sequence(tmp_path / "frames", **SMALL)

    ingest(folder, "--title", "Harbour Day", "--rate", text, "--json")

    output = capsys.readouterr()
    assert json.loads(output.out)["rate"] == exact
    if "." in text:
        assert f"{text} frames a second are taken as exactly {exact}" in output.err


@pytest.mark.parametrize("rate", ["fast", "0", "-18", "24/0", "nan", "1e9"])
def test_a_rate_that_is_none_is_refused(film: Path, rate: str) -> None:
    with pytest.raises(CommandError):
        ingest(film, "--title", "Harbour Day", f"--rate={rate}")
    assert not Scan.objects.exists()


def test_a_reel_gets_another_scan(film: Path, archivist: User) -> None:
    reel = make_reel()

    ingest(film, "--reel", reel.pk, "--by", "anna")

    assert Scan.objects.get().reel == reel
    assert Event.objects.get(kind="ingestion").agent.user == archivist


def test_catalogue_words_are_kept(film: Path) -> None:
    ingest(
        film, "--title", "Harbour Day", "--collection", "Newsreels", "--element", "print",
        "--number", 3, "--access", "research",
    )  # fmt: skip

    reel = Reel.objects.get()
    assert (reel.number, reel.access, reel.element.name) == (3, "research", "print")
    assert reel.title.collection.name == "Newsreels"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "which file"),
        (["film.mkv"], "--title"),
        (["film.mkv", "--reel", "999"], "no reel 999"),
        (["film.mkv", "--title", "x", "--by", "nobody"], "no user nobody"),
        (["nowhere.mkv", "--title", "x"], "cannot be opened"),
        (["--derivatives", "999"], "no reel 999"),
    ],
)
def test_mistakes_are_named(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        ingest(*arguments)


def test_derivatives_can_be_made_later(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(film, "--title", "Harbour Day")

    call_command("ingest", "--derivatives", str(Reel.objects.get().pk), "--json")

    assert Scan.objects.get().derivatives == "ready"
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["derivatives"] == "ready"


@pytest.mark.django_db(transaction=True)
def test_as_a_program_it_ends_with_1_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / 'shopping "list".mp4'
    path.write_text("bread, milk")

    ended = subprocess.run(
        [sys.executable, "manage.py", "ingest", str(path), "--title", "x", "--json"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"REELPROOF_HOME": str(settings.HOME)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "is not a video" in ended.stderr
    assert "Traceback" not in ended.stderr
