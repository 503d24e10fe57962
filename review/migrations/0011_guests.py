
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0009_fixity_schedule'),
        ('restoration', '0016_acts_and_glossary'),
        ('review', '0010_search_in_parts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GuestVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='SharedTake',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text="The take's, when the link was made", max_length=64)),
                ('number', models.PositiveIntegerField(help_text="The scene's place in the reel, from 1")),
            ],
            options={
                'ordering': ['number', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ShareLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256 of the secret', max_length=64, unique=True)),
                ('guest', models.CharField(help_text='For whom; stands in every picture', max_length=60)),
                ('use', models.CharField(blank=True, help_text='Empty: to be judged, no use', max_length=60)),
                ('version', models.CharField(choices=[('restoration', 'restoration'), ('colour', 'colour version')], max_length=12)),
                ('password', models.CharField(blank=True, help_text='As Django hashes them', max_length=200)),
                ('word', models.TextField(blank=True, help_text='What the guest is asked')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('expires', models.DateTimeField()),
                ('revoked', models.DateTimeField(blank=True, null=True)),
                ('wrong', models.PositiveSmallIntegerField(default=0, help_text='Wrong passwords in a row')),
                ('locked_until', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.AlterField(
            model_name='note',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notes', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='note',
            name='guest',
            field=models.ForeignKey(blank=True, help_text='Who wrote it, if that was a guest', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='review.guestvisit'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('by__isnull', True), ('guest__isnull', True), _connector='XOR'), name='a_note_is_by_somebody'),
        ),
        migrations.AddField(
            model_name='sharedtake',
            name='scene',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='restoration.scene'),
        ),
        migrations.AddField(
            model_name='sharedtake',
            name='take',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='restoration.take'),
        ),
        migrations.AddField(
            model_name='sharelink',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='share_links', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sharelink',
            name='reel',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='share_links', to='archive.reel'),
        ),
        migrations.AddField(
            model_name='sharelink',
            name='revoked_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sharedtake',
            name='link',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shown', to='review.sharelink'),
        ),
        migrations.AddField(
            model_name='guestvisit',
            name='link',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='review.sharelink'),
        ),
        migrations.AddConstraint(
            model_name='sharelink',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revoked__isnull', True), ('revoked_by__isnull', True)), models.Q(('revoked__isnull', False), ('revoked_by__isnull', False)), _connector='OR'), name='a_revoked_link_says_by_whom'),
        ),
        migrations.AddConstraint(
            model_name='sharedtake',
            constraint=models.UniqueConstraint(fields=('link', 'scene'), name='one_take_of_a_shared_scene'),
        ),
    ]
