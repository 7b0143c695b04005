"""The privacy page says what the links of an issue count, where an editor left that paragraph."""

from django.db import migrations

BEFORE = "<p>Our mails hold no hidden pictures and no links that count. We know"
NOW = (
    "<p>Our mails hold no hidden pictures. In some issues, the links lead through our site, which "
    "counts how often each is followed. It does not know by whom: a link has a number that was "
    "drawn by chance for that mail, and which mail had it is written down nowhere. We know"
)


def replace(apps, schema_editor, old, new):
    pages = apps.get_model("posts", "Page").objects.using(schema_editor.connection.alias)
    for page in pages.filter(slug="privacy", body__contains=old):
        pages.filter(pk=page.pk).update(body=page.body.replace(old, new, 1))


def say(apps, schema_editor):
    replace(apps, schema_editor, BEFORE, NOW)


def take_back(apps, schema_editor):
    replace(apps, schema_editor, NOW, BEFORE)


class Migration(migrations.Migration):
    dependencies = [("posts", "0029_privacy_of_counted_reads")]

    operations = [migrations.RunPython(say, take_back)]
