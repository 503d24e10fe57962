from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("archive", "0013_fault_photographs"),
    ]

    operations = [
        migrations.CreateModel(
            name="DescriptionDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fields", models.JSONField(help_text="The form's fields by name, each a list of texts")),
                ("at", models.DateTimeField(auto_now=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE,
                        related_name="description_drafts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reel",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE,
                        related_name="drafts",
                        to="archive.reel",
                    ),
                ),
            ],
            options={"ordering": ["-at"]},
        ),
        migrations.AddConstraint(
            model_name="descriptiondraft",
            constraint=models.UniqueConstraint(fields=("reel", "owner"), name="one_draft_a_person"),
        ),
    ]
