"""The mark of the request that led to it."""

from __future__ import annotations

import config.tracing
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0026_countries'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='request',
            field=models.CharField(blank=True, db_default='', default=config.tracing.current_request, help_text="The mark in this machine's logs of the request that led to it", max_length=64),
        ),
    ]
