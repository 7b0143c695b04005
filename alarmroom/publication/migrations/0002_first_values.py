"""The row of the settings, with the words that every page had until now, and who may change it.

The postal address and the profiles stay empty: the server's environment says them, as before.
"""

from django.db import migrations

VALUES = {
    "name": "The Alarm Room",
    "tagline": "For the people who answer, and for those who train and lead them.",
    "description": "A publication for 911 dispatchers and the people who train and lead them.",
    "issue_weekday": 3,
}
MAY = {
    "Editor": ["view_publication"],
    "Publisher": ["view_publication", "change_publication"],
    "Administrator": ["view_publication", "change_publication"],
}


def make_row(apps, schema_editor):
    apps.get_model("publication", "Publication").objects.get_or_create(pk=1, defaults=VALUES)


def let_groups(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    # Django makes those of new models after all migrations.
    kind, _ = ContentType.objects.get_or_create(app_label="publication", model="publication")
    for name, codenames in MAY.items():
        for group in Group.objects.filter(name=name):
            for codename in codenames:
                action = codename.partition("_")[0]
                permission, _ = Permission.objects.get_or_create(
                    content_type=kind,
                    codename=codename,
                    defaults={"name": f"Can {action} settings"},
                )
                group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("publication", "0001_settings"),
        ("desk", "0004_roles"),
    ]

    operations = [
        migrations.RunPython(make_row, migrations.RunPython.noop),
        migrations.RunPython(let_groups, migrations.RunPython.noop),
    ]
