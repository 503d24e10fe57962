"""The vocabularies that come with the system; an archive's own are left as they are."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from archive.vocabularies import read_terms


def load(apps: Any, schema_editor: Any) -> None:
    model = apps.get_model("archive", "Term")
    rows = [
        model(
            vocabulary=each.vocabulary, code=each.code, label=each.label, position=each.position
        )
        for each in read_terms()
    ]
    model.objects.using(schema_editor.connection.alias).bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("archive", "0007_description")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
