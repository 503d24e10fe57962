from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0010_facets")]

    operations = [
        migrations.CreateModel(
            name="SecondCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.TextField(help_text="Absolute", unique=True)),
                ("named", models.DateTimeField(auto_now_add=True)),
                ("compared", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("intact", "intact"),
                            ("changed", "changed"),
                            ("missing", "missing"),
                            ("unreadable", "unreadable"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "scan",
                    models.ForeignKey(
                        on_delete=models.deletion.PROTECT, related_name="copies", to="archive.scan"
                    ),
                ),
            ],
            options={"verbose_name_plural": "second copies", "ordering": ["pk"]},
        ),
    ]
