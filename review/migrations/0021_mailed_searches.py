import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0020_hand_overs_of_single_stages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='savedsearch',
            name='mail',
            field=models.CharField(blank=True, choices=[('daily', 'every day'), ('weekly', 'every week')], help_text='How often its new hits are mailed; empty: never', max_length=8),
        ),
        migrations.AddField(
            model_name='savedsearch',
            name='mailed',
            field=models.DateTimeField(help_text='When it was last looked at for a mail', null=True),
        ),
        migrations.AddField(
            model_name='savedsearch',
            name='mailed_places',
            field=models.JSONField(help_text='Where hits are that were mailed, or there before', null=True),
        ),
        migrations.AddField(
            model_name='savedsearch',
            name='mail_error',
            field=models.CharField(blank=True, help_text='Why the last mail was not taken', max_length=300),
        ),
        migrations.CreateModel(
            name='AlertAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(max_length=254)),
                ('asked', models.DateTimeField(help_text='When the mail to confirm it was last sent')),
                ('confirmed', models.DateTimeField(null=True)),
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='alert_address', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
