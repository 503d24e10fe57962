"""An installation of an earlier version, with work in it, goes on under this one.

The earlier version does the work itself, from its own commit: a film taken in, cut, restored and
approved. Then this version migrates the very database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from tests.config.conftest import ROOT

STATES = {
    "548f6cc2": "the first that did the main job",
    "44943b01": "colour, repairs and storyboards; before descriptions, transcripts and search",
    "f7e17b22": "standings kept by triggers; before trash, tokens, webhooks and buckets",
    "c806a131": "the last before packages were held by SHA-256",
}
"""Commits that stand for what was given out, beside every tag; names are never taken out."""


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)


def versions() -> list[str]:
    return [*STATES, *git("tag", "--merged", "HEAD").stdout.decode().split()]


def laid_out(version: str, folder: Path) -> Path:
    packed = git("archive", version)
    if packed.returncode:
        pytest.skip(f"{version} is not in this checkout's history")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def manage(tree: Path, *arguments: str, home: Path, films: Path) -> str:
    told = {"REELPROOF_HOME": str(home), "FILMS": str(films)}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=tree,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def script(name: str) -> str:
    return (ROOT / f"tests/config/{name}.py").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("version", versions())
def test_work_of_an_earlier_version_goes_on(
    version: str, new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home, films = new_home(), tmp_path / "films"
    films.mkdir()
    before = laid_out(version, tmp_path / "before")
    places = {"home": home, "films": films}
    manage(before, "migrate", "--database=owner", "-v0", **places)
    manage(before, "shell", "-c", script("earlier_state"), **places)
    manage(ROOT, "migrate", "-v0", **places)
    manage(ROOT, "collectstatic", "--noinput", "-v0", **places)
    asked = ("--format", "report", "--use", "exhibition", "--by", "archivist")
    manage(ROOT, "deliver", "1", *asked, "--to", str(films / "out"), **places)
    assert list((films / "out").glob("*/conservation-report.pdf"))
    told = manage(ROOT, "shell", "-c", script("upgraded_state"), **places)
    found = json.loads(told.strip().splitlines()[-1])
    assert found["takes"] >= 1
    assert found["approvals"] == ["approved"] and found["approved"] == [True]
    assert found["faults"] == [] == found["faults after"]
    assert found["events"] >= 4
    assert found["guarded"]
    assert {page: code for page, code in found["pages"].items() if code != 200} == {}
    assert found["goes on"] == ["done", ""]
    assert "every chain is whole" in manage(ROOT, "verify_events", **places)
    manage(ROOT, "standings", "--check", **places)
