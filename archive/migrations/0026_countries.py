"""Countries as a vocabulary; what an archive calls one already stays."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from archive.vocabularies import read_terms

VOCABULARIES = [
    ("gauge", "gauge"),
    ("base", "base"),
    ("generation", "generation"),
    ("colour", "colour"),
    ("sound", "sound"),
    ("aspect", "aspect ratio"),
    ("language", "language (ISO 639-3)"),
    ("variant", "kind of title"),
    ("role", "role"),
    ("relation", "relation (FIAF)"),
    ("identifier", "source of an identifier"),
    ("fault", "fault"),
    ("use", "use"),
    ("country", "country (proposed, not asked for)"),
]


def load(apps: Any, schema_editor: Any) -> None:
    model = apps.get_model("archive", "Term")
    rows = [
        model(vocabulary=each.vocabulary, code=each.code, label=each.label, position=each.position)
        for each in read_terms()
        if each.vocabulary == "country"
    ]
    model.objects.using(schema_editor.connection.alias).bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("archive", "0025_relations_to")]

    operations = [
        migrations.AlterField(
            model_name="term",
            name="vocabulary",
            field=models.CharField(choices=VOCABULARIES, max_length=20),
        ),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
