"""No key, token or password of anybody stands in what is committed."""

from __future__ import annotations

import subprocess

import pytest
from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

from tests.test_architecture import ROOT

LOOKED_FOR = [
    {"name": name}
    for name in (
        *("AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "GitHubTokenDetector"),
        *("GitLabTokenDetector", "JwtTokenDetector", "NpmDetector", "OpenAIDetector"),
        *("PrivateKeyDetector", "PypiTokenDetector", "SlackDetector", "KeywordDetector"),
    )
]
"""Not what is merely long and random: digests of weights and packages are."""
EXAMPLES = {
    "config/broker.py",  # takes an address of a broker apart
    "config/dumping.py",  # gives pg_dump the password of the settings
    "docs/install.md",  # a password of three dots
    "docs/scale-out.md",  # user:password, in those words
}
ELSEWHERE = ("tests/", "static/vendor/", "constraints.txt")
"""Passwords of people who live for one test, and what others wrote."""


def committed() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no checkout")
    return [name for name in listed.stdout.splitlines() if not name.startswith(ELSEWHERE)]


def found_in(*paths: str) -> set[str]:
    secrets = SecretsCollection()
    with transient_settings({"plugins_used": LOOKED_FOR, "filters_used": []}):
        for path in paths:
            secrets.scan_file(path)
    return {name for name, _ in secrets}


@pytest.mark.slow
def test_nothing_that_is_committed_looks_like_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    texts = [name for name in committed() if (ROOT / name).suffix in SUFFIXES]
    assert len(texts) > 300
    assert found_in(*texts) <= EXAMPLES


SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".html", ".js", ".service", ".example"}


def test_a_key_would_be_seen(tmp_path) -> None:
    kept = tmp_path / "settings.py"
    kept.write_text("-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\n")
    assert found_in(str(kept)) == {str(kept)}
