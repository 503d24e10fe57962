from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def new_home() -> Iterator[Callable[[], Path]]:
    """Make home folders that the server's user can get into, also when the tests run as root."""
    made = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="reelproof-home-")).resolve())
        made[-1].chmod(0o755)
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Path]) -> Path:
    """One home folder with a cluster, for all tests of a module."""
    return new_home()


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a Python module in a process that ends with the test, as oneself or another user."""
    started: list[subprocess.Popen[str]] = []

    def start_module(*arguments: str | Path, **options: object) -> subprocess.Popen[str]:
        python = options.pop("python", sys.executable)
        process = subprocess.Popen(
            [python, "-m", *map(str, arguments)],
            **{
                "cwd": ROOT,
                "stdin": subprocess.PIPE,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.STDOUT,
                "text": True,
                **options,
            },
        )
        started.append(process)
        return process

    yield start_module
    for process in started:
        process.kill()
        process.communicate()


def system_python() -> str | None:
    """A Python of our version that any user may run; ours may lie in a private folder."""
    own = Path(sys.executable).resolve()
    for candidate in (own, Path("/usr/bin") / f"python3.{sys.version_info.minor}"):
        if candidate.exists() and cluster.may_pass(candidate.resolve().parent, 65534, 65534):
            return str(candidate)
    return None


@pytest.fixture
def as_plain_user() -> dict[str, object]:
    """Options for `start` that make it run as somebody who is not root."""
    if os.getuid() != 0:
        return {}
    python = system_python()
    packages = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    if python is None or not cluster.may_pass(packages, 65534, 65534):
        pytest.skip("this checkout or its Python lies where no plain user can read it")
    paths = f"{packages}{os.pathsep}{ROOT}"
    env = {"PATH": os.defpath, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    return {"python": python, "user": 65534, "group": 65534, "extra_groups": [], "env": env}
