"""Containers and units start the programs that `make serve` starts, with the same arguments."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import supervision
from tests.config.conftest import ROOT

DEPLOY = ROOT / "deploy"


def served() -> dict[str, list[str]]:
    """What `make serve` runs, without the foreman's tether, by the program's name."""
    wanted = supervision.programs(home=Path("/h"), bind="0.0.0.0", port=8000, embedded=False)
    found = {}
    for program in wanted:
        arguments = list(program.arguments)
        found[program.name] = arguments[arguments.index("--signal") + 3 :]
    return found


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def image_command() -> list[str]:
    found = re.search(r"^CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    return yaml.safe_load(found[1])


def test_the_containers_run_what_one_machine_runs(services: dict[str, Any]) -> None:
    for name, arguments in served().items():
        command = services[name].get("command") or image_command()
        assert command == [".venv/bin/python", *arguments], name


def test_only_the_preparing_container_knows_the_owner_of_the_tables(
    services: dict[str, Any],
) -> None:
    knows = {name for name, it in services.items() if "OWNER" in str(it.get("environment"))}
    assert knows == {"prepared", "database"}


def test_every_container_of_ours_is_told_of_the_bucket(services: dict[str, Any]) -> None:
    ours = {name for name, it in services.items() if it.get("image") == "reelproof"}
    added = yaml.safe_load((DEPLOY / "compose.bucket.yaml").read_text())["services"]
    told = {name for name, it in added.items() if "STORAGE_URL" in it["environment"]}
    assert told == ours
    asked = set(added["web"]["environment"])
    assert asked <= set(re.findall(r"STORAGE_\w+", (ROOT / "config/settings.py").read_text()))


def test_no_secret_has_a_default(services: dict[str, Any]) -> None:
    text = "".join(path.read_text() for path in DEPLOY.glob("compose*.yaml"))
    asked = set(re.findall(r"\$\{(\w+(?:PASSWORD|KEY|KEY_ID))\b(\S*?)\}", text))
    assert asked and {ending for _, ending in asked} == {":?"}
    given = dict(
        line.split("=", 1)
        for line in (DEPLOY / "secrets.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert {name: given[name] for name, _ in asked} == {name: "" for name, _ in asked}


def test_the_units_run_the_same_programs() -> None:
    commands = served()
    for unit, name in (("web", "web"), ("sweeper", "sweeper"), ("watch", "watch")):
        text = (DEPLOY / f"systemd/reelproof-{unit}.service").read_text()
        started = re.search(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)
        assert started
        wanted = " ".join(commands[name]).replace("0.0.0.0", "127.0.0.1")
        assert started[1] == wanted
    worker = (DEPLOY / "systemd/reelproof-worker@.service").read_text()
    assert " ".join(commands["worker-cpu"][:-2]) in worker


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").glob("*.service"):
        text = unit.read_text().replace("/srv/reelproof", str(ROOT))
        name = unit.name.replace("@.", "@cpu-1.")
        (tmp_path / name).write_text(text.replace("User=reelproof\n", ""))
    checked = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.glob("*.service"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in checked.stderr.splitlines() if "reelproof-" in line] == []
