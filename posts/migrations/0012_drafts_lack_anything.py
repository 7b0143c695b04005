"""A draft may have a cover without its alternative text.

SQLite makes the table anew for that, and would lose the triggers of the search index; so the index
is dropped before and made again after. Going back fails while there is such a draft.
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
        ('posts', '0011_search_authors'),
    ]

    operations = [
        migrations.RunPython(drop_index, make_index),
        migrations.RemoveConstraint(
            model_name='post',
            name='post_cover_has_alt',
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(('cover', None), models.Q(('cover_alt', ''), _negated=True), ('published_at', None), _connector='OR'), name='post_cover_has_alt', violation_error_message='Say in the alternative text what the cover shows.'),
        ),
        migrations.RunPython(make_index, drop_index),
    ]
