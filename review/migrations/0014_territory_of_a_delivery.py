from django.db import migrations, models

WORDS = "With a territory where one was named: broadcast in Sweden"


class Migration(migrations.Migration):
    dependencies = [("review", "0013_stored_standings")]

    operations = [
        migrations.AlterField(
            model_name="deliverable",
            name="use",
            field=models.CharField(help_text=WORDS, max_length=110),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="use",
            field=models.CharField(help_text=WORDS, max_length=110),
        ),
    ]
