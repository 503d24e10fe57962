from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0010_guard_transcripts'),
    ]

    operations = [
        migrations.AddField(
            model_name='hint',
            name='batch',
            field=models.UUIDField(help_text='Shared by hints that put one colour into several scenes at once', null=True),
        ),
    ]
