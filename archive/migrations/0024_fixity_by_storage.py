"""A schedule of fixity for each storage, and where the disks of masters were mounted."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

MOUNTED = "Where its disk was mounted when it was last read whole; empty: not known"


def mounted_at() -> models.TextField[str, str]:
    return models.TextField(blank=True, db_default="", default="", help_text=MOUNTED)


class Migration(migrations.Migration):
    dependencies = [("archive", "0023_scans_given_up")]

    operations = [
        migrations.AddField("scan", "mounted_at", mounted_at()),
        migrations.AddField("secondcopy", "mounted_at", mounted_at()),
        migrations.CreateModel(
            name="FixitySchedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "place",
                    models.CharField(
                        help_text="The storage's folder, such as /mnt/disk4",
                        max_length=500,
                        unique=True,
                    ),
                ),
                (
                    "days",
                    models.PositiveSmallIntegerField(
                        help_text="Each master again so long after its last check; 0: never by"
                        " itself"
                    ),
                ),
                (
                    "from_hour",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Begin no check before this hour (0 to 23)",
                        null=True,
                    ),
                ),
                (
                    "to_hour",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="And none from this hour on; it may be past midnight",
                        null=True,
                    ),
                ),
                (
                    "gigabytes_a_day",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Of 1000 million bytes, in any 24 hours; empty: no limit",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["place"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(from_hour__isnull=True, to_hour__isnull=True)
                        | Q(from_hour__lte=23, to_hour__lte=23),
                        name="fixity_hours_are_hours",
                    )
                ],
            },
        ),
    ]
