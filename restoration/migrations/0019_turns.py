from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restoration", "0018_take_damage")]

    operations = [
        migrations.AddIndex(
            model_name="stagerun",
            index=models.Index(
                fields=["queue", "requested_by", "scan", "id"],
                condition=models.Q(status="queued"),
                name="runs_that_wait",
            ),
        ),
        migrations.AddIndex(
            model_name="stagerun",
            index=models.Index(
                fields=["queue", "-started"],
                condition=models.Q(started__isnull=False),
                name="runs_that_began",
            ),
        ),
    ]
