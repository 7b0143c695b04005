"""The privacy page says what a reader's own browser remembers, where an editor left its paragraph."""

from django.db import migrations

AFTER = "There is nothing to consent to, so no banner asks you.</p>"
SAID = (
    "<p>Your own browser can remember where you were in an article, what you saved for later and "
    "when you were last here. It stays on your device and is never sent to us; on the "
    '<a href="/saved/">reading list</a>, one click forgets it.</p>'
)


def say(apps, schema_editor):
    pages = apps.get_model("posts", "Page").objects.using(schema_editor.connection.alias)
    for page in pages.filter(slug="privacy", body__contains=AFTER):
        if "/saved/" not in page.body:
            body = page.body.replace(AFTER, f"{AFTER}\n{SAID}", 1)
            pages.filter(pk=page.pk).update(body=body)


def take_back(apps, schema_editor):
    pages = apps.get_model("posts", "Page").objects.using(schema_editor.connection.alias)
    for page in pages.filter(slug="privacy", body__contains=SAID):
        body = page.body.replace(f"\n{SAID}", "", 1)
        pages.filter(pk=page.pk).update(body=body)


class Migration(migrations.Migration):
    dependencies = [("posts", "0024_wished_for")]

    operations = [migrations.RunPython(say, take_back)]
