from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restoration', '0016_acts_and_glossary'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='repairdecision',
            name='repair_decision_is_known',
        ),
        migrations.AlterField(
            model_name='repairdecision',
            name='decision',
            field=models.CharField(choices=[('keep', 'kept'), ('undo', 'undone'), ('neighbour', 'asked of a neighbour')], max_length=9),
        ),
        migrations.AddConstraint(
            model_name='repairdecision',
            constraint=models.CheckConstraint(condition=models.Q(('decision__in', ['keep', 'undo', 'neighbour'])), name='repair_decision_is_known'),
        ),
    ]
