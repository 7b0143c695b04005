"""Search: an index that the database itself keeps (posts/search_index.py)."""

from django.db import migrations

from posts import search_index


def install(apps, schema_editor):
    search_index.prepare(schema_editor.connection)


def uninstall(apps, schema_editor):
    search_index.uninstall(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("posts", "0001_initial")]

    operations = [migrations.RunPython(install, uninstall)]
