"""Search: an index that the database itself keeps."""

from django.db import migrations

from . import _search_0010


def install(apps, schema_editor):
    _search_0010.create(schema_editor.connection)


def uninstall(apps, schema_editor):
    _search_0010.drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("posts", "0001_initial")]

    operations = [migrations.RunPython(install, uninstall)]
