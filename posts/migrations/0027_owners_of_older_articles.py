"""Give the articles from before the roles to the accounts that wrote them.

A Writer works on articles of their own, and these had none. Whoever added an article on the desk is
named in Django's own log, or else by its first revision. The name over an article proves nothing: an
author is no account. Where nothing is known, nobody gets it, and editors have it as before.
"""

from django.conf import settings
from django.db import migrations

ADDITION = 1  # Of django.contrib.admin.models.
AT_ONCE = 500


def give(apps, schema_editor):
    post = apps.get_model('posts', 'Post')
    kinds = apps.get_model('contenttypes', 'ContentType').objects
    kind = kinds.filter(app_label='posts', model='post').first()
    if kind is None:
        return
    without = set(post.objects.filter(owner=None).values_list('pk', flat=True))
    if not without:
        return
    accounts = set(apps.get_model(settings.AUTH_USER_MODEL).objects.values_list('pk', flat=True))
    found = {}
    first = apps.get_model('desk', 'Revision').objects.filter(content_type=kind).order_by('at', 'pk')
    for pk, by in first.values_list('object_id', 'by').iterator():
        # The first one alone: the later ones are of whoever corrected it.
        found.setdefault(pk, by)
    log = apps.get_model('admin', 'LogEntry').objects.filter(content_type=kind, action_flag=ADDITION)
    for pk, by in log.order_by('-action_time', '-pk').values_list('object_id', 'user').iterator():
        if pk and pk.isdecimal():
            found[int(pk)] = by
    theirs = {}
    for pk in without:
        if found.get(pk) in accounts:
            theirs.setdefault(found[pk], []).append(pk)
    for owner, pks in theirs.items():
        for at in range(0, len(pks), AT_ONCE):
            post.objects.filter(pk__in=pks[at:at + AT_ONCE], owner=None).update(owner=owner)


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0026_editing_the_source'),
        ('admin', '0003_logentry_add_action_flag_choices'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('desk', '0001_working_copies_and_revisions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
