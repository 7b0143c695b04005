"""The group Administrator may export the addresses of readers."""

from django.db import migrations


def allow(apps, schema_editor):
    # Django makes new permissions after all migrations.
    ContentType = apps.get_model("contenttypes", "ContentType")
    kind, _ = ContentType.objects.get_or_create(app_label="subscribers", model="subscriber")
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind,
        codename="export_subscriber",
        defaults={"name": "Can export the addresses of readers"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Administrator"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("desk", "0009_letters"), ("subscribers", "0009_export_readers")]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
