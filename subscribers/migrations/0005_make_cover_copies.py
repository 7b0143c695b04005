"""The covers that are there already get their small copies, too."""

from django.db import migrations

from subscribers import covers


def make(apps, schema_editor):
    for resource in apps.get_model("subscribers", "Resource").objects.exclude(cover=""):
        resource.cover_copies = covers.copies_of(resource.cover)
        resource.save(update_fields=["cover_copies"])


class Migration(migrations.Migration):

    dependencies = [
        ('subscribers', '0004_cover_copies'),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
