"""What many rows say, checked by the fields of the forms as if each were typed.

A form made anew for each row costs more than its checks, so the fields are made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Field

from archive.form_fields import CheckedField
from archive.forms import LISTED, DescriptionForm, ElementForm, ReelForm, TitleForm
from archive.terms import Terms

MOST_KNOWN = 50_000
"""Checked rows of lists that are remembered: the same names come again and again."""


class Checked:
    """The fields of one form."""

    def __init__(self, form: type[DescriptionForm], terms: Terms) -> None:
        self.fields: dict[str, Field] = form(terms=terms).fields
        self.model = form._meta.model

    def values(
        self, said: Mapping[str, Any], row: Any, *, may_empty: bool = False
    ) -> tuple[dict[str, Any], list[str]]:
        """What is said, as it is kept, and what is wrong with it.

        Args:
            row: what stands; a field that says the same again may stay, right or wrong.
            may_empty: an empty text empties the field; else it says nothing.
        """
        fields = {name: text for name, text in said.items() if name in self.fields}
        wanted = {name: text for name, text in fields.items() if text or may_empty}
        return self._cleaned(wanted, {name: getattr(row, name) for name in wanted})

    def whole(self, said: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """A row of a list: every field of the form, also those that nothing is said of."""
        return self._cleaned({name: said.get(name) for name in self.fields}, {})

    def _cleaned(
        self, wanted: Mapping[str, Any], standing: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        kept, reasons = {}, []
        for name, text in wanted.items():
            try:
                kept[name] = self._clean(name, text, str(standing.get(name) or ""))
            except ValidationError as error:
                reasons.append(f"{name}: {' '.join(error.messages)}")
        return kept, reasons

    def _clean(self, name: str, text: Any, standing: str) -> Any:
        field = self.fields[name]
        if isinstance(field, CheckedField):
            field.kept = standing
        value = field.clean(text)
        if value in field.empty_values and not field.required:
            return value
        return self.model._meta.get_field(name).clean(value, None)  # type: ignore[union-attr]


class Checks:
    """The fields of all forms, with the vocabularies as they are now."""

    def __init__(self, terms: Terms | None = None) -> None:
        terms = terms or Terms()
        self.title = Checked(TitleForm, terms)
        self.element = Checked(ElementForm, terms)
        self.reel = Checked(ReelForm, terms)
        self._rows = {name: Checked(form, terms) for name, (_, form, _) in LISTED.items()}
        self._known: dict[tuple[str, tuple[Any, ...]], tuple[dict[str, Any], list[str]]] = {}

    def row(self, name: str, said: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """A row of the list of that name (`credits`, ...) as `Checked.whole`."""
        key = (name, tuple(said.items()))
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._rows[name].whole(said)
        return self._known[key]
