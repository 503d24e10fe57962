from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0018_words_of_the_store'),
    ]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='alone',
            field=models.BooleanField(db_default=False, default=False, help_text='Speaks of the take of this stage alone, not of the version that ends with it'),
        ),
    ]
