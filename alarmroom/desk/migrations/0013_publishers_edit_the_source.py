"""Who may publish keeps the source of a text, which everybody at the desk had until now."""

from django.db import migrations


def keep(apps, schema_editor):
    # Django makes new permissions after all migrations.
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    kind, _ = ContentType.objects.get_or_create(app_label="posts", model="post")
    new, _ = Permission.objects.get_or_create(
        content_type=kind,
        codename="edit_source",
        defaults={"name": "Can edit the source of a text"},
    )
    held = Permission.objects.filter(content_type=kind, codename="publish_post")
    for model, field in (("User", "user_permissions"), ("Group", "permissions")):
        holders = apps.get_model("auth", model).objects.filter(**{f"{field}__in": held})
        for holder in holders.distinct():
            getattr(holder, field).add(new)


class Migration(migrations.Migration):
    dependencies = [("desk", "0012_corrected"), ("posts", "0026_editing_the_source")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
