import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0021_collection_quotas'),
        ('review', '0019_decisions_on_single_stages'),
    ]

    operations = [
        migrations.AddField(
            model_name='handover',
            name='take',
            field=models.ForeignKey(blank=True, help_text='Of the one stage that it is about; null: the version', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='restoration.take'),
        ),
    ]
