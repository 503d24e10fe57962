"""What is installed is what constraints.txt names: every package, those that others bring, too.

The locks that `make` installs from name the same versions, each file by its SHA-256.
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.config.conftest import ROOT

HANDLED_APART = {"torch", "torchvision", "triton"}
"""Of another build with and without a graphics processor: their versions have ranges."""

OF_ONE_S_OWN = {"einops", "spandrel"}
"""Of the extra `models`, which depends on torchvision and is installed by hand, by version."""


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if "==" in line]
    return {canonicalize_name(name): version for name, version in pairs}


def locked(name: str) -> dict[str, tuple[str, int]]:
    """What a lock installs: version, and how many files it may be, each known by its SHA-256."""
    text = (ROOT / f"locks/{name}.txt").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    found: dict[str, tuple[str, int]] = {}
    for entry in entries:
        package, version = re.match(r"(\S+)==(\S+)", entry).groups()  # type: ignore[union-attr]
        digests = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)
        found[canonicalize_name(package)] = (version, len(digests))
    return found


def brought(wanted: list[str], seen: dict[str, str]) -> dict[str, str]:
    """Name and version of all that is installed for these requirements."""
    for each in wanted:
        requirement = Requirement(each)
        extras = requirement.extras or {""}
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if name in seen or (marker and not any(marker.evaluate({"extra": e}) for e in extras)):
            continue
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # of an extra that is not installed
        seen[name] = found.version
        brought(
            [
                line
                for line in found.requires or []
                if (marker := Requirement(line).marker) is None
                or any(marker.evaluate({"extra": extra}) for extra in extras)
            ],
            seen,
        )
    return seen


LISTS = {
    "run": ["dependencies", "speech", "faces", "aaf"],
    "server": ["brokers", "s3", "sso"],
    "test": ["dev"],
    "audit": ["audit"],
}


@pytest.mark.parametrize("lock", LISTS)
def test_a_lock_holds_what_is_asked_for_by_version_and_digest(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = {"dependencies": project["dependencies"], **project["optional-dependencies"]}
    known, held = pinned(), locked(lock)
    for line in chain.from_iterable(lists[name] for name in LISTS[lock]):
        asked = Requirement(line)
        if asked.name != "torch":
            assert asked.specifier.contains(held[canonicalize_name(asked.name)][0]), line
    assert {name: at for name, (at, _) in held.items() if known.get(name, at) != at} == {}
    assert all(files for _, files in held.values())
    if lock != "audit":  # in an environment of its own
        assert {name for name in held if name not in known} == set()


def test_the_lock_of_pytorch_holds_it_and_its_libraries_by_digest() -> None:
    held = locked("torch")
    assert held["torch"][0] == pinned()["torch"]
    assert all(files for _, files in held.values())
    assert any(name.startswith("nvidia-") for name in held)


def test_every_package_is_pinned_and_installed_as_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = chain.from_iterable(project["optional-dependencies"].values())
    wanted = [*project["dependencies"], *optional]
    found = {
        name: version
        for name, version in brought(wanted, {}).items()
        if name not in HANDLED_APART and not name.startswith(("nvidia-", "cuda-"))
    }
    assert len(found) > 100
    known = pinned()
    wrong = {name: version for name, version in found.items() if known.get(name) != version}
    assert wrong == {}
    locks = set(chain.from_iterable(map(locked, ("run", "server", "test", "torch"))))
    assert found.keys() - locks - OF_ONE_S_OWN == set()
