"""What is installed is what constraints.txt names: every package, those that others bring, too."""

from __future__ import annotations

import tomllib
from importlib import metadata
from itertools import chain

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.config.conftest import ROOT

HANDLED_APART = {"torch", "torchvision", "triton"}
"""Of another build with and without a graphics processor: their versions have ranges."""


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if "==" in line]
    return {canonicalize_name(name): version for name, version in pairs}


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
