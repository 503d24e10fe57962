"""The interface as a page for people: the OpenAPI document without any script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.api import tokens
from archive.api.document import document
from archive.api.problems import TITLES

_VALUE = re.compile(r"\* `([^`]*)` - (.*)")


@login_not_required
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    found = document()
    context = {
        "info": found["info"],
        "subjects": _subjects(found),
        "shapes": _shapes(found),
        "problems": [(status, name, title) for status, (name, title) in TITLES.items()],
        "scopes": tokens.SCOPES,
    }
    return render(request, "archive/api_guide.html", context)


SUBJECTS = {
    "The catalogue": (
        *("collections", "titles", "elements", "reels", "scans", "faults", "terms", "imports"),
        *("import-jobs", "bulk-edits", "trash", "readings"),
    ),
    "Films in, and whether they are whole": (
        *("uploads", "fixity", "fixity-checks", "second-copies"),
    ),
    "Work on film": (
        *("scenes", "edits", "runs", "takes", "repair-decisions", "protected-regions", "hints"),
        *("palette-colours", "reference-stills", "colour-corrections", "quotas"),
    ),
    "What is said and who is seen": ("corrections", "faces", "namings", "glossary"),
    "Review": ("hand-overs", "approvals", "notes"),
    "Film that leaves": ("deliveries", "deliverables", "guest-links"),
    "Finding, and being told": ("catalogue", "search", "searches", "webhooks"),
}
"""Where a person looks for an address, by its first word."""


@dataclass(frozen=True, slots=True)
class Part:
    """What there is to ask of one kind of row."""

    name: str
    asked: list[dict[str, Any]]


def _subjects(found: dict[str, Any]) -> list[tuple[str, list[Part]]]:
    """What there is to ask, by subject and by the first word of its address."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for path, methods in found["paths"].items():
        for method, told in methods.items():
            parts.setdefault(told["tags"][0], []).append(_asked(path, method, told))
    placed = [
        (subject, [Part(name, parts.pop(name)) for name in names if name in parts])
        for subject, names in SUBJECTS.items()
    ]
    others = [Part(name, asked) for name, asked in parts.items()]
    return placed + ([("Other", others)] if others else [])


def _asked(path: str, method: str, told: dict[str, Any]) -> dict[str, Any]:
    good = {code: each for code, each in told["responses"].items() if code != "default"}
    return {
        "path": path,
        "method": method.upper(),
        "words": _words(told),
        "parameters": [
            each | {"words": _words(each)}
            for each in told.get("parameters", [])
            if each["in"] != "path"
        ],
        "reads": _named(told.get("requestBody", {})),
        "answers": [(code, _named(each)) for code, each in good.items()],
    }


def _named(told: dict[str, Any]) -> str:
    """The shape's name of a body or an answer; empty where there is none."""
    for content in told.get("content", {}).values():
        return str(content["schema"].get("$ref", "")).rsplit("/", 1)[-1]
    return ""


@dataclass(frozen=True, slots=True)
class Words:
    """A description: what it says, and the values that it lists."""

    text: str
    values: list[tuple[str, str]]

    @property
    def first(self) -> str:
        """Its first sentence."""
        return re.split(r"(?<=[.;:?])\s", " ".join(self.text.split()), maxsplit=1)[0].rstrip(".;:")


def _words(told: dict[str, Any]) -> Words:
    """Choices are told as Markdown, a line for each: * `staff` - staff only."""
    text, values = [], []
    for line in told.get("description", "").splitlines():
        if found := _VALUE.fullmatch(line.strip()):
            values.append((found[1], found[2] if found[2] != found[1] else ""))
        else:
            text.append(line)
    return Words("\n".join(text).strip(), values)


def _shapes(found: dict[str, Any]) -> list[tuple[str, Words, list[Any]]]:
    """Each shape's name, what it says of itself, and its fields with type and words."""
    shapes = []
    for name, shape in found["components"]["schemas"].items():
        fields = [
            (field, _type(told), _words(told))
            for field, told in shape.get("properties", {}).items()
        ]
        if fields:
            shapes.append((name, _words(shape), fields))
    return shapes


def _type(told: dict[str, Any]) -> str:
    """A field's type in a word, and the shape that it links to."""
    for each in [told, *told.get("allOf", []), *told.get("oneOf", [])]:
        if "$ref" in each:
            return str(each["$ref"]).rsplit("/", 1)[-1]
    if told.get("type") == "array":
        return f"list of {_type(told.get('items', {}))}"
    kind = str(told.get("format") or told.get("type") or "any")
    return f"{kind} or null" if told.get("nullable") else kind
