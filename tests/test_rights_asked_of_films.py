"""Rights are asked of a film; where none is named, it is a list's door or the whole installation's.

Whoever asks `has_perm` without a film asks "in any collection at all". That is right for a menu or
before rows are narrowed, and wrong for an act: each such place stands here with why it may.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

WITHOUT_A_FILM = {
    "archive/sight.py": "of people without roles in collections, who have it everywhere or nowhere",
    "archive/access.py": "the same",
    "archive/api/authentication.py": "whether an action is refused before any row is looked at",
    "archive/api/addresses.py": "before what the address opens is fetched, of which it is asked",
    "archive/importing.py": "of who is an archivist everywhere: a table reaches every collection",
    "archive/upload_views.py": "the door of uploads; the collection is asked when one is announced",
    "archive/webhooks/outbox.py": "before the reel is looked for among those with the right",
    "restoration/api/quotas.py": "the installation's, which administrators bind",
    "restoration/api/runs.py": "of people without roles in collections",
    "review/templatetags/workbench.py": "the menu",
    "review/api/reels.py": "before reels are narrowed to those with the right",
    "review/today.py": "which lists there are; their rows are narrowed to reels with the right",
    "review/queue.py": "before rows are narrowed to those with the right",
    "review/health_views.py": "the installation's",
}


def test_every_right_without_a_film_is_known() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for app in ("archive", "restoration", "review", "config")
        for path in (ROOT / app).rglob("*.py")
        if asks_without_a_film(path.read_text())
    }
    assert found == set(WITHOUT_A_FILM)


def asks_without_a_film(source: str) -> bool:
    if "has_perm" not in source:
        return False
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "has_perm"
        and len(node.args) + len(node.keywords) < 2
        for node in ast.walk(ast.parse(source))
    )


def test_no_view_passes_the_doors_that_ask_over_the_film() -> None:
    """Django's own decorator asks without one."""
    names = ("permission_required", "PermissionRequiredMixin", "user_passes_test")
    found = [
        path.relative_to(ROOT).as_posix()
        for app in ("archive", "restoration", "review", "config")
        for path in (ROOT / app).rglob("*.py")
        if any(name in path.read_text() for name in names)
    ]
    assert found == []
