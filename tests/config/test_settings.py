from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from tests.config.conftest import ROOT

APPS = ("archive", "restoration", "review")


def settings_say(expression: str, **env: str) -> subprocess.CompletedProcess[str]:
    program = f"from config import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.django_db(databases=["default", "owner"])
def test_every_change_of_a_model_has_its_migration() -> None:
    out = StringIO()
    try:
        call_command("makemigrations", *APPS, check=True, dry_run=True, stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())


def test_behind_https_django_finds_nothing_to_harden() -> None:
    env = {**os.environ, "BEHIND_HTTPS": "yes"}
    env.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # of the tests' browser
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_pages_may_load_nothing_from_elsewhere(client: Client, db: None) -> None:
    response = client.get("/login/")
    policy = response["Content-Security-Policy"]
    assert re.search(r"default-src 'none'", policy)
    assert "unsafe" not in policy and "//" not in policy and "*" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    cookie = response.cookies["csrftoken"]
    assert cookie["samesite"] == "Lax"


def test_a_login_page_needs_no_inline_script_or_style(client: Client, db: None) -> None:
    page = client.get("/login/").content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


def test_the_secret_key_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    home = {"REELPROOF_HOME": str(tmp_path)}
    keys = {settings_say("settings.SECRET_KEY", **home).stdout for _ in range(2)}
    assert len(keys) == 1 and len(keys.pop().strip()) > 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


@pytest.mark.parametrize(
    ("name", "value"), [("DEBUG", "perhaps"), ("PORT", "http"), ("BEHIND_HTTPS", "")]
)
def test_a_setting_that_makes_no_sense_is_named(name: str, value: str) -> None:
    done = settings_say("1", **{name: value})
    assert done.returncode != 0
    assert f"{name} wants" in done.stderr


def test_a_database_of_ones_own_wins() -> None:
    said = settings_say(
        "settings.DATABASE_IS_EMBEDDED, settings.DATABASES['default']['HOST'],"
        " settings.DATABASES['owner']['USER']",
        DATABASE_URL="postgresql://app@db.example/reelproof",
        DATABASE_OWNER_URL="postgresql://boss@db.example/reelproof",
    )
    assert said.stdout.strip() == "False db.example boss"


def test_a_secret_may_stand_in_a_file_and_in_one_place_only(tmp_path: Path) -> None:
    kept = tmp_path / "key"
    kept.write_text("from a vault\n")
    said = settings_say("settings.SECRET_KEY", SECRET_KEY_FILE=str(kept))
    assert said.stdout == "from a vault\n"
    both = settings_say("0", SECRET_KEY_FILE=str(kept), SECRET_KEY="another")
    assert "keep one of them" in both.stderr
    gone = settings_say("0", SECRET_KEY_FILE=str(tmp_path / "none"))
    assert "SECRET_KEY_FILE cannot be read" in gone.stderr
