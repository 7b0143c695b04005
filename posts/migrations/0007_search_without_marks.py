"""The search index is made again: the marks of footnotes are not words."""

from django.db import migrations

from . import _search_0010


def install(apps, schema_editor):
    _search_0010.drop(schema_editor.connection)
    _search_0010.create(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0006_reading'),
    ]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
