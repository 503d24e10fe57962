"""A title's decade, kept by the database, and what the catalogue's page is sorted and counted by."""

from django.db import migrations, models
from django.db.models import F, Func, Q, Value


class Migration(migrations.Migration):
    dependencies = [("archive", "0009_fixity_schedule")]

    operations = [
        migrations.AddField(
            model_name="title",
            name="decade",
            field=models.GeneratedField(
                db_persist=True,
                expression=Func(
                    F("year"),
                    Value("([0-9]{3})[0-9X]"),
                    arg_joiner=" FROM ",
                    function="SUBSTRING",
                ),
                help_text="Of the first year that the date names: 192 of 1926~ and of 192X",
                output_field=models.CharField(max_length=40, null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="title", index=models.Index(fields=["name"], name="titles_by_name")
        ),
        migrations.AddIndex(
            model_name="rights",
            index=models.Index(
                condition=Q(("embargo__isnull", False)),
                fields=["embargo"],
                name="rights_embargoed",
            ),
        ),
    ]
