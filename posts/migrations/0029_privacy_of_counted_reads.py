"""The privacy page says how reads are counted, where an editor left the paragraph before it."""

from django.db import migrations

AFTER = "We do not join it with anything else.</p>"
SAID = (
    "<p>We count how often an article is opened, and from where: a search, another site, our "
    "newsletter. So that nobody counts twice on a day, the server makes a number of your network "
    "address, the name of your browser and a secret of that day. It keeps the number for the day, "
    "and not your address; then the secret is destroyed, and only the count stays.</p>"
)


def say(apps, schema_editor):
    pages = apps.get_model("posts", "Page").objects.using(schema_editor.connection.alias)
    for page in pages.filter(slug="privacy", body__contains=AFTER):
        if SAID not in page.body:
            body = page.body.replace(AFTER, f"{AFTER}\n{SAID}", 1)
            pages.filter(pk=page.pk).update(body=body)


def take_back(apps, schema_editor):
    pages = apps.get_model("posts", "Page").objects.using(schema_editor.connection.alias)
    for page in pages.filter(slug="privacy", body__contains=SAID):
        body = page.body.replace(f"\n{SAID}", "", 1)
        pages.filter(pk=page.pk).update(body=body)


class Migration(migrations.Migration):
    dependencies = [("posts", "0028_first_topic")]

    operations = [migrations.RunPython(say, take_back)]
