"""PostgreSQL: the search index is made again, with the pairs of words that phrases are made of.

Going back leaves it: the former code neither needs nor minds what is more.
"""

from django.db import migrations

from . import _search_0010


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        _search_0010.create(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0009_pictures_that_are_shown_stay'),
    ]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
