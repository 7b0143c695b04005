"""The groups Writer, Editor, Publisher and Administrator, and the permissions that are new.

Publishing and the articles of others had no permission of their own: whoever might change or
delete articles keeps both.
"""

from django.db import migrations

WRITES = {
    "posts.post": "add change delete",
    "posts.relatedpost": "view add change delete",
    "posts.tag": "view add",
    "posts.author": "view",
    "posts.image": "view add",
}
EDITS = {
    "posts.post": "view change_any_post",
    "posts.tag": "change delete",
    "posts.author": "add change",
    "posts.image": "change delete",
    "posts.spelling": "view add change delete",
    "posts.page": "view",
    "posts.formerslug": "view",
    "newsletter.issue": "view add change delete",
    "newsletter.issuepost": "view add change delete",
    "subscribers.resource": "view",
}
PUBLISHES = {
    "posts.post": "publish_post override_checks",
    "newsletter.issue": "send_issue",
    "desk.binned": "empty_bin",
    "posts.page": "add change delete",
    "posts.author": "delete",
    "subscribers.resource": "add change delete",
    "subscribers.subscriber": "view",
    "subscribers.suppression": "view add",
    "newsletter.delivery": "view",
    "subscribers.notice": "view",
}
ADMINISTERS = {
    "auth.user": "view add change delete",
    "auth.group": "view add change delete",
    "posts.formerslug": "change",
    "subscribers.subscriber": "change delete",
    "subscribers.suppression": "change delete",
    "subscribers.consentevent": "view",
    "subscribers.notice": "change",
    "django_tasks_database.dbtaskresult": "view",
}
GROUPS = {
    "Writer": [WRITES],
    "Editor": [WRITES, EDITS],
    "Publisher": [WRITES, EDITS, PUBLISHES],
    "Administrator": [WRITES, EDITS, PUBLISHES, ADMINISTERS],
}
# Who holds one of these keeps what it allowed until now.
HELD = ("change_post", "delete_post")
NEW = ("publish_post", "change_any_post")


def make_groups(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    for name, parts in GROUPS.items():
        group, made = Group.objects.get_or_create(name=name)
        if not made:
            # A group of the owner's, or the migration runs again: it is left as it is.
            continue
        for part in parts:
            for label, words in part.items():
                for word in words.split():
                    group.permissions.add(permission(apps, label, word))


def keep_what_was_allowed(apps, schema_editor):
    Permission = apps.get_model("auth", "Permission")
    new = [permission(apps, "posts.post", codename) for codename in NEW]
    held = list(
        Permission.objects.filter(
            content_type__app_label="posts", content_type__model="post", codename__in=HELD
        )
    )
    for model in ("User", "Group"):
        field = "user_permissions" if model == "User" else "permissions"
        holders = apps.get_model("auth", model).objects.filter(**{f"{field}__in": held})
        for holder in holders.distinct():
            getattr(holder, field).add(*new)


def permission(apps, label, word):
    """Return a permission; Django makes those of new models after all migrations."""
    app, _, name = label.partition(".")
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    kind, _ = ContentType.objects.get_or_create(app_label=app, model=name)
    opts = apps.get_model(app, name)._meta
    usual = word in opts.default_permissions
    codename = f"{word}_{name}" if usual else word
    words = dict(opts.permissions).get(codename, f"Can {word} {opts.verbose_name_raw}")
    found, _ = Permission.objects.get_or_create(
        content_type=kind, codename=codename, defaults={"name": words[:255]}
    )
    return found


class Migration(migrations.Migration):
    dependencies = [
        ("desk", "0003_owner_of_binned"),
        ("posts", "0016_owners_and_publishing"),
        ("newsletter", "0002_whole_pictures"),
        ("subscribers", "0006_sign_up_limits"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_tasks_database", "0001_initial"),
    ]

    operations = [
        # First, so that the new groups do not count as holders.
        migrations.RunPython(keep_what_was_allowed, migrations.RunPython.noop),
        migrations.RunPython(make_groups, migrations.RunPython.noop),
    ]
