"""How the catalogue's rows are shown, and what may be said of them anew."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from archive import description
from archive.models import Collection, Element, FixityCheck, Reel, Scan, Title
from archive.models.catalogue import Rights
from archive.models.description import Credit, Identifier, Relation, Restriction, Variant

MOST_ROWS = 300
LARGEST = 2**63 - 1


class Id(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST, "required": False} | options)


class Text(serializers.CharField):
    """A text that may be left out; the forms' own checks say more."""

    def __init__(self, **options: Any) -> None:
        more = {"required": False, "allow_blank": True, "max_length": 20_000}
        super().__init__(**more | options)


def person_named(name: str) -> User:
    """Whom a log-in name means, however it is written. Raises: ValidationError."""
    found = User.objects.filter(username__iexact=name.strip(), is_active=True).first()
    if found is None:
        raise serializers.ValidationError("Nobody here logs in by that name.")
    return found


class CollectionShown(serializers.ModelSerializer):
    class Meta:
        model = Collection
        fields = ("id", "name", "description")


class VariantRow(serializers.ModelSerializer):
    class Meta:
        model = Variant
        fields = description.ROWS["variants"]


class CreditRow(serializers.ModelSerializer):
    class Meta:
        model = Credit
        fields = description.ROWS["credits"]


class IdentifierRow(serializers.ModelSerializer):
    class Meta:
        model = Identifier
        fields = description.ROWS["identifiers"]
        validators: tuple[Any, ...] = ()


class RelationRow(serializers.ModelSerializer):
    class Meta:
        model = Relation
        fields = ("kind", "to", "element")


class RightsRow(serializers.ModelSerializer):
    class Meta:
        model = Rights
        fields = description.ROWS["rights"]


class RestrictionRow(serializers.ModelSerializer):
    class Meta:
        model = Restriction
        fields = description.ROWS["restrictions"]


class TitleShown(serializers.ModelSerializer):
    """A film."""

    variants = VariantRow(many=True)
    credits = CreditRow(many=True)
    identifiers = IdentifierRow(many=True)
    relations = RelationRow(many=True)
    rights = RightsRow(many=True)
    restrictions = RestrictionRow(many=True)

    class Meta:
        model = Title
        fields = ("id", "collection", *description.TITLE, *description.ROWS)


class ElementShown(serializers.ModelSerializer):
    """A physical carrier of a title."""

    identifiers = IdentifierRow(many=True)

    class Meta:
        model = Element
        fields = ("id", "title", *description.ELEMENT, "identifiers")


class ReelShown(serializers.ModelSerializer):
    """One roll or can of an element; where it stands is told to staff."""

    title = serializers.IntegerField(source="element.title_id")
    name = serializers.CharField(source="element.title.name", help_text="Of the title")
    scan = serializers.SerializerMethodField(help_text="The newest, which work is done on")
    identifiers = IdentifierRow(many=True)
    barcode = serializers.SerializerMethodField()
    location = serializers.SerializerMethodField()

    class Meta:
        model = Reel
        fields: tuple[str, ...] = (
            *("id", "element", "title", "name", "number", "access", "footage", "notes", "barcode"),
            *("location", "identifiers", "scan", "created"),
        )

    def get_scan(self, reel: Reel) -> int | None:
        scan = reel.current_scan()
        return scan.pk if scan else None

    def get_barcode(self, reel: Reel) -> str | None:
        return reel.barcode if self._is_staff(reel) else None

    def get_location(self, reel: Reel) -> str | None:
        return reel.location if self._is_staff(reel) else None

    def _is_staff(self, reel: Reel) -> bool:
        return bool(self.context["request"].user.has_perm("archive.view_history", reel))


class FixityShown(serializers.Serializer):
    """What the newest check found."""

    outcome = serializers.ChoiceField(FixityCheck.Outcome.choices)
    at = serializers.DateTimeField()


class ScanShown(serializers.ModelSerializer):
    """A reel's digital file or frame sequence, never changed."""

    rate = serializers.SerializerMethodField(help_text="Frames a second, exact: 24000/1001")
    fixity = serializers.SerializerMethodField()

    class Meta:
        model = Scan
        fields = (
            *("id", "reel", "kind", "frames", "rate", "variable_rate", "start_timecode", "width"),
            *("height", "pixel_format", "bit_depth", "field_order", "colour", "audio", "bytes"),
            *("sha256", *description.SCAN, "fixity", "created"),
        )

    def get_rate(self, scan: Scan) -> str:
        return f"{scan.rate_numerator}/{scan.rate_denominator}"

    @extend_schema_field(FixityShown(allow_null=True))
    def get_fixity(self, scan: Any) -> Any:
        if scan.checked is None:
            return None
        return FixityShown({"outcome": scan.check_outcome, "at": scan.checked}).data


class ElementChange(serializers.Serializer):
    """Fields that are left out stay; a list replaces the whole list."""

    name = Text()
    gauge = Text()
    base = Text()
    stock = Text()
    edge_code = Text()
    generation = Text()
    colour = Text()
    tint = Text()
    sound = Text()
    aspect = Text()
    running_speed = Text()
    notes = Text()
    identifiers = IdentifierRow(many=True, required=False, max_length=MOST_ROWS)


class ReelChange(serializers.Serializer):
    """Fields that are left out stay; a list replaces the whole list."""

    number = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    access = serializers.ChoiceField(Reel.Access.choices, required=False)
    barcode = Text()
    location = Text()
    footage = Text()
    notes = Text()
    identifiers = IdentifierRow(many=True, required=False, max_length=MOST_ROWS)


class ScanChange(serializers.Serializer):
    scanner = Text()
    scanned = Text(help_text="EDTF")
    operator = Text()
    remarks = Text()


class TitleChange(serializers.Serializer):
    """Fields that are left out stay; a list replaces the whole list."""

    name = Text()
    year = Text(help_text="EDTF: 1926, 1926~ about, 192X, 1926/1928")
    country = Text(help_text="Several by semicolons")
    language = Text(help_text="Several by semicolons")
    notes = Text()
    collection = Id(allow_null=True)
    variants = VariantRow(many=True, required=False, max_length=MOST_ROWS)
    credits = CreditRow(many=True, required=False, max_length=MOST_ROWS)
    identifiers = IdentifierRow(many=True, required=False, max_length=MOST_ROWS)
    relations = RelationRow(many=True, required=False, max_length=MOST_ROWS)
    rights = RightsRow(many=True, required=False, max_length=MOST_ROWS)
    restrictions = RestrictionRow(many=True, required=False, max_length=MOST_ROWS)
