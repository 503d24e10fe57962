from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("review", "0015_saved_search_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="savedsearch",
            name="of",
            field=models.CharField(
                choices=[("search", "search"), ("catalogue", "catalogue")],
                default="search",
                help_text="The page that it is a search of",
                max_length=12,
            ),
        ),
        migrations.RemoveConstraint(model_name="savedsearch", name="searches_saved_once"),
        migrations.AddConstraint(
            model_name="savedsearch",
            constraint=models.UniqueConstraint(
                fields=("owner", "of", "query"), name="searches_saved_once"
            ),
        ),
    ]
