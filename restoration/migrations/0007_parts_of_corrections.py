from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0006_judged_marks'),
    ]

    operations = [
        migrations.AddField(
            model_name='colourcorrection',
            name='part_of',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='restoration.colourcorrection'),
        ),
    ]
