from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restoration", "0017_neighbour_requests")]

    operations = [
        migrations.AddField(
            model_name="take",
            name="damage",
            field=models.TextField(
                blank=True,
                default="",
                help_text="What is wrong with its files, as they were last read; empty: nothing",
            ),
            preserve_default=False,
        ),
    ]
