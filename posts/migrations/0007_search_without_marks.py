"""The search index is made again: the marks of footnotes are not words."""

from django.db import migrations

from posts import search_index


def install(apps, schema_editor):
    search_index.uninstall(schema_editor.connection)
    search_index.prepare(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0006_reading'),
    ]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
