from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0012_collection_members")]

    operations = [
        migrations.AddField(
            model_name="fault",
            name="photograph",
            field=models.CharField(
                blank=True,
                default="",
                help_text="SHA-256 of it, if there is one",
                max_length=64,
            ),
            preserve_default=False,
        ),
    ]
