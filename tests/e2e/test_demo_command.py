"""`manage.py demo` on a film of one's own: the real processes, from a bare home folder, twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from archive.fixity import sha256_file
from fixtures.clips import write_clip

pytestmark = pytest.mark.slow


def demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REELPROOF_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )


def document(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_it_delivers_a_film_and_does_nothing_twice(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    film = write_clip(
        tmp_path / "Früher 'Film'.mkv", frames=30, rate=18, audio_tracks=1, audio_codec="flac"
    )
    home = tmp_path / "home"
    first = document(demo(home, "--film", str(film), "--json"))
    assert first["violations"] == 0
    assert first["rate"] == "18/1"
    assert first["created"] and first["delivered"]
    for file in first["files"]:
        assert sha256_file(Path(file["path"])) == file["sha256"]
    told = {each["file"]: each for each in first["credentials"]}
    assert set(told) == {"viewing.mp4", "master.mkv", "map.mkv"}
    for each in told.values():
        assert (each["state"], each["one_byte_changed"]) == ("trusted", "invalid")
    assert "was sent back by itself by reviewer" in first["stage_by_itself"]["answer"]
    guest = first["guest"]
    assert (guest["film"], guest["note"], guest["film_once_revoked"]) == (206, 302, 410)
    assert any("wrote a note" in each for each in guest["room_told"]) and guest["also_here"]
    second = document(demo(home, "--film", str(film), "--json"))
    assert second["reel"] == first["reel"]
    assert not second["created"] and not second["delivered"]
    assert second["runs_offered"] == second["runs"]
    for each in (first, second):
        assert each["table_of_films"] == {
            "rows": 60, "new": 60, "found_by_can": 1, "removed": 60, "kept": 0,
        }  # fmt: skip
    assert second["stage_by_itself"] == first["stage_by_itself"]
    assert second["people"] == first["people"]


def test_a_film_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ended = demo(tmp_path / "home", "--film", str(tmp_path / "gone.mkv"))
    assert ended.returncode == 1
    assert "gone.mkv" in ended.stderr
    assert "Traceback" not in ended.stderr
