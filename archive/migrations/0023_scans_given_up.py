"""Scans say by themselves that their files were given up, so that the same bytes may come back."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def of_emptied_trash(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("archive", "TrashedReel").objects.filter(emptied__isnull=False)
    scans = apps.get_model("archive", "Scan").objects
    for reel, emptied in rows.values_list("reel", "emptied"):
        scans.filter(reel=reel).update(given_up=emptied)


class Migration(migrations.Migration):
    dependencies = [("archive", "0022_institution_accounts")]

    operations = [
        migrations.AddField(
            model_name="scan",
            name="given_up",
            field=models.DateTimeField(
                blank=True,
                help_text="When its files were given up with the trash; the same bytes may come in"
                " again",
                null=True,
            ),
        ),
        migrations.RunPython(of_emptied_trash, migrations.RunPython.noop),
    ]
