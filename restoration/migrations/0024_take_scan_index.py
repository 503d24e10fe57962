"""Takes of a scan are found by `take_numbers_are_unique`, whose first column it is."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0023_memory'),
    ]

    operations = [
        migrations.AlterField(
            model_name='take',
            name='scan',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='takes', to='archive.scan'),
        ),
    ]
