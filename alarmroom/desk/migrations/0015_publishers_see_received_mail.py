"""The groups Publisher and Administrator may look at mail that came back or was written to us."""

from django.db import migrations


def allow(apps, schema_editor):
    # Django makes new permissions after all migrations.
    ContentType = apps.get_model("contenttypes", "ContentType")
    kind, _ = ContentType.objects.get_or_create(app_label="newsletter", model="receivedmail")
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind,
        codename="view_receivedmail",
        defaults={"name": "Can view received mail"},
    )
    groups = apps.get_model("auth", "Group").objects
    for group in groups.filter(name__in=["Publisher", "Administrator"]):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("desk", "0014_links_in_the_log"), ("newsletter", "0011_received_mail")]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
