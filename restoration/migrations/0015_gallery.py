"""Photographs of characters, names given by them, and people put together or parted by hand."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0014_carried_namings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='facetrack',
            name='found_person',
            field=models.PositiveIntegerField(default=0, help_text='The person whom the run took it for, by looks alone'),
        ),
        migrations.AddField(
            model_name='facetrack',
            name='moved_by',
            field=models.ForeignKey(blank=True, help_text='Who said that it shows another person than the run found', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunSQL(
            "UPDATE restoration_facetrack SET found_person = person", migrations.RunSQL.noop
        ),
        migrations.AlterField(
            model_name='facetrack',
            name='person',
            field=models.PositiveIntegerField(help_text='Tracks that show one share it; 0: not told'),
        ),
        migrations.CreateModel(
            name='Photograph',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('storage_key', models.CharField(max_length=200)),
                ('sha256', models.CharField(help_text='Of the file that is kept', max_length=64)),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('source', models.CharField(help_text='What it is and where it is from', max_length=300)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('character', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photographs', to='restoration.character')),
            ],
            options={
                'ordering': ['character', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('character', 'sha256'), name='photographs_are_kept_once')],
            },
        ),
        migrations.CreateModel(
            name='Recognition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.PositiveIntegerField()),
                ('distance', models.FloatField(help_text='Of the faces to the nearest photograph')),
                ('character', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recognitions', to='restoration.character')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recognitions', to='restoration.stagerun')),
            ],
            options={
                'ordering': ['run', 'person'],
                'constraints': [models.UniqueConstraint(fields=('run', 'person'), name='people_are_recognised_once')],
            },
        ),
    ]
