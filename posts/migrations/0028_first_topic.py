"""The topic that an editor put first.

A column that may be NULL is added to SQLite's table as it is. Taken away, SQLite makes the table anew, and
would lose the triggers of the search index; so the index is dropped before and made again after.
"""

import django.db.models.deletion
from django.db import migrations, models

from . import _search_0011


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _search_0011.drop(schema_editor.connection)


def make_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _search_0011.create(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0027_owners_of_older_articles'),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, make_index),
        migrations.AddField(
            model_name='post',
            name='first_topic',
            field=models.ForeignKey(blank=True, help_text="The topic that cards and mails name. Empty, or none of the article's: by name.", null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='posts.tag'),
        ),
        migrations.RunPython(migrations.RunPython.noop, drop_index),
    ]
