"""Fields of a description that check what is typed against a vocabulary, a standard or a form."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from archive.dates import NotADate, check_edtf
from archive.metadata import rights
from archive.metadata.wording import several, unwritable
from archive.models import Element, Title
from archive.terms import Terms, UnknownTerm


def writable(text: str) -> None:
    """Raises: ValidationError for a character that no XML file can hold."""
    if found := unwritable(text):
        raise ValidationError(
            f"It holds a character that cannot be written into files (U+{ord(found):04X}); "
            "type the text instead of pasting it, or take the character out."
        )


def first_error(form: forms.BaseForm) -> str:
    """What is wrong with a form, in the words of the first thing that is."""
    return str(next(iter(form.errors.values()))[0])


class CheckedField(forms.CharField):
    """A text that may stay as it was, or has to be right: old records are not held up by it."""

    kept = ""
    """What the catalogue holds; the form sets it."""
    terms: Terms
    """The form sets them."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        writable(text)
        return text if text == self.kept or not text else self.check(text)

    def check(self, text: str) -> str:
        """The text as it is kept. Raises: ValidationError."""
        return text


class TermField(CheckedField):
    """A word of a vocabulary, or several divided by semicolons."""

    def __init__(self, vocabulary: str, *, many: bool = False, **options: Any) -> None:
        self.vocabulary, self.many = vocabulary, many
        options.setdefault("required", False)
        options.setdefault("max_length", 200 if many else 100)
        attributes = {"list": f"terms-{vocabulary}", "autocomplete": "off"}
        super().__init__(widget=forms.TextInput(attrs=attributes), **options)

    def check(self, text: str) -> str:
        try:
            wanted = several(text) if self.many else [text]
            return "; ".join(self.terms.find(self.vocabulary, each) for each in wanted)
        except UnknownTerm as error:
            raise ValidationError(str(error)) from error


class ProposedTermField(TermField):
    """Words of a vocabulary in its own spelling, and others as they were typed."""

    def check(self, text: str) -> str:
        return "; ".join(self._known(each) for each in (several(text) if self.many else [text]))

    def _known(self, word: str) -> str:
        try:
            return self.terms.find(self.vocabulary, word)
        except UnknownTerm:
            return word


class DateText(CheckedField):
    """EDTF."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=40, **options)

    def check(self, text: str) -> str:
        try:
            return check_edtf(text)
        except NotADate as error:
            raise ValidationError(str(error)) from error


class Statement(CheckedField):
    """A rightsstatements.org or licence address."""

    def __init__(self, **options: Any) -> None:
        attributes = {"list": "terms-statement", "placeholder": "http://rightsstatements.org/…"}
        super().__init__(max_length=200, widget=forms.TextInput(attrs=attributes), **options)

    def check(self, text: str) -> str:
        if not re.fullmatch(r"https?://[^\s<>\"]+", text):
            raise ValidationError(
                "Give the address of a statement, such as http://rightsstatements.org/vocab/InC/1.0/"
            )
        try:
            return rights.canonical(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class Footage(CheckedField):
    """A length of film: metres or feet."""

    _FORM = re.compile(r"(\d+(?:[.,]\d+)?)\s*(m|ft)", re.IGNORECASE)

    def check(self, text: str) -> str:
        found = self._FORM.fullmatch(text)
        if not found:
            raise ValidationError("Write a length with its unit, such as 305 m or 1000 ft.")
        return f"{found[1].replace(',', '.')} {found[2].lower()}"


class RunningSpeed(CheckedField):
    """Frames a second: a number, a fraction or a span."""

    _FORM = re.compile(r"\d{1,3}(\.\d{1,3})?|\d{1,6}/\d{1,5}|\d{1,3}\s*-\s*\d{1,3}")

    def check(self, text: str) -> str:
        if not self._FORM.fullmatch(text):
            raise ValidationError("Write frames a second: 18, 24000/1001, or 16-20 if it varies.")
        return text.replace(" ", "")


class Other(CheckedField):
    """The other end of a relation: words, or a title or element of this archive by its number."""

    _OURS = re.compile(r"(title|element)\s*:?\s*(\d{1,9})", re.IGNORECASE)

    def check(self, text: str) -> str:
        found = self._OURS.fullmatch(text)
        if not found:
            return text
        rows = {"title": Title.objects.all(), "element": Element.objects.all()}[found[1].lower()]
        if not rows.filter(pk=int(found[2])).exists():
            raise ValidationError(f"There is no {found[1].lower()} {found[2]} in this archive.")
        return f"{found[1].lower()} {int(found[2])}"
