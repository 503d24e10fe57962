"""What was said of a title or an element is found without reading every event."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0029_identifiers_of_carriers")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["subject"], name="events_of_a_subject"),
        ),
    ]
