"""What elements and reels are called; identifiers are found by their value."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from archive.vocabularies import read_terms

NEW = ("can", "laboratory", "elsewhere")


def load(apps: Any, schema_editor: Any) -> None:
    """Sources that only carriers need; what an archive calls one already stays."""
    model = apps.get_model("archive", "Term")
    rows = [
        model(vocabulary=each.vocabulary, code=each.code, label=each.label, position=each.position)
        for each in read_terms()
        if each.vocabulary == "identifier" and each.code in NEW
    ]
    model.objects.using(schema_editor.connection.alias).bulk_create(rows, ignore_conflicts=True)


def _identifiers(of: str, model: str, constraint: str) -> migrations.CreateModel:
    return migrations.CreateModel(
        name=model,
        fields=[
            (
                "id",
                models.BigAutoField(
                    auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                ),
            ),
            ("source", models.CharField(max_length=100)),
            ("value", models.CharField(max_length=200)),
            (
                of,
                models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="identifiers",
                    to=f"archive.{of}",
                ),
            ),
        ],
        options={
            "ordering": ["pk"],
            "abstract": False,
            "indexes": [models.Index(fields=["value"], name=f"{model.lower()}_by_value")],
            "constraints": [
                models.UniqueConstraint(fields=[of, "source", "value"], name=constraint)
            ],
        },
    )


class Migration(migrations.Migration):
    dependencies = [("archive", "0028_import_jobs")]

    operations = [
        _identifiers("element", "ElementIdentifier", "one_identifier_once_an_element"),
        _identifiers("reel", "ReelIdentifier", "one_identifier_once_a_reel"),
        migrations.AddIndex(
            model_name="identifier",
            index=models.Index(fields=["value"], name="identifier_by_value"),
        ),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
