"""Revised dates, and which articles are alike."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0005_starting_pages'),
    ]

    operations = [
        migrations.CreateModel(
            name='Likeness',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('score', models.FloatField()),
            ],
        ),
        migrations.AddField(
            model_name='post',
            name='likeness_due',
            field=models.BooleanField(default=True, editable=False, help_text='Whether posts/likeness.py has yet to look at it.'),
        ),
        migrations.AddField(
            model_name='post',
            name='revised_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When an editor last told readers that the published text had changed.', null=True),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(condition=models.Q(('likeness_due', True)), fields=['id'], name='post_likeness_due'),
        ),
        migrations.AddField(
            model_name='likeness',
            name='other',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='posts.post'),
        ),
        migrations.AddField(
            model_name='likeness',
            name='post',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='likenesses', to='posts.post'),
        ),
        migrations.AddConstraint(
            model_name='likeness',
            constraint=models.UniqueConstraint(fields=('post', 'other'), name='likeness_once'),
        ),
    ]
