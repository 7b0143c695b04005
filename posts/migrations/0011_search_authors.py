"""The search index is made again: it knows authors, and reads over what nobody sees in a word."""

from django.db import migrations

from . import _search_0010, _search_0011


def install(apps, schema_editor):
    _search_0011.drop(schema_editor.connection)
    _search_0011.create(schema_editor.connection)


def go_back(apps, schema_editor):
    _search_0011.drop(schema_editor.connection)
    _search_0010.create(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0010_search_phrases'),
    ]

    operations = [migrations.RunPython(install, go_back)]
