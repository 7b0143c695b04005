"""The groups Publisher and Administrator may limit how fast issues are sent."""

from django.db import migrations

NAMES = {"sendinglimit": "sending limit", "warmup": "warm-up plan"}


def allow(apps, schema_editor):
    # Django makes new permissions after all migrations.
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    groups = apps.get_model("auth", "Group").objects.filter(name__in=["Publisher", "Administrator"])
    for model, name in NAMES.items():
        kind, _ = ContentType.objects.get_or_create(app_label="newsletter", model=model)
        for action in ("view", "add", "change", "delete"):
            permission, _ = Permission.objects.get_or_create(
                content_type=kind,
                codename=f"{action}_{model}",
                defaults={"name": f"Can {action} {name}"},
            )
            for group in groups:
                group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("desk", "0015_publishers_see_received_mail"),
        ("newsletter", "0012_readers_of_limits"),
    ]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
