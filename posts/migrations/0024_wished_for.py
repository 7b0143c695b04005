from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0023_corrections'),
    ]

    operations = [
        migrations.AddField(
            model_name='review',
            name='wished_for',
            field=models.DateField(blank=True, help_text='The day on which the writer would like it published.', null=True),
        ),
    ]
