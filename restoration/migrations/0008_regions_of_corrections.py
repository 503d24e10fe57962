from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0007_parts_of_corrections'),
    ]

    operations = [
        migrations.AddField(
            model_name='colourcorrection',
            name='polygon',
            field=models.JSONField(help_text='[[x, y], ...]; null: none, see the box', null=True),
        ),
        migrations.AddField(
            model_name='colourcorrection',
            name='softness',
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
