"""A change of a description by a program: typed into the pages' own forms, and saved by them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.models import User
from rest_framework.exceptions import ValidationError

from archive.describing import Describing
from archive.description import OWN_ROWS
from archive.models import Reel

PARTS = {"title": "title", "element": "element", "reel": "own", "scan": "scan"}
"""Of a description, and the form that each is typed into."""


def describe(reel: Reel, part: str, said: dict[str, Any], *, by: User) -> None:
    """Say something anew of a part; what is not named stays as it is.

    Args:
        said: fields of the part's form, and whole lists (`credits`, `identifiers`, ...).

    Raises: ValidationError with the forms' own words; DescriptionChanged.
    """
    standing = Describing(reel, by=by)
    form = getattr(standing, PARTS[part])
    typed = _as_typed(standing)
    for name, value in said.items():
        if rows := _list_named(part, name, standing):
            typed |= _list_as_typed(rows, standing.rows[rows], value)
        else:
            _put(typed, f"{form.prefix}-{name}", value)
    filled = Describing(reel, typed, by=by)
    if not filled.is_valid():
        raise ValidationError(_faults(filled, part))
    filled.save(by=by)


def _list_named(part: str, name: str, standing: Describing) -> str | None:
    """What the forms call the list of that name of a part, if it is one."""
    if part == "title":
        return name if name in standing.rows else None
    named = (each for each, (of, own, _) in OWN_ROWS.items() if (of, own) == (part, name))
    return next(named, None)


def _as_typed(standing: Describing) -> dict[str, str]:
    """The forms as a browser sends them that nobody typed anything into."""
    typed = {"seen": standing.seen}
    forms = [standing.title, standing.element, standing.own, standing.scan]
    for form in forms:
        if form is not None:
            for name in form.fields:
                _put(typed, f"{form.prefix}-{name}", form[name].value())
    for name, rows in standing.rows.items():
        typed |= _list_as_typed(name, rows, None)
    return typed


def _list_as_typed(name: str, rows: Any, wanted: list[dict[str, Any]] | None) -> dict[str, str]:
    """A list of rows; `wanted` in place of those that stand, None for these."""
    standing = list(rows.initial_forms)
    count = len(standing) if wanted is None else max(len(standing), len(wanted))
    typed = {
        f"{name}-TOTAL_FORMS": str(count),
        f"{name}-INITIAL_FORMS": str(len(standing)),
    }
    for place in range(count):
        prefix = f"{name}-{place}"
        if place < len(standing):
            form = standing[place]
            _put(typed, f"{prefix}-id", form.instance.pk)
            said = {field: form[field].value() for field in form.fields if field != "DELETE"}
            _put_all(typed, prefix, said | {"id": form.instance.pk})
        if wanted is not None and place < len(wanted):
            empty = dict.fromkeys(rows.empty_form.fields, "")
            _put_all(typed, prefix, {n: v for n, v in (empty | wanted[place]).items() if n != "id"})
        elif wanted is not None:
            typed[f"{prefix}-DELETE"] = "on"
    return typed


def _put_all(typed: dict[str, str], prefix: str, said: dict[str, Any]) -> None:
    for name, value in said.items():
        _put(typed, f"{prefix}-{name}", value)


def _put(typed: dict[str, str], name: str, value: Any) -> None:
    """As browsers do: a box that is not ticked is not sent at all."""
    typed.pop(name, None)
    if isinstance(value, bool):
        if value:
            typed[name] = "on"
    elif isinstance(value, date):
        typed[name] = value.isoformat()
    else:
        typed[name] = "" if value is None else str(value)


def _faults(filled: Describing, part: str) -> dict[str, Any]:
    """What the forms say, by where it stands in the body; other parts' under their own name."""
    told: dict[str, Any] = {}
    for name, attribute in PARTS.items():
        form = getattr(filled, attribute)
        if form is not None and form.errors:
            found = _by_field(form)
            told |= found if name == part else {name: found}
    for name, rows in filled.rows.items():
        faults: dict[Any, Any] = {
            place: _by_field(form) for place, form in enumerate(rows.forms) if form.errors
        }
        if rows.non_form_errors():
            faults["non_field_errors"] = list(rows.non_form_errors())
        if faults:
            own = OWN_ROWS.get(name)
            told[own.name if own is not None and own.part == part else name] = faults
    return told


def _by_field(form: Any) -> dict[str, list[str]]:
    return {
        "non_field_errors" if name == "__all__" else name: list(words)
        for name, words in form.errors.items()
    }
