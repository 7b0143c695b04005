"""The group Administrator may read the log."""

from django.db import migrations


def allow(apps, schema_editor):
    # Django makes the permissions of new models after all migrations.
    ContentType = apps.get_model("contenttypes", "ContentType")
    kind, _ = ContentType.objects.get_or_create(app_label="desk", model="act")
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="read_log", defaults={"name": "Can read who did what"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Administrator"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("desk", "0006_log_is_append_only")]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
