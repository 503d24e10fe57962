"""What a description is typed into: it may be saved half done, and what is typed is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from archive import damage_photographs
from archive.form_fields import (
    CheckedField,
    DateText,
    Footage,
    Other,
    ProposedTermField,
    RunningSpeed,
    Statement,
    TermField,
)
from archive.models import (
    ConditionReport,
    Credit,
    Element,
    ElementIdentifier,
    Fault,
    Identifier,
    Reel,
    ReelIdentifier,
    Relation,
    Restriction,
    Rights,
    Scan,
    Title,
    Variant,
)
from archive.models.description import Term
from archive.terms import Terms

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:  # at run time Django's class takes no parameters
    ModelForm = forms.ModelForm

V = Term.Vocabulary
LONG = forms.Textarea(attrs={"rows": 3})


class DescriptionForm(ModelForm):
    """One part of a description."""

    def __init__(self, *args: Any, terms: Terms | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.terms = terms or Terms()
        for name, field in self.fields.items():
            if isinstance(field, CheckedField):
                field.terms = self.terms
                field.kept = str(getattr(self.instance, name, "") or "")


class TitleForm(DescriptionForm):
    name = CheckedField(max_length=400)
    year = DateText(label="Date", help_text="EDTF: 1926, 1926~ about, 192X, 1926/1928")
    country = ProposedTermField(
        V.COUNTRY, many=True, max_length=100, help_text="Several by semicolons"
    )
    language = TermField(V.LANGUAGE, many=True, help_text="Several by semicolons")
    notes = CheckedField(required=False, widget=LONG)

    class Meta:
        model = Title
        fields = ["name", "year", "country", "language", "collection", "notes"]


class ElementForm(DescriptionForm):
    name = CheckedField(required=False, max_length=200, help_text="Such as: nitrate print")
    gauge = TermField(V.GAUGE, max_length=40)
    base = TermField(V.BASE)
    stock = CheckedField(required=False, max_length=100)
    edge_code = CheckedField(required=False, max_length=100, help_text="As on the film's edge")
    generation = TermField(V.GENERATION)
    colour = TermField(V.COLOUR)
    tint = CheckedField(
        required=False, max_length=200, label="Tint and tone", help_text="Such as: night blue"
    )
    sound = TermField(V.SOUND)
    aspect = TermField(V.ASPECT, max_length=40, label="Aspect ratio")
    running_speed = RunningSpeed(required=False, max_length=20, help_text="Frames a second")
    notes = CheckedField(required=False, widget=LONG)

    class Meta:
        model = Element
        fields = [
            *("name", "gauge", "base", "stock", "edge_code", "generation", "colour", "tint"),
            *("sound", "aspect", "running_speed", "notes"),
        ]


class ReelForm(DescriptionForm):
    barcode = CheckedField(required=False, max_length=100)
    location = CheckedField(required=False, max_length=200, help_text="Where the can stands")
    footage = Footage(required=False, max_length=40, help_text="Such as 305 m")
    notes = CheckedField(required=False, widget=LONG)

    class Meta:
        model = Reel
        fields = ["number", "access", "barcode", "location", "footage", "notes"]

    def clean_number(self) -> int:
        """A constraint over element and number that the form alone would not see."""
        number: int = self.cleaned_data["number"]
        others = Reel.objects.filter(element=self.instance.element, number=number)
        if others.exclude(pk=self.instance.pk).exists():
            raise ValidationError(f"This element has a reel {number} already.")
        return number


class ScanForm(DescriptionForm):
    scanner = CheckedField(required=False, max_length=200, help_text="Make and model")
    scanned = DateText(label="Scanned on", help_text="EDTF, such as 2024-05")
    operator = CheckedField(required=False, max_length=200)
    remarks = CheckedField(required=False, widget=LONG)

    class Meta:
        model = Scan
        fields = ["scanner", "scanned", "operator", "remarks"]


class VariantForm(DescriptionForm):
    name = CheckedField(max_length=400, label="Other title")
    kind = TermField(V.VARIANT)
    language = TermField(V.LANGUAGE)

    class Meta:
        model = Variant
        fields = ["name", "kind", "language"]


class CreditForm(DescriptionForm):
    role = TermField(V.ROLE, required=True)
    name = CheckedField(max_length=200)
    note = CheckedField(required=False, max_length=200)

    class Meta:
        model = Credit
        fields = ["role", "name", "note"]


class IdentifierForm(DescriptionForm):
    source = TermField(V.IDENTIFIER, required=True)
    value = CheckedField(max_length=200)

    class Meta:
        model = Identifier
        fields = ["source", "value"]


class ElementIdentifierForm(IdentifierForm):
    class Meta:
        model = ElementIdentifier
        fields = ["source", "value"]


class ReelIdentifierForm(IdentifierForm):
    class Meta:
        model = ReelIdentifier
        fields = ["source", "value"]


class RelationForm(DescriptionForm):
    kind = TermField(V.RELATION, required=True)
    to = Other(max_length=400, help_text="In words, or: title 12, element 34")
    element = forms.ModelChoiceField(
        Element.objects.none(), required=False, label="Of", empty_label="the title",
    )  # fmt: skip

    class Meta:
        model = Relation
        fields = ["kind", "to", "element"]

    def __init__(self, *args: Any, title: Title | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if title is None and self.instance.title_id is not None:
            title = self.instance.title
        chosen: Any = self.fields["element"]
        if title is not None:
            chosen.queryset = title.elements.order_by("pk")
            chosen.label_from_instance = lambda element: (
                f"element {element.pk}: {element.name or element.gauge or 'not named'}"
            )


class RightsForm(DescriptionForm):
    statement = Statement()
    holder = CheckedField(required=False, max_length=200)
    term = DateText(help_text="EDTF, such as 1926/1996")
    embargo = forms.DateField(
        required=False,
        label="Embargo until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = CheckedField(required=False)

    class Meta:
        model = Rights
        fields = ["statement", "holder", "term", "embargo", "note"]


class RestrictionForm(DescriptionForm):
    use = TermField(V.USE, required=True)
    territory = CheckedField(required=False, max_length=100, help_text="Empty: everywhere")
    until = DateText(help_text="EDTF; empty: for good")
    note = CheckedField(required=False, max_length=400)

    class Meta:
        model = Restriction
        fields = ["use", "territory", "is_allowed", "until", "note"]


ROW_FORMS: dict[str, tuple[type[Any], type[DescriptionForm], str]] = {
    "variants": (Variant, VariantForm, "Other titles"),
    "credits": (Credit, CreditForm, "Credits"),
    "identifiers": (Identifier, IdentifierForm, "Identifiers"),
    "relations": (Relation, RelationForm, "Relations"),
    "rights": (Rights, RightsForm, "Rights"),
    "restrictions": (Restriction, RestrictionForm, "Uses and territories"),
}
OWN_ROW_FORMS: dict[str, tuple[type[Any], type[DescriptionForm], str]] = {
    "element_identifiers": (ElementIdentifier, ElementIdentifierForm, "Identifiers of the element"),
    "reel_identifiers": (ReelIdentifier, ReelIdentifierForm, "Identifiers of the reel"),
}
"""Of lists of an element and of a reel: `description.OWN_ROWS`."""
LISTED = ROW_FORMS | OWN_ROW_FORMS
"""Of all lists."""
_OWNERS: dict[str, type[Any]] = {"element_identifiers": Element, "reel_identifiers": Reel}
_ON_THE_PAGE = (
    *("variants", "credits", "identifiers", *OWN_ROW_FORMS, "relations", "rights", "restrictions"),
)


def _formset(name: str) -> Any:
    model, form, _ = LISTED[name]
    return forms.inlineformset_factory(
        _OWNERS.get(name, Title),
        model,
        form=form,
        extra=1,
        can_delete=True,
        max_num=300,
        absolute_max=400,
    )


ROW_FORMSETS: dict[str, Any] = {name: _formset(name) for name in _ON_THE_PAGE}


class ConditionForm(DescriptionForm):
    on = forms.DateField(
        label="Examined on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    examined_by = CheckedField(max_length=200)
    shrinkage = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=20,
        max_digits=4,
        decimal_places=2,
        label="Shrinkage, %",
    )
    acidity = forms.DecimalField(
        required=False, min_value=0, max_value=3, max_digits=2, decimal_places=1,
        label="Acidity", help_text="A-D strips: 0 to 3",
    )  # fmt: skip
    note = CheckedField(required=False, widget=LONG)

    class Meta:
        model = ConditionReport
        fields = ["on", "examined_by", "shrinkage", "acidity", "note"]


class FaultForm(DescriptionForm):
    kind = TermField(V.FAULT, required=True)
    where = CheckedField(required=False, max_length=200, help_text="Such as: head, 0-20 m")
    picture = forms.FileField(
        required=False, label="Photograph", help_text="PNG, JPEG, WebP or TIFF",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/tiff"}),
    )  # fmt: skip

    class Meta:
        model = Fault
        fields = ["kind", "grade", "where"]

    def clean_picture(self) -> damage_photographs.Kept | None:
        sent = self.cleaned_data["picture"]
        if not sent:
            return None
        try:
            return damage_photographs.read(sent.read(damage_photographs.LARGEST + 1))
        except damage_photographs.NoPhotograph as error:
            raise ValidationError(str(error)) from error

    def save(self, commit: bool = True) -> Fault:  # noqa: FBT001, FBT002  (Django's signature)
        """Write the photograph first: a row never names one that is not there."""
        kept = self.cleaned_data.get("picture")
        if kept:
            damage_photographs.write(kept)
            self.instance.photograph = kept.sha256
        fault: Fault = super().save(commit)
        return fault


FAULTS: Any = forms.inlineformset_factory(
    ConditionReport, Fault, form=FaultForm, extra=6, can_delete=False, max_num=40
)
