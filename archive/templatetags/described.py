"""How the pages write a description: dates, rights, grades, and what was changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import template

from archive import dates, relations
from archive.description import ELEMENT, EXAMINED
from archive.metadata import rights
from archive.models import ConditionReport, Element, Event, Fault, Reel

register = template.Library()

LABELS = {
    "tint": "Tint and tone",
    "aspect": "Aspect ratio",
    "edge_code": "Edge code",
    "running_speed": "Running speed",
}
TONES = {0: "good", 1: "good", 2: "warn", 3: "bad", 4: "bad"}


@register.simple_tag(takes_context=True)
def relations_of(context: dict[str, Any], reel: Reel) -> list[relations.Told]:
    return relations.of(reel, context["user"])


@register.simple_tag(takes_context=True)
def relations_naming(context: dict[str, Any], reel: Reel) -> list[relations.Told]:
    return relations.naming(reel, context["user"])


@register.filter
def spaced(name: str) -> str:
    """A field's name as people read it."""
    return name.replace("_", " ")


@register.filter
def edtf_words(text: str) -> str:
    return dates.in_words(text)


@register.filter
def rights_words(address: str) -> str:
    return rights.in_words(address)


@register.filter
def element_facts(element: Element) -> list[tuple[str, str]]:
    """What is known of a carrier, in the order in which archivists look at one."""
    facts = [(LABELS.get(name, name.capitalize()), getattr(element, name)) for name in ELEMENT]
    return [
        (label, f"{value} frames a second" if label == "Running speed" else value)
        for label, value in facts
        if value and label != "Notes"
    ]


@register.filter
def says_something(element: Element) -> bool:
    return any(getattr(element, name) for name in ELEMENT)


@register.filter
def examinations(reel: Reel) -> list[ConditionReport]:
    return list(reel.conditions.prefetch_related("faults"))


@register.filter
def worst_words(report: ConditionReport) -> str:
    worst = report.worst()
    return Fault.Grade(worst).label if worst else "no faults noted"


@register.filter
def worst_tone(report: ConditionReport) -> str:
    return TONES[report.worst()]


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one event."""

    of: str
    field: str
    before: list[str]
    after: list[str]
    name: str = ""
    """The field's name, where its own history can be asked for."""


@register.filter
def changes_told(event: Event, field: str = "") -> list[Change]:
    """Args: field: only of this one."""
    return [each for each in _changes(event) if field in ("", each.name)]


def _changes(event: Event) -> Iterator[Change]:
    detail = event.detail
    if event.kind == EXAMINED:
        faults = [f"{each['kind']}, grade {each['grade']}" for each in detail.get("faults", [])]
        yield Change("reel", "examination", [], faults or ["no faults noted"])
        return
    of = detail.get("of") or event.subject.split(":")[0]
    for name, value in detail.get("fields", {}).items():
        yield Change(of, name.replace("_", " "), [], _lines(value))
    for name, (was, now) in detail.get("changes", {}).items():
        yield Change(of, name.replace("_", " "), *_differing(was, now), name)


def _differing(was: Any, now: Any) -> tuple[list[str], list[str]]:
    """Of lists, only the rows that are not on both sides."""
    if isinstance(was, list) and isinstance(now, list):
        before, after = _lines(was), _lines(now)
        return [each for each in before if each not in after], [
            each for each in after if each not in before
        ]
    return _lines(was), _lines(now)


def _lines(value: Any) -> list[str]:
    if isinstance(value, list):
        return [", ".join(f"of element {each}" if name == "element_id" else _value(each)
                          for name, each in row.items() if each not in ("", None))
                for row in value]  # fmt: skip
    return [_value(value)] if value not in ("", None) else []


def _value(value: Any) -> str:
    return {True: "allowed", False: "not allowed"}[value] if isinstance(value, bool) else str(value)
