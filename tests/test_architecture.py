"""The house's rules: algorithms know no Django, dependence has one direction, rooms stay small."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
APPS = ("archive", "restoration", "review")

PURE = (
    "restoration/provenance",
    "restoration/manifest.py",
    "restoration/imaging",
    "restoration/speech",
    *(
        f"restoration/stages/attribute/{name}.py"
        for name in (
            "measured",
            "lips",
            "synchrony",
            "clusters",
            "naming",
            "carrying",
            "deciding",
            "spoken",
        )
    ),
    "review/policies.py",
    "review/gate.py",
    "review/findings.py",
    "review/restrictions.py",
    "review/rights_rules.py",
    "review/override.py",
    "review/drawings.py",
    "review/sampling.py",
    "review/frame_ranges.py",
    "review/cues.py",
    *(
        f"review/search/{name}.py"
        for name in ("words", "query", "lexemes", "matching", "citing", "places")
    ),
    "review/claim.py",
    "review/areas.py",
)
"""Arrays and values in, arrays and values out."""

PLAIN = (
    "archive/media",
    "archive/fixity.py",
    "archive/ledger.py",
    "archive/metadata",
    "archive/vocabularies",
    "archive/webhooks/kinds.py",
    "archive/webhooks/posting.py",
    "restoration/mapfile.py",
    "restoration/mapstreams.py",
    "restoration/execution.py",
    "restoration/preparing.py",
    "restoration/verification.py",
    "restoration/recording.py",
    "restoration/following.py",
    "restoration/read_ahead.py",
    "restoration/clip.py",
    "restoration/chunks.py",
    "restoration/orders.py",
    "restoration/overlay.py",
    "restoration/software.py",
    "restoration/cutting.py",
    "restoration/weights.py",
    "restoration/writing.py",
    "review/search/sentences.py",
    "review/search/statement.py",
    "restoration/stages",
    "restoration/__main__.py",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "restoration").glob("cli_*.py")),
    "review/version_choice.py",
    "review/credentials.py",
    "review/authority.py",
    "review/formats",
    "review/guests/marking.py",
    "review/guests/copying.py",
    "review/delivery/assembly.py",
    "review/delivery/pictures.py",
    "review/delivery/assembler.py",
    "review/delivery/folders.py",
    "config/cluster.py",
    "config/postgres.py",
    "config/tether.py",
)
"""May touch files, devices or libraries; still no Django."""

FRAMEWORKS = ("django", "rest_framework", "dramatiq")
OUTSIDE_WORLD = ("av", "os", "socket", "sqlite3", "subprocess", "urllib", "http", "psycopg")
VAGUE = {"utils", "util", "helpers", "common", "services", "managers", "misc", "base", "core"}


def modules(*places: str) -> Iterator[Path]:
    """Every Python file in those files and folders, as paths below the root."""
    for place in places:
        path = ROOT / place
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path] * path.exists()
        yield from (file.relative_to(ROOT) for file in found)


def name_of(module: Path) -> str:
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(module: Path) -> frozenset[str]:
    """Full names of all that a module imports, anywhere in it; relative names resolved."""
    package = name_of(module) if module.name == "__init__.py" else name_of(module.parent / "x")[:-2]
    found = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                source = ".".join([*above, source]).rstrip(".")
            found |= {f"{source}.{alias.name}" for alias in node.names}
    return frozenset(found)


def reaches(module: Path, *packages: str) -> set[str]:
    return {
        name
        for name in imports(module)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }


def loaded_by(names: list[str]) -> list[str]:
    """Frameworks that a fresh interpreter holds after importing those modules."""
    program = (
        "import importlib, json, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(json.dumps([name for name in {FRAMEWORKS!r} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "REELPROOF_HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_algorithms_and_files_know_no_framework() -> None:
    names = [name_of(module) for module in modules(*PURE, *PLAIN)]
    assert len(names) > 20, "the rooms moved: name them here"
    if loaded_by(names):  # find out whose fault it is
        assert {name: loaded_by([name]) for name in names} == {name: [] for name in names}


@pytest.mark.parametrize("module", list(modules(*PURE)), ids=str)
def test_pure_modules_do_not_touch_the_world(module: Path) -> None:
    assert not reaches(module, *OUTSIDE_WORLD)


@pytest.mark.parametrize(("app", "above"), [("archive", APPS[1:]), ("restoration", APPS[2:])])
def test_dependence_has_one_direction(app: str, above: tuple[str, ...]) -> None:
    wrong = {str(module): reaches(module, *above) for module in modules(app)}
    assert {module: names for module, names in wrong.items() if names} == {}


def test_no_stage_imports_another() -> None:
    stages = [folder for folder in (ROOT / "restoration/stages").iterdir() if folder.is_dir()]
    stages = [folder for folder in stages if list(folder.glob("*.py"))]
    wrong = {}
    for stage in stages:
        others = [f"restoration.stages.{other.name}" for other in stages if other != stage]
        for module in modules(str(stage.relative_to(ROOT))):
            if names := reaches(module, *others):
                wrong[str(module)] = names
    assert wrong == {}


def test_the_product_does_not_need_its_tests() -> None:
    wrong = {str(module): reaches(module, "tests", "pytest") for module in modules(*APPS, "config")}
    assert {module: names for module, names in wrong.items() if names} == {}


def test_modules_are_named_and_split_by_what_they_hold() -> None:
    found = [module for module in modules(*APPS, "config", "fixtures") if "migrations" not in
             module.parts]  # fmt: skip
    assert {str(module) for module in found if set(module.with_suffix("").parts) & VAGUE} == set()
    long = {str(module): len((ROOT / module).read_text().splitlines()) for module in found}
    assert {module: lines for module, lines in long.items() if lines > 400} == {}
