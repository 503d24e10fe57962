"""The mark of the request that led to it."""

from __future__ import annotations

import config.tracing
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0021_collection_quotas'),
    ]

    operations = [
        migrations.AddField(
            model_name='stagerun',
            name='request',
            field=models.CharField(blank=True, db_default='', default=config.tracing.current_request, help_text='The mark of the request that asked for it, in all logs', max_length=64),
        ),
    ]
