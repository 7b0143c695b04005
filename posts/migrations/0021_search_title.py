"""A title of its own for search engines.

SQLite makes the table anew for that, and would lose the triggers of the search index; so the index
is dropped before and made again after.
"""

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
        ('posts', '0020_reviews'),
    ]

    operations = [
        migrations.RunPython(drop_index, make_index),
        migrations.AddField(
            model_name='post',
            name='search_title',
            field=models.CharField(blank=True, default='', help_text='For a title that is too long for search engines. Left empty: the title.', max_length=70, verbose_name='title in search results'),
        ),
        migrations.RunPython(make_index, drop_index),
    ]
